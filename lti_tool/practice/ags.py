"""Assignment and Grade Services 2.0: line items, scores, results, as strict as Moodle 4.5.

https://www.imsglobal.org/spec/lti-ags/v2p0/
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from lti_tool.practice import activities, gradebook, people
from lti_tool.practice.activities import LineItem
from lti_tool.practice.claims import lineitem_url
from lti_tool.practice.faults import service
from lti_tool.practice.lms import Practice, current_lms
from lti_tool.practice.media import check_accept, read_document, read_page
from lti_tool.practice.tokens import ServiceRefused, read_bearer
from lti_tool.practice.tools import Tool
from lti_tool.practice.vocabulary import (
    LINEITEM,
    LINEITEM_READ,
    LINEITEM_TYPE,
    LINEITEMS_TYPE,
    RESULT_READ,
    RESULTS_TYPE,
    SCORE,
    SCORE_TYPE,
)

blueprint = Blueprint("ags", __name__, url_prefix="/services/<int:course_id>/lineitems")

KNOWN = {"id", "label", "scoreMaximum", "resourceId", "tag", "resourceLinkId"}


def _check_type(tool: Tool) -> None:
    """The query ?type_id= of our addresses has to come back: a tool that puts /scores behind it loses it."""
    if request.args.get("type_id") != str(tool.id):
        raise ServiceRefused(404, "type_id in the address is not the number of this tool")


def _show(lms: Practice, item: LineItem) -> dict[str, Any]:
    told: dict[str, Any] = {
        **item.extra,
        "id": lineitem_url(lms.issuer, item),
        "label": item.label,
        "scoreMaximum": item.maximum,
        "resourceId": item.resource_id,
        "tag": item.tag,
    }
    if item.activity_id is not None:
        told["resourceLinkId"] = str(item.activity_id)
    return told


def _answer(body: object, media: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    answer.headers["Content-Type"] = media
    answer.headers.update(headers or {})
    return answer


def _find(db: sqlite3.Connection, tool: Tool, course_id: int, item_id: int) -> LineItem:
    """404 for other tools' line items: here, unlike in Moodle, tools are strangers to each other."""
    item = activities.get_line_item(db, item_id)
    if item is None or item.course_id != course_id or item.tool_id != tool.id:
        raise ServiceRefused(404, "there is no such line item")
    return item


@blueprint.route("", methods=["GET", "POST"])
@service("lineitems")
def line_items(course_id: int) -> ResponseReturnValue:
    lms = current_lms()
    scopes = (LINEITEM,) if request.method == "POST" else (LINEITEM, LINEITEM_READ)
    tool = read_bearer(lms, *scopes)
    _check_type(tool)
    if request.method == "POST":
        body = read_document(LINEITEM_TYPE)
        with lms.store.transaction() as db:
            _check_course(db, course_id)
            blank = LineItem(id=0, course_id=course_id, tool_id=tool.id, activity_id=None, label="", maximum=1)
            item = activities.add_line_item(db, _read_item(db, body, blank))
        return _answer(_show(lms, item), LINEITEM_TYPE, 201)
    check_accept(LINEITEMS_TYPE)
    with lms.store.transaction() as db:
        _check_course(db, course_id)
        items = activities.list_line_items(db, course_id)
    wanted = {name: request.args.get(name) for name in ("resource_link_id", "resource_id", "tag")}
    found = [
        item
        for item in items
        if item.tool_id == tool.id
        and wanted["resource_link_id"] in (None, str(item.activity_id))
        and wanted["resource_id"] in (None, item.resource_id)
        and wanted["tag"] in (None, item.tag)
    ]
    page, headers = read_page(lms, found)
    return _answer([_show(lms, item) for item in page], LINEITEMS_TYPE, headers=headers)


def _check_course(db: sqlite3.Connection, course_id: int) -> None:
    if people.get_course(db, course_id) is None:
        raise ServiceRefused(404, "there is no such course")


def _read_item(db: sqlite3.Connection, body: Mapping[str, Any], before: LineItem) -> LineItem:
    """The line item that the body describes. What it leaves out is gone afterwards, resourceLinkId too."""
    label, maximum = body.get("label"), body.get("scoreMaximum")
    if not isinstance(label, str) or not label.strip():
        raise ServiceRefused(400, "label is missing")
    if isinstance(maximum, bool) or not isinstance(maximum, int | float) or not 0 < maximum < 1e9:
        raise ServiceRefused(400, "scoreMaximum has to be a number above 0")
    for name in ("resourceId", "tag", "resourceLinkId"):
        if not isinstance(body.get(name, ""), str):
            raise ServiceRefused(400, f"{name} has to be text")
    activity_id = None
    if body.get("resourceLinkId"):
        number = body["resourceLinkId"]
        activity = activities.get_activity(db, int(number)) if number.isascii() and number.isdigit() else None
        if activity is None or (activity.course_id, activity.tool_id) != (before.course_id, before.tool_id):
            raise ServiceRefused(403, "resourceLinkId is no activity of this tool in this course")
        activity_id = activity.id
    return replace(
        before,
        label=label,
        maximum=float(maximum),
        resource_id=body.get("resourceId", ""),
        tag=body.get("tag", ""),
        activity_id=activity_id,
        extra={name: value for name, value in body.items() if name not in KNOWN},
    )


@blueprint.route("/<int:item_id>/lineitem", methods=["GET", "PUT", "DELETE"])
@service("lineitems")
def line_item(course_id: int, item_id: int) -> ResponseReturnValue:
    lms = current_lms()
    tool = read_bearer(lms, *((LINEITEM, LINEITEM_READ) if request.method == "GET" else (LINEITEM,)))
    _check_type(tool)
    with lms.store.transaction() as db:
        item = _find(db, tool, course_id, item_id)
        if request.method == "DELETE":
            activities.delete_line_item(db, item.id)
            return "", 204
        if request.method == "PUT":
            item = _read_item(db, read_document(LINEITEM_TYPE), item)
            activities.update_line_item(db, item)
        else:
            check_accept(LINEITEM_TYPE, any_too=True)
    return _answer(_show(lms, item), LINEITEM_TYPE)


@blueprint.post("/<int:item_id>/lineitem/scores")
@service("scores")
def scores(course_id: int, item_id: int) -> ResponseReturnValue:
    lms = current_lms()
    tool = read_bearer(lms, SCORE)
    _check_type(tool)
    body = read_document(SCORE_TYPE, empty=True)
    with lms.store.transaction() as db:
        item = _find(db, tool, course_id, item_id)
        try:
            score = gradebook.read_score(body)
            if not (score.user_id.isascii() and score.user_id.isdigit() and len(score.user_id) < 19):
                # Moodle's database stumbles over it. The answer has the status 0, and web servers make a 502 of that.
                raise ServiceRefused(502, "userId is no number", empty=True)
            person_id = _find_gradable(db, course_id, int(score.user_id))
            grade = gradebook.read_grade(db, item.id, person_id)
            gradebook.write_grade(db, item.id, person_id, gradebook.apply_score(grade, score, item))
        except gradebook.ScoreInvalid as error:
            raise ServiceRefused(400, str(error), empty=True) from error
        except gradebook.ScoreLate as error:
            raise ServiceRefused(409, "not newer than the grade", empty=True) from error
        except gradebook.ScoreLocked as error:
            raise ServiceRefused(500, "the grade is locked", empty=True) from error
        gradebook.keep_post(db, item.id, person_id, body, lms.now())
    return Response("", 200, content_type="application/json")


def _find_gradable(db: sqlite3.Connection, course_id: int, user_id: int) -> int:
    """A learner of the course, suspended or not, as in Moodle; everybody else is no one to be graded."""
    member = people.get_member(db, course_id, user_id)
    if member is None or member.role != people.LEARNER:
        raise gradebook.ScoreInvalid("userId is nobody who can be graded in this course")
    return member.person.id


@blueprint.get("/<int:item_id>/lineitem/results")
@service("results")
def results(course_id: int, item_id: int) -> ResponseReturnValue:
    lms = current_lms()
    tool = read_bearer(lms, RESULT_READ)
    _check_type(tool)
    check_accept(RESULTS_TYPE, any_too=True)
    with lms.store.transaction() as db:
        item = _find(db, tool, course_id, item_id)
        grades = gradebook.list_grades(db, item.id)
    user_id = request.args.get("user_id")
    found = [
        (person_id, grade)
        for person_id, grade in grades.items()
        if user_id in (None, str(person_id)) and grade.modified is not None
    ]
    page, headers = read_page(lms, found)
    return _answer([_show_result(lms, item, *pair) for pair in page], RESULTS_TYPE, headers=headers)


def _show_result(lms: Practice, item: LineItem, person_id: int, grade: gradebook.Grade) -> dict[str, Any]:
    address = lineitem_url(lms.issuer, item)
    before, _, query = address.partition("?")
    told: dict[str, Any] = {"id": f"{before}/results?{query}&user_id={person_id}", "userId": str(person_id)}
    if grade.final is None or grade.modified is None:
        return told  # of a learner without a grade Moodle says no more
    when = datetime.fromtimestamp(int(grade.modified), UTC).isoformat()
    told |= {"scoreOf": address, "resultScore": grade.final, "resultMaximum": item.maximum, "timestamp": when}
    if grade.comment:
        told["comment"] = grade.comment
    return told
