"""What a launch says: the claims of an id_token, as Moodle 4.5 gives them. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lti_tool.practice.activities import Activity, LineItem
from lti_tool.practice.people import INSTRUCTOR, Course, Member
from lti_tool.practice.tools import Tool
from lti_tool.practice.vocabulary import (
    AGS_CLAIM,
    AGS_SCOPES,
    CLAIM,
    DEEP_LINKING,
    DL_CLAIM,
    GROUPS_CLAIM,
    GROUPS_READ,
    MEMBERS_READ,
    MEMBERSHIP,
    NRPS_CLAIM,
    RESOURCE,
    REVIEW,
    VERSION,
)

TOKEN_SECONDS = 60
GUID = "practice.lms.example"


@dataclass(frozen=True, slots=True)
class Opening:
    """What somebody has set out to open: kept from the login initiation to the authorisation."""

    message: str
    tool_id: int
    course_id: int
    person_id: int
    target: str = "iframe"
    activity_id: int | None = None
    choice: str | None = None
    for_person: int | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything around an opening that a token tells of. `line_items`: those of the activity."""

    issuer: str
    opening: Opening
    tool: Tool
    course: Course
    member: Member
    activity: Activity | None
    line_items: tuple[LineItem, ...]
    tool_in_course: bool
    return_url: str
    choice_data: str = ""
    groups: bool = False


def lineitems_url(issuer: str, course_id: int, tool_id: int) -> str:
    return f"{issuer}/services/{course_id}/lineitems?type_id={tool_id}"


def lineitem_url(issuer: str, item: LineItem) -> str:
    return f"{issuer}/services/{item.course_id}/lineitems/{item.id}/lineitem?type_id={item.tool_id}"


def memberships_url(issuer: str, course_id: int, tool_id: int) -> str:
    return f"{issuer}/services/CourseSection/{course_id}/bindings/{tool_id}/memberships"


def groups_url(issuer: str, course_id: int, tool_id: int, what: str = "groups") -> str:
    """Where the groups of a course are read; `what` may be "groupsets"."""
    return f"{issuer}/services/CourseSection/{course_id}/bindings/{tool_id}/{what}"


def find_target(scene: Scene) -> str:
    """The target_link_uri: an activity's own address; for a review the line item's, where it names one."""
    configuration = scene.tool.configuration
    if scene.opening.message == DEEP_LINKING:
        return configuration.deep_link_uri or configuration.target_link_uri
    if scene.opening.message == REVIEW and scene.line_items:
        review = scene.line_items[0].extra.get("submissionReview")
        if isinstance(review, Mapping) and review.get("url"):
            return str(review["url"])
    return (scene.activity and scene.activity.url) or configuration.target_link_uri


def build_claims(scene: Scene, nonce: str, now: float) -> dict[str, Any]:
    """The payload of the id_token; it lives 60 s from `now`, like Moodle's."""
    opening, tool, course = scene.opening, scene.tool, scene.course
    claims: dict[str, Any] = {
        "iss": scene.issuer,
        "aud": tool.client_id,
        "sub": str(scene.member.person.id),
        "iat": int(now),
        "exp": int(now) + TOKEN_SECONDS,
        "nonce": nonce,
        CLAIM + "version": VERSION,
        CLAIM + "message_type": opening.message,
        CLAIM + "deployment_id": tool.deployment_id,
        CLAIM + "target_link_uri": find_target(scene),
        CLAIM + "roles": [MEMBERSHIP + scene.member.role],
        CLAIM + "context": {
            "id": str(course.id),
            "label": course.label,
            "title": course.title,
            "type": ["CourseSection"],
        },
        CLAIM + "tool_platform": {
            "product_family_code": "lti-tool-practice",
            "version": "1",
            "guid": GUID,
            "name": "Practice LMS",
            "description": "For trying things out; not a real LMS",
        },
        CLAIM + "launch_presentation": {
            "locale": scene.member.person.locale,
            "document_target": opening.target,
        },
        **_personal(scene),
    }
    custom = read_custom(scene)
    if custom:
        claims[CLAIM + "custom"] = custom
    scopes = [scope for scope in tool.configuration.scopes if scope in AGS_SCOPES]
    if scopes:
        claims[AGS_CLAIM] = {
            "scope": scopes,
            "lineitems": lineitems_url(scene.issuer, course.id, tool.id),
        }
        # Moodle's rule: two line items at one link, and the launch names neither.
        if len(scene.line_items) == 1:
            claims[AGS_CLAIM]["lineitem"] = lineitem_url(scene.issuer, scene.line_items[0])
    if MEMBERS_READ in tool.configuration.scopes and scene.tool_in_course:
        claims[NRPS_CLAIM] = {
            "context_memberships_url": memberships_url(scene.issuer, course.id, tool.id),
            "service_versions": ["1.0", "2.0"],
        }
    if scene.groups and GROUPS_READ in tool.configuration.scopes:
        claims[GROUPS_CLAIM] = {
            "scope": [GROUPS_READ],
            "context_groups_url": groups_url(scene.issuer, course.id, tool.id),
            "context_group_sets_url": groups_url(scene.issuer, course.id, tool.id, "groupsets"),
            "service_versions": ["1.0"],
        }
    if opening.message == DEEP_LINKING:
        claims[DL_CLAIM + "deep_linking_settings"] = {
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["frame", "iframe", "window"],
            "accept_multiple": True,
            "auto_create": False,
            "deep_link_return_url": scene.return_url,
            "title": tool.configuration.name,
            "text": tool.configuration.description,
            "data": scene.choice_data,
        }
        return claims
    claims[CLAIM + "launch_presentation"]["return_url"] = scene.return_url
    if scene.activity is not None:
        claims[CLAIM + "resource_link"] = {
            "id": str(scene.activity.id),
            "title": scene.activity.title,
            "description": scene.activity.text,
        }
    if opening.for_person is not None:
        claims[CLAIM + "for_user"] = {"user_id": str(opening.for_person)}
    return claims


def _personal(scene: Scene) -> dict[str, Any]:
    person, configuration = scene.member.person, scene.tool.configuration
    told: dict[str, Any] = {}
    if configuration.gives_name and person.released:
        told |= {"name": person.name, "given_name": person.given, "family_name": person.family}
    if configuration.gives_email and person.released:
        told["email"] = person.email
    return told


def read_custom(scene: Scene) -> dict[str, str]:
    """Custom parameters of activity and tool; the tool's win, as in Moodle. Known $variables are replaced, others
    stay as they are (Core 1.3, section 6.2: https://www.imsglobal.org/spec/lti/v1p3/#customproperty)."""
    values: dict[str, str] = dict(scene.activity.custom) if scene.activity else {}
    if scene.opening.message == REVIEW and scene.line_items:
        review = scene.line_items[0].extra.get("submissionReview")
        if isinstance(review, Mapping) and isinstance(review.get("custom"), Mapping):
            values |= {str(key): str(value) for key, value in review["custom"].items()}
    values |= scene.tool.configuration.custom
    known = _variables(scene)
    replaced = {name: known.get(value, value) for name, value in values.items()}
    # Moodle gives a name with other characters a second time, in the spelling of LTI 1.1.
    plain = {re.sub(r"[^a-z0-9]", "_", name.lower()): value for name, value in replaced.items()}
    return {**plain, **replaced}


def _variables(scene: Scene) -> dict[str, str]:
    person, course, activity = scene.member.person, scene.course, scene.activity
    known = {
        "$User.id": str(person.id),
        "$User.username": person.login,
        "$Membership.role": scene.member.role,
        "$Context.id": str(course.id),
        "$Context.id.history": course.history,
        "$Context.label": course.label,
        "$Context.title": course.title,
        "$CourseSection.label": course.label,
        "$CourseSection.title": course.title,
        "$LineItems.url": lineitems_url(scene.issuer, course.id, scene.tool.id),
        "$ToolProxyBinding.memberships.url": memberships_url(scene.issuer, course.id, scene.tool.id),
        "$Message.locale": person.locale,
        "$Message.documentTarget": scene.opening.target,
    }
    if activity is not None:
        known |= {
            "$ResourceLink.id": str(activity.id),
            "$ResourceLink.title": activity.title,
            "$ResourceLink.description": activity.text,
        }
    if len(scene.line_items) == 1:
        known["$LineItem.url"] = lineitem_url(scene.issuer, scene.line_items[0])
    told = _personal(scene)
    for variable, name in {
        "$Person.name.full": "name",
        "$Person.name.given": "given_name",
        "$Person.name.family": "family_name",
        "$Person.email.primary": "email",
    }.items():
        if name in told:
            known[variable] = told[name]
    return known


def may_choose(member: Member) -> bool:
    return member.role == INSTRUCTOR and not member.suspended


def is_launch(message: str) -> bool:
    return message in (RESOURCE, REVIEW)
