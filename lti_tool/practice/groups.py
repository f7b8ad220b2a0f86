"""Groups of a course, and the Course Groups Service 1.0: https://www.imsglobal.org/spec/lti-gs/v1p0"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from lti_tool.practice import people
from lti_tool.practice.claims import groups_url
from lti_tool.practice.faults import service
from lti_tool.practice.lms import current_lms, read_switches
from lti_tool.practice.media import check_accept, read_page
from lti_tool.practice.tokens import ServiceRefused, read_bearer
from lti_tool.practice.vocabulary import GROUP_SETS_TYPE, GROUPS_READ, GROUPS_TYPE

blueprint = Blueprint("groups", __name__)


@dataclass(frozen=True, slots=True)
class Group:
    """`set_name` is the grouping it belongs to; empty: none."""

    id: int
    name: str
    set_name: str


def add_group(
    db: sqlite3.Connection, course_id: int, name: str, person_ids: Iterable[int] = (), *, set_name: str = ""
) -> int:
    done = db.execute("INSERT INTO groups (course_id, name, set_name) VALUES (?, ?, ?)", (course_id, name, set_name))
    id = int(done.lastrowid or 0)
    db.executemany("INSERT INTO group_people (group_id, person_id) VALUES (?, ?)", [(id, one) for one in person_ids])
    return id


def delete_group(db: sqlite3.Connection, group_id: int) -> None:
    db.execute("DELETE FROM groups WHERE id = ?", (group_id,))


def list_groups(db: sqlite3.Connection, course_id: int, person_id: str | None = None) -> list[Group]:
    """The groups of a course; those of one person where that is named."""
    rows = db.execute("SELECT id, name, set_name FROM groups WHERE course_id = ? ORDER BY id", (course_id,)).fetchall()
    found = [Group(row["id"], row["name"], row["set_name"]) for row in rows]
    if person_id is None:
        return found
    return [one for one in found if person_id in {str(id) for id in list_people(db, one.id)}]


def list_people(db: sqlite3.Connection, group_id: int) -> list[int]:
    return [
        row["person_id"] for row in db.execute("SELECT person_id FROM group_people WHERE group_id = ?", (group_id,))
    ]


def groups_of(db: sqlite3.Connection, course_id: int) -> dict[int, list[int]]:
    """The ids of the groups of each person who is in one."""
    rows = db.execute(
        "SELECT gp.person_id, g.id FROM group_people gp JOIN groups g ON g.id = gp.group_id"
        " WHERE g.course_id = ? ORDER BY g.id",
        (course_id,),
    )
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(row["person_id"], []).append(row["id"])
    return found


@blueprint.get("/services/CourseSection/<int:course_id>/bindings/<int:tool_id>/<any(groups, groupsets):what>")
@service("groups")
def show(course_id: int, tool_id: int, what: str) -> ResponseReturnValue:
    """Groups, or their sets; a set is known by its name."""
    lms = current_lms()
    tool = read_bearer(lms, GROUPS_READ)
    media_type = GROUPS_TYPE if what == "groups" else GROUP_SETS_TYPE
    check_accept(media_type)
    with lms.store.transaction() as db:
        if tool.id != tool_id or people.get_course(db, course_id) is None:
            raise ServiceRefused(404, "there is no such course of this tool")
        if not read_switches(db, lms.settings).groups:
            raise ServiceRefused(404, "groups are not offered here")
        found = list_groups(db, course_id, request.args.get("user_id") if what == "groups" else None)
    if what == "groups":
        shown = [
            {"id": str(one.id), "name": one.name, **({"set_id": one.set_name} if one.set_name else {})} for one in found
        ]
    else:
        names = sorted({one.set_name for one in found if one.set_name})
        shown = [{"id": name, "name": name} for name in names]
    page, headers = read_page(lms, shown)
    answer = jsonify(
        {"id": groups_url(lms.issuer, course_id, tool_id, what), "groups" if what == "groups" else "sets": list(page)}
    )
    answer.headers["Content-Type"] = media_type
    answer.headers.update(headers)
    return answer
