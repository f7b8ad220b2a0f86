"""Every check of a login and a launch, in order and by name. Pure: no database, no network, no clock.

`verify` alone builds a `Launch` (a test reads the source to see that it stays so). It is handed claims whose signature
`message.py` has checked against a key of the registration that the login was begun for.

Left out on purpose:
* The login's `target_link_uri`, `lti_deployment_id` and `login_hint` need not equal the token's: the login is unsigned,
  so agreement proves nothing; the signed claims decide, and each is checked by itself.
* `auth_time`, `at_hash`, `acr`: no LTI platform sends them with meaning.
* `email_verified`: an e-mail from a launch is shown, and never tells who somebody is.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from lti_tool.launch import claims as c
from lti_tool.launch.addresses import ours, web_address
from lti_tool.launch.claims import Launch, Message, PendingLogin, Refusal, Registration

LEEWAY: Final = 60
"""Seconds by which the platform's clock may differ from ours, either way."""
LONGEST: Final = 24 * 3600
"""Seconds that a token may live at most: Moodle gives a minute, Canvas and Blackboard an hour."""
TEXT: Final = 255
"""Characters of an identifier at most (https://www.imsglobal.org/spec/lti/v1p3#user-identity-claims)."""
TOKEN_LIMIT: Final = 256 * 1024
"""Bytes of an id_token at most."""
MESSAGES: Final[Mapping[str, Message]] = {
    "LtiResourceLinkRequest": "resource",
    "LtiDeepLinkingRequest": "deep_linking",
    "LtiSubmissionReviewRequest": "review",
    "LtiDataPrivacyLaunchRequest": "privacy",
}


@dataclass(frozen=True, slots=True)
class Case:
    """All that a check may look at."""

    claims: Mapping[str, Any]
    registration: Registration
    login: PendingLogin
    now: datetime
    base_url: str


Check = Callable[[Case], Refusal | None]


def verify(
    claims: Mapping[str, Any], registration: Registration, login: PendingLogin, now: datetime, base_url: str
) -> Launch | Refusal:
    """A Launch if every check of `CHECKS` holds, else the Refusal of the first that does not."""
    case = Case(claims, registration, login, now, base_url)
    for check in CHECKS:
        if refusal := check(case):
            return refusal
    return _launch(case)


def check_login(login: PendingLogin, now: datetime) -> Refusal | None:
    """Whether the login still waits for its launch; the burning afterwards decides between two at once."""
    if login.burnt_at is not None:
        return Refusal("LTI-STATE-USED")
    if login.expires_at <= now:
        return Refusal("LTI-STATE-OLD")
    return None


def check_binding(login: PendingLogin, binding_hash: str | None) -> Refusal | None:
    """Whether this browser is the one that the login was begun in: it alone was given the secret with this hash.

    https://www.imsglobal.org/spec/lti/v1p3#lti-launch-validation, and the login CSRF of OpenID Connect.
    """
    if binding_hash is None:
        return Refusal("LTI-BROWSER-UNBOUND")
    if not hmac.compare_digest(binding_hash, login.binding_hash):
        return Refusal("LTI-BROWSER-OTHER")
    return None


def check_registration(registration: Registration) -> Refusal | None:
    """Whether this LMS may launch at all."""
    if registration.status == "pending":
        return Refusal("LTI-PLATFORM-PENDING")
    if registration.status != "approved":
        return Refusal("LTI-PLATFORM-DISABLED")
    return None


def check_target(target: str | None, base_url: str) -> Refusal | None:
    """Whether `target_link_uri` is an address of this tool."""
    if not target:
        return Refusal("LTI-TARGET-MISSING")
    if not ours(target, base_url):
        return Refusal("LTI-TARGET-FOREIGN", target[:200])
    return None


# --- the checks of a token, in their order ---


def exp_and_iat_are_times(case: Case) -> Refusal | None:
    """`exp` and `iat` are there, numbers, and within a possible span."""
    for name in ("exp", "iat"):
        if name not in case.claims:
            return Refusal("LTI-TIME-MISSING", name)
        if _seconds(case.claims[name]) is None:
            return Refusal("LTI-TIME-ABSURD", name)
    if "nbf" in case.claims and _seconds(case.claims["nbf"]) is None:
        return Refusal("LTI-TIME-ABSURD", "nbf")
    return None


def times_make_sense(case: Case) -> Refusal | None:
    """The token ends after it begins, and lives no longer than a day."""
    begins, ends = float(case.claims["iat"]), float(case.claims["exp"])
    if ends <= begins or ends - begins > LONGEST:
        return Refusal("LTI-TIME-ABSURD", f"iat {begins:.0f}, exp {ends:.0f}")
    return None


def not_expired(case: Case) -> Refusal | None:
    """`exp` is not past, give or take the leeway."""
    late = case.now.timestamp() - float(case.claims["exp"])
    return Refusal("LTI-TIME-EXPIRED", f"{late:.0f} s ago") if late >= LEEWAY else None


def already_valid(case: Case) -> Refusal | None:
    """`iat` and `nbf` are not ahead, give or take the leeway."""
    begins = max(float(case.claims["iat"]), float(case.claims.get("nbf", 0)))
    early = begins - case.now.timestamp()
    return Refusal("LTI-TIME-AHEAD", f"{early:.0f} s ahead") if early > LEEWAY else None


def nonce_is_the_logins(case: Case) -> Refusal | None:
    """The nonce is the one made with this state; it is burnt with it afterwards."""
    nonce = case.claims.get("nonce")
    if not isinstance(nonce, str) or not nonce:
        return Refusal("LTI-NONCE-MISSING")
    if not hmac.compare_digest(nonce.encode(), case.login.nonce.encode()):
        return Refusal("LTI-NONCE-OTHER")
    return None


def issuer_is_the_logins(case: Case) -> Refusal | None:
    """`iss` is that of the registration, character for character."""
    return None if case.claims.get("iss") == case.registration.issuer else Refusal("LTI-ISSUER")


def audience_is_us(case: Case) -> Refusal | None:
    """Our client id is the audience, or in it; of several, `azp` names us.

    https://www.imsglobal.org/spec/security/v1p0#authentication-response-validation
    """
    audience, party, client_id = case.claims.get("aud"), case.claims.get("azp"), case.registration.client_id
    listed = [audience] if isinstance(audience, str) else audience
    if not isinstance(listed, list) or client_id not in listed or not all(isinstance(a, str) for a in listed):
        return Refusal("LTI-AUDIENCE")
    if party is None:
        return Refusal("LTI-AZP-MISSING") if len(listed) > 1 else None
    return None if party == client_id else Refusal("LTI-AZP-OTHER")


def version_is_1_3(case: Case) -> Refusal | None:
    """The version is "1.3.0"."""
    return None if case.claims.get(c.VERSION) == "1.3.0" else Refusal("LTI-VERSION")


def message_is_known(case: Case) -> Refusal | None:
    """It is a resource link, deep linking, submission review or data privacy message."""
    kind = case.claims.get(c.MESSAGE_TYPE)
    return None if isinstance(kind, str) and kind in MESSAGES else Refusal("LTI-MESSAGE-TYPE", repr(kind)[:100])


def deployment_is_known(case: Case) -> Refusal | None:
    """The deployment is one that was approved for this registration."""
    deployment = case.claims.get(c.DEPLOYMENT)
    if not _identifier(deployment):
        return Refusal("LTI-DEPLOYMENT-MISSING")
    status = case.registration.deployments.get(cast(str, deployment))
    if status == "approved" or (status is None and case.registration.any_deployment):
        return None
    if status is None:
        return Refusal("LTI-DEPLOYMENT-UNKNOWN", repr(deployment))
    return Refusal("LTI-DEPLOYMENT-PENDING" if status == "pending" else "LTI-DEPLOYMENT-DISABLED", repr(deployment))


def target_is_ours(case: Case) -> Refusal | None:
    """`target_link_uri` is there and an address of this tool."""
    target = case.claims.get(c.TARGET)
    return check_target(target if isinstance(target, str) else None, case.base_url)


def user_is_named(case: Case) -> Refusal | None:
    """`sub` is there. LTI allows anonymous launches; the certification and a learner's record do not."""
    subject = case.claims.get("sub")
    if subject is None or subject == "":
        return Refusal("LTI-USER-MISSING")
    return None if _identifier(subject) else Refusal("LTI-USER-SHAPE")


def roles_are_a_list(case: Case) -> Refusal | None:
    """The roles claim is there; it may be empty (https://www.imsglobal.org/spec/lti/v1p3#roles-claim)."""
    roles = case.claims.get(c.ROLES)
    if roles is None:
        return Refusal("LTI-ROLES-MISSING")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        return Refusal("LTI-ROLES-SHAPE")
    return None


def objects_are_objects(case: Case) -> Refusal | None:
    """Claims that hold an object hold one, and the identifiers in them are such."""
    for name in c.OBJECTS:
        value = case.claims.get(name)
        if value is not None and not isinstance(value, Mapping):
            return Refusal("LTI-CLAIM-SHAPE", name)
    context = case.claims.get(c.CONTEXT)
    if context and not _identifier(context.get("id")):
        return Refusal("LTI-CLAIM-SHAPE", c.CONTEXT)
    return None


def resource_link_has_id(case: Case) -> Refusal | None:
    """A resource link message says which link; in the others an id is well-formed, if there is one."""
    given = (case.claims.get(c.RESOURCE_LINK) or {}).get("id")
    if given is None or given == "":
        wanted = MESSAGES[case.claims[c.MESSAGE_TYPE]] == "resource"
        return Refusal("LTI-LINK-MISSING") if wanted else None
    return None if _identifier(given) else Refusal("LTI-LINK-SHAPE")


def deep_linking_can_return(case: Case) -> Refusal | None:
    """A deep linking message has settings, a web address to return to, and takes links to content of ours.

    https://www.imsglobal.org/spec/lti-dl/v2p0#deep-linking-settings
    """
    if MESSAGES[case.claims[c.MESSAGE_TYPE]] != "deep_linking":
        return None
    settings = case.claims.get(c.DEEP_LINKING)
    if not settings:
        return Refusal("LTI-DEEP-LINKING-SETTINGS")
    if not web_address(settings.get("deep_link_return_url")):
        return Refusal("LTI-DEEP-LINKING-RETURN")
    types = settings.get("accept_types", ["ltiResourceLink"])
    if not isinstance(types, list) or "ltiResourceLink" not in types:
        return Refusal("LTI-DEEP-LINKING-TYPES")
    return None


def review_names_the_learner(case: Case) -> Refusal | None:
    """A submission review or data privacy message that speaks of somebody says who it is.

    https://www.imsglobal.org/spec/lti-ags/v2p0#submission-review-message wants it to speak of somebody always; Moodle
    leaves the claim out where a teacher opens the results of a whole column from its head.
    """
    if MESSAGES[case.claims[c.MESSAGE_TYPE]] not in ("review", "privacy") or c.FOR_USER not in case.claims:
        return None
    learner = (case.claims[c.FOR_USER] or {}).get("user_id")
    return None if _identifier(learner) else Refusal("LTI-REVIEW-USER")


CHECKS: Final[tuple[Check, ...]] = (
    exp_and_iat_are_times,
    times_make_sense,
    not_expired,
    already_valid,
    nonce_is_the_logins,
    issuer_is_the_logins,
    audience_is_us,
    version_is_1_3,
    message_is_known,
    deployment_is_known,
    target_is_ours,
    user_is_named,
    roles_are_a_list,
    objects_are_objects,
    resource_link_has_id,
    deep_linking_can_return,
    review_names_the_learner,
)
"""The checks of a token whose signature holds, in their order. docs/launch-checks.md lists them."""


# --- what the checks rest on ---


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e11 and math.isfinite(value) and value > 0 else None


def _identifier(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= TEXT


def _said(value: object, limit: int = 1000) -> str:
    return value[:limit] if isinstance(value, str) else ""


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def _launch(case: Case) -> Launch:
    claims = case.claims
    presentation = dict(claims.get(c.PRESENTATION) or {})
    # What is not to be learned from this LMS stops here: nothing behind the rules ever sees it.
    told: Mapping[str, Any] = {} if case.registration.anonymous else claims
    if web_address(presentation.get("return_url")) is None:
        presentation.pop("return_url", None)
    return Launch(
        registration=case.registration,
        subject=claims["sub"],
        deployment=claims[c.DEPLOYMENT],
        message=MESSAGES[claims[c.MESSAGE_TYPE]],
        target=claims[c.TARGET],
        roles=tuple(claims[c.ROLES]),
        role=c.role_of(claims[c.ROLES]),
        context=claims.get(c.CONTEXT) or {},
        link=claims.get(c.RESOURCE_LINK) or {},
        custom={name: _plain(value) for name, value in (claims.get(c.CUSTOM) or {}).items()},
        presentation=presentation,
        ags=c.service(claims.get(c.AGS), "lineitem", "lineitems"),
        nrps=c.service(claims.get(c.NRPS), "context_memberships_url"),
        deep_linking=claims.get(c.DEEP_LINKING) or {},
        for_user=c.user_alone(claims.get(c.FOR_USER)),
        platform=claims.get(c.TOOL_PLATFORM) or {},
        migration=claims.get(c.MIGRATION) or {},
        name=_said(told.get("name")),
        given_name=_said(told.get("given_name")),
        family_name=_said(told.get("family_name")),
        email=_said(told.get("email")),
        locale=_said(presentation.get("locale") or claims.get("locale"), 35),
        issued_at=int(claims["iat"]),
        claims=claims,
    )
