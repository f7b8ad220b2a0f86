"""The nouns of a launch, and the names of the claims it arrives in. Pure: values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from lti_tool.launch.addresses import web_address

CLAIM: Final = "https://purl.imsglobal.org/spec/lti/claim/"
MESSAGE_TYPE: Final = CLAIM + "message_type"
VERSION: Final = CLAIM + "version"
DEPLOYMENT: Final = CLAIM + "deployment_id"
TARGET: Final = CLAIM + "target_link_uri"
RESOURCE_LINK: Final = CLAIM + "resource_link"
ROLES: Final = CLAIM + "roles"
CONTEXT: Final = CLAIM + "context"
CUSTOM: Final = CLAIM + "custom"
PRESENTATION: Final = CLAIM + "launch_presentation"
TOOL_PLATFORM: Final = CLAIM + "tool_platform"
FOR_USER: Final = CLAIM + "for_user"
MIGRATION: Final = CLAIM + "lti1p1"
DEEP_LINKING: Final = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
AGS: Final = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS: Final = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
GROUPS: Final = "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"

SCOPE_LINE_ITEM: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
SCOPE_LINE_ITEM_READ: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
SCOPE_RESULT: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
SCOPE_SCORE: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
SCOPE_ROSTER: Final = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
SCOPE_GROUPS: Final = "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"
SCOPES: Final = (SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READ, SCOPE_RESULT, SCOPE_SCORE, SCOPE_ROSTER)
"""What the tool asks of every LMS. SCOPE_GROUPS is asked only of those that say they have it: others, Canvas among
them, may refuse a registration for a scope that they do not know."""

KEPT: Final = frozenset(
    {
        DEPLOYMENT,
        TARGET,
        RESOURCE_LINK,
        ROLES,
        CONTEXT,
        CUSTOM,
        PRESENTATION,
        TOOL_PLATFORM,
        FOR_USER,
        MIGRATION,
        DEEP_LINKING,
        AGS,
        NRPS,
        GROUPS,
    }
)
"""Claims that outlive the launch in the `launches` table. Names and e-mail are not among them: `people` keeps those."""

OBJECTS: Final = (
    CONTEXT,
    RESOURCE_LINK,
    CUSTOM,
    PRESENTATION,
    TOOL_PLATFORM,
    FOR_USER,
    MIGRATION,
    DEEP_LINKING,
    AGS,
    NRPS,
    GROUPS,
)
"""Claims that hold an object where they are there at all."""

_MEMBERSHIP: Final = "http://purl.imsglobal.org/vocab/lis/v2/membership"

Status = Literal["pending", "approved", "disabled"]
Message = Literal["resource", "deep_linking", "review", "privacy", "sign_in"]
Role = Literal["learner", "instructor", "none"]


@dataclass(frozen=True, slots=True)
class Registration:
    """One client id at one issuer: an LMS that may launch this tool, as our `platforms` table knows it."""

    id: int
    name: str
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    audience: str | None = None
    """What the platform wants as `aud` of client assertions, where that isn't its token URL."""
    status: Status = "approved"
    any_deployment: bool = False
    """True where the registration named no deployment: the first launch of each is then taken, and remembered."""
    product: str = ""
    deployments: Mapping[str, Status] = field(default_factory=dict)
    anonymous: bool = False
    """True where no names and e-mail addresses are to be learned from this LMS: they are dropped as they come."""
    institution: str | None = None
    """Where those begin who come new from this LMS, as programmes name it; None: nowhere."""


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A login that this tool began and whose launch has not come yet; the row of `logins` under its state."""

    state_hash: str
    nonce: str
    binding_hash: str
    target: str
    storage_target: str | None
    query: str
    """The parameters of the login request, percent-encoded, to begin again in a new tab."""
    created_at: datetime
    expires_at: datetime
    burnt_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """A verified launch. `rules.verify` alone builds it, so whoever holds one need not doubt a field."""

    registration: Registration
    subject: str
    deployment: str
    message: Message
    target: str
    roles: tuple[str, ...]
    role: Role
    """What this person is in this course; an administrator of the LMS is `none` unless enrolled."""
    context: Mapping[str, Any]
    """The context claim (`id`, `label`, `title`, `type`), empty where the launch comes from no course."""
    link: Mapping[str, Any]
    """The resource link claim (`id`, `title`, `description`), empty in deep linking."""
    custom: Mapping[str, str]
    presentation: Mapping[str, Any]
    """The launch presentation claim; its `return_url` is there only if it is a web address."""
    ags: Mapping[str, Any]
    nrps: Mapping[str, Any]
    deep_linking: Mapping[str, Any]
    for_user: Mapping[str, Any]
    """Whose work is shown, in a submission review, or whose data, in a data privacy message (`user_id`)."""
    platform: Mapping[str, Any]
    migration: Mapping[str, Any]
    """The LTI 1.1 migration claim as sent: its `oauth_consumer_key_sign` is not checked here."""
    name: str
    given_name: str
    family_name: str
    email: str
    locale: str
    issued_at: int
    claims: Mapping[str, Any] = field(repr=False)
    """All claims, verified as a whole by the signature; what has no field above was not looked at."""

    @property
    def actor(self) -> dict[str, object]:
        """The learner as xAPI actor: an account on this issuer."""
        return {
            "objectType": "Agent",
            "account": {"homePage": self.registration.issuer, "name": self.subject},
        }

    @property
    def kept(self) -> dict[str, Any]:
        """The claims that later work needs (grades, roster, deep linking), without names and e-mail."""
        found = {name: value for name, value in self.claims.items() if name in KEPT}
        return found | {FOR_USER: user_alone(found[FOR_USER])} if FOR_USER in found else found


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a login or launch is not let in. `words.py` has the sentences to each code."""

    code: str
    detail: str = ""
    """For the log alone; may quote the request."""


def service(claim: Mapping[str, Any] | None, *addresses: str) -> dict[str, Any]:
    """The claim of a service, its `scope` a list of texts; of `addresses` those that are web addresses.

    A platform that errs here has no such service for us: that is no reason to send its learners away.
    """
    kept = {name: value for name, value in (claim or {}).items() if name not in addresses or web_address(value)}
    scopes = kept.get("scope")
    listed = scopes if isinstance(scopes, list) else []
    return {**kept, "scope": [scope for scope in listed if isinstance(scope, str)]}


def user_alone(claim: Mapping[str, Any] | None) -> dict[str, Any]:
    """A `for_user` claim without names and addresses of the user."""
    return {name: value for name, value in (claim or {}).items() if name in ("user_id", "roles")}


def role_of(roles: Sequence[str]) -> Role:
    """Instructor or learner in the course, or none. Roles in institution and system count for nothing here."""
    names = {_course_role(role) for role in roles}
    if "Instructor" in names:
        return "instructor"
    return "learner" if "Learner" in names else "none"


def _course_role(role: str) -> str:
    """The principal role in the context: from the URI, its sub-role form, or the short form.

    https://www.imsglobal.org/spec/lti/v1p3#context-role-vocabularies
    """
    if role.startswith(_MEMBERSHIP + "#"):
        return role[len(_MEMBERSHIP) + 1 :]
    if role.startswith(_MEMBERSHIP + "/"):
        return role[len(_MEMBERSHIP) + 1 :].partition("#")[0]
    return "" if ":" in role else role
