"""Names and Role Provisioning Services 2.0: https://www.imsglobal.org/spec/lti-nrps/v2p0/"""

import sqlite3
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from lti_tool.practice import activities, groups, people
from lti_tool.practice.claims import memberships_url
from lti_tool.practice.faults import service
from lti_tool.practice.lms import current_lms, read_switches
from lti_tool.practice.media import check_accept, read_page
from lti_tool.practice.tokens import ServiceRefused, read_bearer
from lti_tool.practice.tools import Tool
from lti_tool.practice.vocabulary import CLAIM, GROUPS_READ, MEMBERS_READ, MEMBERS_TYPE, MEMBERSHIP, RESOURCE

blueprint = Blueprint("nrps", __name__)


@blueprint.get("/services/CourseSection/<int:course_id>/bindings/<int:tool_id>/memberships")
@service("memberships")
def memberships(course_id: int, tool_id: int) -> ResponseReturnValue:
    """The active members: who is suspended vanishes, as in Moodle. Roles in the short form."""
    lms = current_lms()
    tool = read_bearer(lms, MEMBERS_READ)
    if tool.id != tool_id:
        raise ServiceRefused(404, "this address belongs to another tool")
    check_accept(MEMBERS_TYPE, any_too=True, lists_too=True)
    with lms.store.transaction() as db:
        course = people.get_course(db, course_id)
        if course is None:
            raise ServiceRefused(404, "there is no such course")
        with_message = _check_link(db, tool, course_id)
        members = [member for member in people.list_members(db, course_id) if not member.suspended]
        # Only who asks for groups and may see them is told who is in which.
        with_groups = request.args.get("groups") == "true" and GROUPS_READ in tool.configuration.scopes
        offered = with_groups and read_switches(db, lms.settings).groups
        enrolled = groups.groups_of(db, course_id) if offered else {}
    role = request.args.get("role", "").removeprefix(MEMBERSHIP)
    if role in (people.INSTRUCTOR, people.LEARNER):
        members = [member for member in members if member.role == role]
    page, headers = read_page(lms, members)
    answer = jsonify(
        {
            "id": memberships_url(lms.issuer, course_id, tool_id),
            "context": {"id": str(course.id), "label": course.label, "title": course.title},
            "members": [
                _show(tool, member, with_message=with_message)
                | (_enrolments(enrolled.get(member.person.id, [])) if offered else {})
                for member in page
            ],
        }
    )
    answer.headers["Content-Type"] = MEMBERS_TYPE
    answer.headers.update(headers)
    return answer


def _enrolments(group_ids: list[int]) -> dict[str, Any]:
    return {"group_enrollments": [{"group_id": str(id)} for id in group_ids]}


def _check_link(db: sqlite3.Connection, tool: Tool, course_id: int) -> bool:
    """Whether a link was asked for (rlid); 404 where it is none of this tool in this course."""
    link = request.args.get("rlid")
    if link is None:
        return False
    activity = activities.get_activity(db, int(link)) if link.isascii() and link.isdigit() else None
    if activity is None or (activity.course_id, activity.tool_id) != (course_id, tool.id):
        raise ServiceRefused(404, "rlid is no activity of this tool in this course")
    return True


def _show(tool: Tool, member: people.Member, *, with_message: bool) -> dict[str, Any]:
    person = member.person
    told: dict[str, Any] = {"status": "Active", "roles": [member.role], "user_id": str(person.id)}
    if tool.configuration.gives_name and person.released:
        told |= {"name": person.name, "given_name": person.given, "family_name": person.family}
    if tool.configuration.gives_email and person.released:
        told["email"] = person.email
    if with_message:
        told["message"] = [{CLAIM + "message_type": RESOURCE}]
    return told
