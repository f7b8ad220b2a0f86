"""A learner's own learning agreements: read, agreed to, and shown to others who check the number."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask import Response as FileResponse
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.agreements import acting, store
from lti_tool.agreements.acting import Signature
from lti_tool.agreements.common import as_pdf, document, learner_waits, lines, shown
from lti_tool.agreements.terms import LEARNER, Agreement
from lti_tool.db import reading
from lti_tool.ecvet.decisions import take_turn
from lti_tool.ecvet.views_staff import author
from lti_tool.errors import N_, BadInput, Conflict, ToolError
from lti_tool.papers.award import SHOWS
from lti_tool.papers.numbers import read_number
from lti_tool.people.views import Visitor, visitor
from lti_tool.wiring import Wiring


def mine(conn: Connection, who: Visitor, number: str) -> Agreement:
    """The visitor's own version; the same NotFound for a number that is not there and one of somebody else."""
    found = store.get(conn, read_number(number) or "")
    if found is None or found.learner_key not in who.keys:
        raise acting.no_such()
    return found


def add_pages(pages: Blueprint, wiring: Wiring) -> None:
    """`/record/agreements` and what the learner does there."""

    @pages.get("/record/agreements")
    def own_list() -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            found = store.of_learner(conn, who.keys)
        return render_template("agreements/mine.html", lines=lines(found, wiring.clock(), author(who), own=True))

    @pages.get("/record/agreements/<number>")
    def own_one(number: str) -> str:
        return page(number)

    def page(number: str, problem: ToolError | None = None) -> str:
        who, today = visitor(), wiring.clock().date()
        with reading(wiring.engine) as conn:
            one = mine(conn, who, number)
            versions = store.of_series(conn, one.series)
        state = one.state(today)
        return render_template(
            "agreements/own.html",
            one=one,
            state=state,
            versions=[(each, each.state(today)) for each in versions],
            may_agree=learner_waits(one, today),
            levels=SHOWS,
            problem=problem,
            **shown(document(one, wiring.settings, today)),
        )

    @pages.get("/record/agreements/<number>.pdf")
    def own_pdf(number: str) -> FileResponse:
        who = visitor()
        with reading(wiring.engine) as conn:
            one = mine(conn, who, number)
        return as_pdf(one, wiring.settings, wiring.clock().date())

    @pages.post("/record/agreements/<number>/agree")
    def agree(number: str) -> Response | tuple[str, int]:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> str:
            take_turn(conn)
            one = mine(conn, who, number)
            versions = store.of_series(conn, one.series)
            signed = Signature("", "", "", "here")
            acting.sign(conn, versions, one.number, LEARNER, signed, author(who), now, learner=True)
            return one.number

        try:
            done = wiring.writer.run(work)
        except Conflict as error:
            return page(number, error), error.status
        return redirect(url_for("agreements.own_one", number=done, done=1), 303)

    @pages.post("/record/agreements/<number>/shows")
    def choose(number: str) -> Response:
        who, chosen = visitor(), request.form.get("shows", "")
        if chosen not in SHOWS:
            raise BadInput("PAPERS-SHOWS", N_("Choose what others see."), N_("Go back and tick one."))

        def work(conn: Connection) -> str:
            one = mine(conn, who, number)
            store.choose_shows(conn, one.number, chosen, wiring.clock())
            return one.number

        saved = wiring.writer.run(work)
        return redirect(url_for("agreements.own_one", number=saved, done=1), 303)
