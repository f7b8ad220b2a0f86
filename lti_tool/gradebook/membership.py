"""What a platform's list of members means, and what it changes here. Pure.

Names and Role Provisioning Services 2.0: https://www.imsglobal.org/spec/lti-nrps/v2p0/
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from lti_tool.launch.claims import role_of
from lti_tool.people.roster import Change, Known
from lti_tool.people.store import CourseRole

WORD: Final = timedelta(days=1)
"""So long the role that a launch named stands against the list: Moodle calls a non-editing teacher Instructor in a
launch and Learner in its list (moodle-facts B7)."""
LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Told:
    """A person on a platform's list. `role` None: neither learner nor instructor of the course."""

    user_id: str
    role: CourseRole | None
    here: bool = True
    """False where the platform calls the person Inactive or Deleted."""
    name: str | None = None
    email: str | None = None
    groups: tuple[str, ...] | None = None
    """Ids of the groups that the person is in; None where the platform says nothing of groups."""


def read(member: object) -> Told | None:
    """A member as the platform wrote it; None where it names nobody whom we could keep."""
    if not isinstance(member, Mapping):
        return None
    user = identifier(member.get("user_id"))
    if user is None:
        return None
    roles = member.get("roles")
    named = [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else []
    role = role_of(named)
    status = member.get("status")
    # A member without status is active: https://www.imsglobal.org/spec/lti-nrps/v2p0/#membership-status
    here = not isinstance(status, str) or status.strip().lower() not in ("inactive", "deleted")
    course_role = None if role == "none" else role
    return Told(user, course_role, here, _name(member), text(member.get("email")), _groups(member))


def _groups(member: Mapping[str, Any]) -> tuple[str, ...] | None:
    """https://www.imsglobal.org/spec/lti-gs/v1p0: `group_enrollments`, where it was asked for and may be told."""
    enrolments = member.get("group_enrollments")
    if not isinstance(enrolments, list):
        return None
    found = (identifier(one.get("group_id")) for one in enrolments if isinstance(one, Mapping))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def identifier(value: object) -> str | None:
    """A platform's id as text; a number is understood. None for what is none, or could not be kept."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable() else None


def _name(member: Mapping[str, Any]) -> str | None:
    whole = text(member.get("name"))
    parts = (text(member.get("given_name")), text(member.get("family_name")))
    return whole or " ".join(part for part in parts if part) or None


def text(value: object) -> str | None:
    """The value in one line of at most 255 characters, without what no database or page could show; None if empty."""
    if not isinstance(value, str):
        return None
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())[:LONGEST] or None


def difference(known: Mapping[str, Known], told: Iterable[Told], now: datetime) -> list[Change]:
    """What these people on the list change: at most one change for each user, none where all is known already.

    `known` holds those of them that we know, who left included. The list decides who is there; a role that a launch
    named stands for a day. Of a person told twice the last word counts.
    """
    changes = {}
    for user_id, one in {one.user_id: one for one in told}.items():
        if change := _change(known.get(user_id), one, now):
            changes[user_id] = change
    return list(changes.values())


def _change(before: Known | None, told: Told, now: datetime) -> Change | None:
    if before is None:
        # Who is neither here nor anything in the course was never of interest.
        return Change(told.user_id, told.role, False, told.name, told.email) if told.here and told.role else None
    fresh = before.launched_at is not None and now - before.launched_at < WORD
    role = before.role if fresh or told.role is None else told.role
    left = not told.here or (told.role is None and not fresh)
    name = told.name if told.name != before.name else None
    email = told.email if told.email != before.email else None
    same = role == before.role and left == (before.left_at is not None)
    return None if same and name is None and email is None else Change(told.user_id, role, left, name, email)


def vanished(present: Mapping[str, datetime | None], told: Collection[str], begun: datetime) -> list[str]:
    """Who is a member here and was not on the whole list, which was read from `begun` on.

    `present`: the last launch of each. Who launched since then was there after all: the list may be the older word.
    """
    return sorted(
        user for user, launched in present.items() if user not in told and (launched is None or launched < begun)
    )
