"""Opening a tool: login initiation, authorisation, id_token.

Security Framework 1.0, section 5.1.1: https://www.imsglobal.org/spec/security/v1p0/
"""

import json
import secrets
import sqlite3
from dataclasses import asdict
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from lti_tool.practice import activities, calls, people, tools
from lti_tool.practice.claims import Opening, Scene, build_claims, find_target
from lti_tool.practice.jose import sign
from lti_tool.practice.lms import Practice, current_lms, read_switches
from lti_tool.practice.signin import current_person, for_people, read_person, session_id
from lti_tool.practice.tools import Tool
from lti_tool.practice.vocabulary import DEEP_LINKING, RESOURCE, REVIEW

blueprint = Blueprint("launch", __name__)

STORAGE_FRAME = "_parent"
HINT_SECONDS = 86400
TARGETS = ("iframe", "window", "frame")


class AuthError(Exception):
    """An error that goes back to the tool (OpenID Connect Core, section 3.1.2.6)."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(code, description)
        self.code, self.description = code, description


@blueprint.get("/launch/<int:activity_id>")
@for_people
def open_activity(activity_id: int) -> ResponseReturnValue:
    """The login initiation for an activity. `?target=window`: in its own window; `?review=<person>`: the submission
    review of that person (0: of a whole column, as from its head in Moodle, which then names nobody); `?by=get` (or
    post) instead of what the switch says."""
    lms, person = current_lms(), read_person()
    with lms.store.transaction() as db:
        activity = activities.get_activity(db, activity_id)
        if activity is None:
            abort(404, "This activity is not there any more.")
        target = request.args.get("target", activity.container)
        if target not in TARGETS:
            abort(400, f"target has to be one of {', '.join(TARGETS)}.")
        review = request.args.get("review", type=int)
        if review is not None:
            _check_review(db, activity, person.id, review)
        opening = Opening(
            message=RESOURCE if review is None else REVIEW,
            tool_id=activity.tool_id,
            course_id=activity.course_id,
            person_id=person.id,
            target=target,
            activity_id=activity.id,
            for_person=review or None,
        )
    return initiate(lms, opening)


def _check_review(db: sqlite3.Connection, activity: activities.Activity, person_id: int, review: int) -> None:
    member = people.get_member(db, activity.course_id, person_id)
    if person_id != review and (member is None or member.role != people.INSTRUCTOR):
        abort(403, "Only a teacher opens the work of somebody else.")
    if len(activities.line_items_of(db, activity)) != 1:
        abort(404, "Only an activity with exactly one gradebook column has work to look at.")


def initiate(lms: Practice, opening: Opening) -> ResponseReturnValue:
    """Login initiation: a form posted by the browser, as in Moodle, or a redirect. The hint is good for one
    authorisation in this session, for a day."""
    launch = f"launch{secrets.token_hex(8)}"
    with lms.store.transaction() as db:
        scene = read_scene(lms, db, opening)
        switches = read_switches(db, lms.settings)
        db.execute("DELETE FROM hints WHERE made < ?", (lms.now() - HINT_SECONDS,))
        db.execute(
            "INSERT INTO hints (launch, session, made, message) VALUES (?, ?, ?, ?)",
            (launch, session_id(), lms.now(), json.dumps(asdict(opening))),
        )
        fields = {
            "iss": lms.issuer,
            "target_link_uri": find_target(scene),
            "login_hint": str(opening.person_id),
            # JSON with quotes, as in Moodle: a tool has to give it back byte for byte.
            "lti_message_hint": json.dumps({"cmid": opening.activity_id or 0, "launchid": launch}),
            "client_id": scene.tool.client_id,
            "lti_deployment_id": scene.tool.deployment_id,
        }
        if switches.platform_storage:
            fields["lti_storage_target"] = STORAGE_FRAME
        by_get = request.args.get("by", "get" if switches.login_by_get else "post") == "get"
        address = scene.tool.configuration.initiate_login_uri
        calls.note(db, lms.now(), "login", "GET" if by_get else "POST", address, fields)
    if by_get:
        return redirect(f"{address}{'&' if '?' in address else '?'}{urlencode(fields)}")
    return render_template("practice/post.html", action=address, fields=fields, what="Opening the tool")


def read_scene(lms: Practice, db: sqlite3.Connection, opening: Opening) -> Scene:
    """What the token will tell; 403 or 404 for who may not open this (any more)."""
    tool = tools.get_tool(db, opening.tool_id)
    course = people.get_course(db, opening.course_id)
    member = people.get_member(db, opening.course_id, opening.person_id)
    if tool is None or course is None:
        abort(404, "This activity is not there any more.")
    if not tool.active:
        abort(403, "This tool is not activated. The administrator has to press Activate first.")
    if member is None:
        abort(403, "Only people of this course can open its activities. You are not enrolled.")
    if member.suspended:
        abort(403, "Your place in this course is suspended.")
    activity = None
    if opening.activity_id is not None:
        activity = activities.get_activity(db, opening.activity_id)
        if activity is None:
            abort(404, "This activity is not there any more.")
    sesskey = session.get("sesskey", "")
    way_back = f"/choices/{opening.choice}" if opening.choice else f"/courses/{course.id}/return"
    data = ""
    if opening.choice:
        data = db.execute("SELECT data FROM choices WHERE id = ?", (opening.choice,)).fetchone()["data"]
    return Scene(
        issuer=lms.issuer,
        opening=opening,
        tool=tool,
        course=course,
        member=member,
        activity=activity,
        line_items=tuple(activities.line_items_of(db, activity)) if activity else (),
        tool_in_course=any(other.tool_id == tool.id for other in activities.list_activities(db, course.id)),
        groups=read_switches(db, lms.settings).groups,
        return_url=lms.url(f"{way_back}?{urlencode({'sesskey': sesskey})}"),
        choice_data=data,
    )


@blueprint.route("/auth", methods=["GET", "POST"])
def authorise() -> ResponseReturnValue:
    """The id_token for the tool, posted by the browser. What is wrong before the redirect_uri is known to be the
    tool's own is shown here; what is wrong after goes back to the tool as error, error_description and state."""
    lms, asked = current_lms(), request.values
    if current_person() is None and "repost" not in asked:
        # What another site's script or form sends in a frame comes without our Lax cookie; posted again from a page
        # of ours, it comes with it.
        return render_template(
            "practice/post.html", action=lms.url("/auth"), fields={**asked, "repost": "1"}, what="Opening the tool"
        )
    with lms.store.transaction() as db:
        calls.note(db, lms.now(), "auth", request.method, lms.url("/auth"), dict(asked))
        tool = tools.find_by_client(db, asked.get("client_id", ""))
    if tool is None or not tool.active:
        abort(400, "Authorisation refused: no active tool has this client_id.")
    redirect_uri = asked.get("redirect_uri", "")
    if redirect_uri not in tool.configuration.redirect_uris:
        abort(400, "Authorisation refused: redirect_uri is not, letter for letter, one of those registered.")
    fields = {"state": asked["state"]} if "state" in asked else {}
    try:
        fields["id_token"] = _issue(lms, tool)
    except AuthError as error:
        fields |= {"error": error.code, "error_description": error.description}
    with lms.store.transaction() as db:
        if read_switches(db, lms.settings).platform_storage:
            fields["lti_storage_target"] = STORAGE_FRAME
        calls.note(db, lms.now(), "launch", "POST", redirect_uri, calls.open_token(fields))
    return render_template("practice/post.html", action=redirect_uri, fields=fields, what="Opening the tool")


def _issue(lms: Practice, tool: Tool) -> str:
    asked, person = request.values, current_person()
    _check_request()
    if person is None:
        raise AuthError("login_required", "Nobody is signed in.")
    if asked.get("login_hint") != str(person.id):
        raise AuthError("access_denied", "login_hint is not the person who is signed in.")
    with lms.store.transaction() as db:
        opening = _burn_hint(db, asked.get("lti_message_hint", ""))
    if opening.tool_id != tool.id:
        abort(404, "Invalid request: this lti_message_hint belongs to another tool.")
    with lms.store.transaction() as db:
        scene = read_scene(lms, db, opening)
        return sign(db, build_claims(scene, asked["nonce"], lms.now()))


def _check_request() -> None:
    asked = request.values
    if asked.get("scope") != "openid":
        raise AuthError("invalid_scope", "scope has to be openid.")
    if asked.get("response_type") != "id_token":
        raise AuthError("unsupported_response_type", "response_type has to be id_token.")
    if asked.get("response_mode") != "form_post":
        raise AuthError("invalid_request", "response_mode has to be form_post.")
    if asked.get("prompt") != "none":
        raise AuthError("invalid_request", "prompt has to be none.")
    if not asked.get("nonce"):
        raise AuthError("invalid_request", "nonce is missing.")
    if not asked.get("login_hint"):
        raise AuthError("invalid_request", "login_hint is missing.")


def _burn_hint(db: sqlite3.Connection, text: str) -> Opening:
    """The opening behind a hint, once and in its own session; otherwise Moodle's answer, a page and 404."""
    try:
        launch = json.loads(text)["launchid"]
    except (ValueError, KeyError, TypeError):
        abort(404, "Invalid request: lti_message_hint is not what the practice LMS sent.")
    row = db.execute(
        "DELETE FROM hints WHERE launch = ? AND session = ? RETURNING message", (str(launch), session_id())
    ).fetchone()
    if row is None:
        abort(404, "Invalid request: lti_message_hint was used before, or in another session. Open the activity again.")
    return Opening(**json.loads(row["message"]))


def start_choosing(lms: Practice, course_id: int, tool: Tool, person_id: int) -> ResponseReturnValue:
    """Deep linking: the tool's chooser for a course (Deep Linking 2.0, section 3.3)."""
    choice = secrets.token_urlsafe(12)
    with lms.store.transaction() as db:
        db.execute(
            "INSERT INTO choices (id, course_id, tool_id, person_id, data) VALUES (?, ?, ?, ?, ?)",
            (choice, course_id, tool.id, person_id, secrets.token_urlsafe(9)),
        )
    return initiate(
        lms,
        Opening(message=DEEP_LINKING, tool_id=tool.id, course_id=course_id, person_id=person_id, choice=choice),
    )
