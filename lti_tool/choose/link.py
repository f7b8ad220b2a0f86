"""/link: an activity of the LMS that names no content of ours yet. Its teacher chooses here; others are told so."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.choose.items import Pick, expand
from lti_tool.db import reading
from lti_tool.ecvet import store as ecvet
from lti_tool.ecvet.terms import Programme
from lti_tool.errors import N_, BadInput, Forbidden
from lti_tool.i18n import current_language
from lti_tool.launch import store as launches
from lti_tool.launch.claims import RESOURCE_LINK, Refusal
from lti_tool.launch.session import PageSession, required_session
from lti_tool.launch.words import refused
from lti_tool.people import copies
from lti_tool.people import store as people
from lti_tool.wiring import Wiring
from xapi.statement import actor_key


def add_link(pages: Blueprint, wiring: Wiring) -> None:
    """The blueprint has the route /link."""

    @pages.get("/link")
    def link() -> str:
        session = required_session()
        teaches, asked = session.role == "instructor", None
        with reading(wiring.engine) as conn:
            groups = _groups(ecvet.current(conn)) if teaches else []
            course = people.course_by_id(conn, session.course) if teaches and session.course is not None else None
            if course is not None:
                asked = copies.proposal(conn, course)
        return render_template("choose/link.html", groups=groups, teaches=teaches, copied=asked)

    @pages.post("/link/copy")
    def use_same() -> Response:
        """Activities of a copied course open what those of the same name open in the course it was copied from; or the
        teacher does not want that."""
        session, now = _teacher(), wiring.clock()
        same = request.form.get("same") == "yes"

        def work(conn: Connection) -> tuple[str, str] | None:
            platform, link, title = _activity(conn, session)
            course = people.course_by_id(conn, session.course) if session.course is not None else None
            asked = copies.proposal(conn, course) if course is not None else None
            if course is None or asked is None:
                return None  # answered meanwhile, in another tab
            copies.answer(conn, course, asked.ancestor.id if same else None)
            return copies.content_of(conn, platform, link, people.course_by_id(conn, course.id), now, title=title)

        return _opened(wiring.writer.run(work))

    @pages.post("/link")
    def choose_for_link() -> Response:
        """The activity opens what was picked from now on, for everybody and in every later launch."""
        session, now = _teacher(), wiring.clock()

        def work(conn: Connection) -> Pick:
            platform, number, title = _activity(conn, session)
            picks = expand([request.form.get("pick", "")], ecvet.current(conn)).picks
            if len(picks) != 1:
                raise BadInput("CHOOSE-PICK", N_("Choose one module."), N_("Go back and choose one."))
            (pick,) = picks
            by = actor_key(session.actor)
            people.choose_content(
                conn, platform, number, pick.content, pick.programme, by, now, course_id=session.course, title=title
            )
            return pick

        return _opened((wiring.writer.run(work).content, ""))


def _teacher() -> PageSession:
    session = required_session()
    if session.role != "instructor":
        raise Forbidden(
            "CHOOSE-ROLE",
            N_("Only teachers of a course can add content to it."),
            N_("Ask the administrator of your LMS which role you have in this course."),
            whom="administrator",
        )
    return session


def _opened(chosen: tuple[str, str] | None) -> Response:
    """To what the activity opens now; back to the choice where that is nothing yet."""
    if chosen is None:
        return redirect(url_for("choose.link"), 303)
    kind, _slash, id = chosen[0].partition("/")
    if kind == "module":
        return redirect(url_for("play.module", code=id), 303)
    return redirect(url_for("insight.course"), 303)


def _activity(conn: Connection, session: PageSession) -> tuple[int, str, str]:
    """Platform, resource link and its title that this session was launched from."""
    launch = launches.get_launch(conn, session.sid)
    if launch is None or not launch.link_id:
        raise refused(Refusal("LTI-SESSION-OVER", "this session came from no activity"))
    told = launch.claims.get(RESOURCE_LINK)
    title = told.get("title") if isinstance(told, Mapping) else None
    return launch.platform, launch.link_id, title if isinstance(title, str) else ""


def _groups(programmes: tuple[Programme, ...]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Modules by programme, as (name, [(value, words)])."""
    language = current_language()
    return [
        (
            f"{programme.id} {programme.title.in_(language)}",
            [
                (f"{programme.id}/module/{module.id}", f"{module.id} {module.title.in_(language)}")
                for module in programme.modules
            ],
        )
        for programme in programmes
    ]
