"""`/announcements`, for those who may speak to learners; and what a learner's record shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet import store as ecvet
from lti_tool.ecvet.once import first_time
from lti_tool.ecvet.record import Record
from lti_tool.ecvet.terms import Programme
from lti_tool.errors import N_, Forbidden, ToolError
from lti_tool.i18n import LANGUAGES, current_language
from lti_tool.insight import announcements as told
from lti_tool.insight.announcements import Announcement, Audience
from lti_tool.people.store import accounts_of
from lti_tool.people.views import Visitor, person_name, visitor
from lti_tool.wiring import Wiring
from xapi.statement import actor_key


@dataclass(frozen=True, slots=True)
class Shown:
    """An announcement with the name of whoever wrote it, in paragraphs."""

    one: Announcement
    by: str
    paragraphs: tuple[str, ...]


def add_announcements(pages: Blueprint, wiring: Wiring) -> None:
    """The blueprint has the page, and every template `announced(record)`: what stands for that learner."""

    def must_announce() -> Visitor:
        who = visitor()
        if not who.may_somewhere("announce"):
            raise Forbidden(
                "PEOPLE-ROLE",
                N_("Your role does not include this."),
                N_("Ask the coordinator of the programme who may do it."),
                whom="administrator",
            )
        return who

    def offered(conn: Connection, who: Visitor) -> tuple[dict[str, Programme], list[Audience]]:
        known = {one.id: one for one in ecvet.current(conn)}
        places = {id: [place.id for place in one.institutions] for id, one in known.items()}
        return known, told.audiences(who.grants, places)

    def page(problem: ToolError | None = None) -> str:
        who, now = must_announce(), wiring.clock()
        with reading(wiring.engine) as conn:
            programmes, mine = offered(conn, who)
            found = [
                one for one in told.of_programmes(conn, list(programmes)) if told.may_speak(who.grants, one.audience)
            ]
            shown = _shown(conn, found)
        names = {one: _name(one, programmes[one.programme]) for one in {*mine, *(one.audience for one in found)}}
        return render_template(
            "insight/announcements.html",
            audiences=[(f"{one.programme}|{one.institution or ''}", names[one]) for one in mine],
            standing=[one for one in shown if one.one.stands(now)],
            over=[one for one in shown if not one.one.stands(now)],
            names=names,
            form=request.form,
            problem=problem,
            languages_known=list(LANGUAGES.items()),
            today=now.date(),
            usual=now.date() + timedelta(days=told.USUAL),
            farthest=now.date() + timedelta(days=told.FARTHEST),
            longest=told.LONGEST,
        )

    @pages.get("/announcements")
    def announcements() -> str:
        return page()

    @pages.post("/announcements")
    def announce() -> Response | tuple[str, int]:
        who, now = must_announce(), wiring.clock()

        def work(conn: Connection) -> None:
            wish = told.read(request.form, offered(conn, who)[1], now.date())
            if first_time(conn, request.form.items(multi=True), now):
                told.add(conn, wish, actor_key(who.session.actor), now)

        try:
            wiring.writer.run(work)
        except ToolError as error:
            return page(error), error.status
        return redirect(url_for("insight.announcements"), 303)

    @pages.post("/announcements/<id>/take-back")
    def take_announcement_back(id: str) -> Response:
        who, now = must_announce(), wiring.clock()
        wiring.writer.run(lambda conn: told.take_back(conn, id, who.grants, now))
        return redirect(url_for("insight.announcements"), 303)

    def announced(record: Record) -> list[Shown]:
        """For the template of a record: what its learner is told, the newest first."""
        with reading(wiring.engine) as conn:
            return _shown(conn, told.for_learner(conn, record.programme.id, record.institution, wiring.clock()))

    pages.app_template_global("announced")(announced)


def _shown(conn: Connection, some: list[Announcement]) -> list[Shown]:
    accounts = accounts_of(conn, {one.by_key for one in some})
    return [
        Shown(
            one,
            person_name(accounts[one.by_key]) if one.by_key in accounts else "",
            tuple(part for part in one.text.split("\n") if part),
        )
        for one in some
    ]


def _name(audience: Audience, programme: Programme) -> str:
    if audience.institution is None:
        return str(_("%(programme)s, all learners", programme=programme.id))
    place = next((one for one in programme.institutions if one.id == audience.institution), None)
    return f"{programme.id}, {place.title.in_(current_language()) if place else audience.institution}"
