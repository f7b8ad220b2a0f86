"""Activities of a course and the columns of its gradebook; their copies."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lti_tool.practice import people


@dataclass(frozen=True, slots=True)
class LineItem:
    """A gradebook column. `activity_id`: the activity it was made for, if for one. `extra` keeps the rest of what
    the tool said of it (submissionReview, dates)."""

    id: int
    course_id: int
    tool_id: int
    activity_id: int | None
    label: str
    maximum: float
    resource_id: str = ""
    tag: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """`id` is the resource link id too (as text)."""

    id: int
    course_id: int
    tool_id: int
    title: str
    text: str = ""
    url: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    container: str = "iframe"
    width: int | None = None
    height: int | None = None
    icon: str = ""


def _activity(row: sqlite3.Row) -> Activity:
    return Activity(**{**dict(row), "custom": json.loads(row["custom"])})


def _line_item(row: sqlite3.Row) -> LineItem:
    return LineItem(**{**dict(row), "extra": json.loads(row["extra"]), "locked": bool(row["locked"])})


def add_activity(db: sqlite3.Connection, activity: Activity) -> Activity:
    """The same with its new id."""
    done = db.execute(
        "INSERT INTO activities (course_id, tool_id, title, text, url, custom, container, width, height, icon)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            activity.course_id,
            activity.tool_id,
            activity.title,
            activity.text,
            activity.url,
            json.dumps(dict(activity.custom)),
            activity.container,
            activity.width,
            activity.height,
            activity.icon,
        ),
    )
    return replace(activity, id=int(done.lastrowid or 0))


def get_activity(db: sqlite3.Connection, activity_id: int) -> Activity | None:
    row = db.execute("SELECT * FROM activities WHERE id = ?", (activity_id,)).fetchone()
    return None if row is None else _activity(row)


def list_activities(db: sqlite3.Connection, course_id: int) -> list[Activity]:
    return [
        _activity(row) for row in db.execute("SELECT * FROM activities WHERE course_id = ? ORDER BY id", (course_id,))
    ]


def delete_activity(db: sqlite3.Connection, activity_id: int) -> None:
    """Its line items and their grades go with it."""
    db.execute("DELETE FROM activities WHERE id = ?", (activity_id,))


def add_line_item(db: sqlite3.Connection, item: LineItem) -> LineItem:
    """The same with its new id."""
    done = db.execute(
        "INSERT INTO line_items (course_id, tool_id, activity_id, label, maximum, resource_id, tag, extra)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            item.course_id,
            item.tool_id,
            item.activity_id,
            item.label,
            item.maximum,
            item.resource_id,
            item.tag,
            json.dumps(dict(item.extra)),
        ),
    )
    return replace(item, id=int(done.lastrowid or 0))


def update_line_item(db: sqlite3.Connection, item: LineItem) -> None:
    """Grades keep their share of the maximum, as in Moodle."""
    before = db.execute("SELECT maximum FROM line_items WHERE id = ?", (item.id,)).fetchone()["maximum"]
    db.execute(
        "UPDATE line_items SET activity_id = ?, label = ?, maximum = ?, resource_id = ?, tag = ?, extra = ?, locked = ?"
        " WHERE id = ?",
        (
            item.activity_id,
            item.label,
            item.maximum,
            item.resource_id,
            item.tag,
            json.dumps(dict(item.extra)),
            item.locked,
            item.id,
        ),
    )
    db.execute(
        "UPDATE grades SET raw = raw * :share, final = final * :share WHERE line_item_id = :id",
        {"share": item.maximum / before, "id": item.id},
    )


def delete_line_item(db: sqlite3.Connection, line_item_id: int) -> None:
    db.execute("DELETE FROM line_items WHERE id = ?", (line_item_id,))


def get_line_item(db: sqlite3.Connection, line_item_id: int) -> LineItem | None:
    row = db.execute("SELECT * FROM line_items WHERE id = ?", (line_item_id,)).fetchone()
    return None if row is None else _line_item(row)


def list_line_items(db: sqlite3.Connection, course_id: int) -> list[LineItem]:
    return [
        _line_item(row) for row in db.execute("SELECT * FROM line_items WHERE course_id = ? ORDER BY id", (course_id,))
    ]


def line_items_of(db: sqlite3.Connection, activity: Activity) -> list[LineItem]:
    return [item for item in list_line_items(db, activity.course_id) if item.activity_id == activity.id]


def copy_activity(db: sqlite3.Connection, activity: Activity, course_id: int, title: str) -> Activity:
    """A new resource link with the same address, custom parameters and line items (without grades), as in Moodle."""
    copy = add_activity(db, replace(activity, course_id=course_id, title=title))
    for item in line_items_of(db, activity):
        label = title if item.label == activity.title else item.label
        add_line_item(db, replace(item, course_id=course_id, activity_id=copy.id, label=label))
    return copy


def copy_course(db: sqlite3.Connection, course: people.Course, *, with_people: bool) -> int:
    """The id of the new course: the same activities under new ids, no grades; its history names where it came from.
    The teachers are always in it."""
    history = ",".join(filter(None, [str(course.id), course.history]))
    copy = people.add_course(db, f"{course.label}-copy", f"{course.title} (copy)", history)
    for activity in list_activities(db, course.id):
        copy_activity(db, activity, copy, activity.title)
    for member in people.list_members(db, course.id):
        if with_people or member.role == people.INSTRUCTOR:
            people.enrol(db, copy, member.person.id, member.role)
    return copy
