"""What the practice LMS knows, for scripts."""

import sqlite3
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from lti_tool.practice import activities, gradebook, people, tools
from lti_tool.practice.activities import Activity, LineItem
from lti_tool.practice.claims import lineitem_url
from lti_tool.practice.lms import Practice, current_lms, read_switches, turn_switches

blueprint = Blueprint("state", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    return jsonify(status="ok")


@blueprint.get("/state.json")
def state_json() -> ResponseReturnValue:
    lms = current_lms()
    with lms.store.transaction() as db:
        courses = people.list_courses(db)
        return jsonify(
            issuer=lms.issuer,
            switches=asdict(read_switches(db, lms.settings)),
            users=[_show_person(person) for person in people.list_people(db)],
            courses=[_show_course(db, course) for course in courses],
            activities=[_show_activity(db, one) for c in courses for one in activities.list_activities(db, c.id)],
            line_items=[_show_line_item(lms, db, one) for c in courses for one in activities.list_line_items(db, c.id)],
            registrations=[_show_tool(tool) for tool in tools.list_tools(db)],
        )


@blueprint.route("/switches.json", methods=["GET", "POST"])
def switches_json() -> ResponseReturnValue:
    """GET shows the switches, POST turns those in the body: {"platform_storage": false}."""
    lms = current_lms()
    with lms.store.transaction() as db:
        if request.method == "POST":
            try:
                turn_switches(db, dict(request.get_json()))
            except (ValueError, TypeError) as error:
                return jsonify(error=str(error)), 400
        return jsonify(asdict(read_switches(db, lms.settings)))


def _show_person(person: people.Person) -> dict[str, Any]:
    told = {**asdict(person), "id": str(person.id), "name": person.name}
    del told["password"]
    return told


def _show_course(db: sqlite3.Connection, course: people.Course) -> dict[str, Any]:
    members = people.list_members(db, course.id)
    return {
        **asdict(course),
        "id": str(course.id),
        "members": [
            {"user_id": str(m.person.id), "login": m.person.login, "role": m.role, "suspended": m.suspended}
            for m in members
        ],
    }


def _show_activity(db: sqlite3.Connection, activity: Activity) -> dict[str, Any]:
    return {
        **asdict(activity),
        "resource_link_id": str(activity.id),
        "course_id": str(activity.course_id),
        "line_items": [item.id for item in activities.line_items_of(db, activity)],
    }


def _show_line_item(lms: Practice, db: sqlite3.Connection, item: LineItem) -> dict[str, Any]:
    grades = gradebook.list_grades(db, item.id)
    return {
        **asdict(item),
        "course_id": str(item.course_id),
        "url": lineitem_url(lms.issuer, item),
        "resource_link_id": None if item.activity_id is None else str(item.activity_id),
        "grades": [_show_grade(db, item, person_id, grade) for person_id, grade in grades.items()],
    }


def _show_grade(db: sqlite3.Connection, item: LineItem, person_id: int, grade: gradebook.Grade) -> dict[str, Any]:
    """`score`: what counts and is shown; `raw`: what the tool sent, scaled; `history`: every accepted post."""
    person = people.get_person(db, person_id)
    posts = gradebook.list_posts(db, item.id, person_id)
    return {
        "user_id": str(person_id),
        "login": person.login if person else None,
        "score": grade.final,
        "raw": grade.raw,
        "max": item.maximum,
        "timestamp": grade.timestamp or None,
        "comment": grade.comment,
        "overridden": grade.overridden,
        "locked": grade.locked,
        "history": [{**post, "received": datetime.fromtimestamp(post["received"], UTC).isoformat()} for post in posts],
    }


def _show_tool(tool: tools.Tool) -> dict[str, Any]:
    return {
        **asdict(tool.configuration),
        "id": tool.id,
        "client_id": tool.client_id,
        "deployment_id": tool.deployment_id,
        "state": "active" if tool.active else "pending",
    }
