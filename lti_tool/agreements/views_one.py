"""One agreement for the coordinators of its parties: what it says, signing, ending, withdrawing, its paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from flask import Response as FileResponse
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.agreements import acting, store
from lti_tool.agreements.acting import Signature, may_sign, own, reaches
from lti_tool.agreements.common import as_pdf, document, seen, shown, who_agrees
from lti_tool.agreements.terms import LEARNER, Agreement, in_force
from lti_tool.db import reading
from lti_tool.ecvet import learners
from lti_tool.ecvet.decisions import take_turn
from lti_tool.ecvet.entries import Author
from lti_tool.ecvet.views_staff import author, may_see
from lti_tool.errors import BadInput, Conflict, ToolError
from lti_tool.papers.numbers import read_number
from lti_tool.people import store as people
from lti_tool.people.views import Visitor
from lti_tool.wiring import Wiring

Work = Callable[[Connection, Sequence[Agreement], str, Author], None]


def add_pages(pages: Blueprint, wiring: Wiring) -> None:
    """`/agreements/<series>` and what is done there."""

    @pages.get("/agreements/<series>")
    def one(series: str) -> str:
        return page(series)

    def page(series: str, problem: ToolError | None = None) -> str:
        who, now = who_agrees(), wiring.clock()
        by, today = author(who), now.date()
        with reading(wiring.engine) as conn:
            versions = seen(conn, by, series)
            newest = store.of_series(conn, series)[0].number
            asked = read_number(request.values.get("version", ""))
            chosen = acting.version(versions, asked) if asked else versions[0]
            memorandum = in_force(store.of_series(conn, chosen.memorandum), today) if chosen.memorandum else None
            learner = _learner(conn, who, chosen)
        places = may_sign(by, chosen) if chosen.state(today) == "draft" else ()
        acts = reaches(by, chosen) and not own(by, chosen)
        return render_template(
            "agreements/one.html",
            one=chosen,
            versions=[(each, each.state(today)) for each in versions],
            state=chosen.state(today),
            places=places,
            here=[place for place in places if place != LEARNER and _known(chosen, place)],
            may_change=acts and chosen.number == newest,
            may_withdraw=acts and chosen.state(today) in ("draft", "agreed"),
            may_end=acts and chosen.state(today) == "agreed" and chosen.act("end") is None,
            memorandum=memorandum,
            learner=learner,
            problem=problem,
            form=request.form,
            today=today,
            **shown(document(chosen, wiring.settings, today)),
        )

    def act(series: str, work: Work) -> Response | tuple[str, int]:
        """Does `work` with the versions as they are now, and shows the page again, with what was wrong if it was."""
        who, number = who_agrees(), read_number(request.form.get("version", "")) or ""

        def run(conn: Connection) -> None:
            take_turn(conn)
            by = author(who)
            seen(conn, by, series)
            work(conn, store.of_series(conn, series), number, by)

        try:
            wiring.writer.run(run)
        except (BadInput, Conflict) as error:
            return page(series, error), error.status
        return redirect(url_for("agreements.one", series=series, version=number, done=1), 303)

    @pages.get("/agreements/<series>/<number>.pdf")
    def file(series: str, number: str) -> FileResponse:
        by = author(who_agrees())
        with reading(wiring.engine) as conn:
            found = acting.version(seen(conn, by, series), read_number(number) or "")
        return as_pdf(found, wiring.settings, wiring.clock().date())

    @pages.post("/agreements/<series>/sign")
    def sign(series: str) -> Response | tuple[str, int]:
        sent = request.form

        def work(conn: Connection, versions: Sequence[Agreement], number: str, by: Author) -> None:
            signed = Signature(
                sent.get("person", ""), sent.get("position", ""), sent.get("day", ""), sent.get("how", "")
            )
            acting.sign(conn, versions, number, sent.get("party", ""), signed, by, wiring.clock())

        return act(series, work)

    @pages.post("/agreements/<series>/end")
    def end(series: str) -> Response | tuple[str, int]:
        def work(conn: Connection, versions: Sequence[Agreement], number: str, by: Author) -> None:
            day, reason = request.form.get("last", ""), request.form.get("end_reason", "")
            acting.end(conn, versions, number, day, reason, by, wiring.clock())

        return act(series, work)

    @pages.post("/agreements/<series>/withdraw")
    def withdraw(series: str) -> Response | tuple[str, int]:
        def work(conn: Connection, versions: Sequence[Agreement], number: str, by: Author) -> None:
            acting.withdraw(conn, versions, number, request.form.get("reason", ""), by, wiring.clock())

        return act(series, work)


def _known(one: Agreement, place: str) -> bool:
    party = one.party(place)
    return party is not None and party.institution is not None


def _learner(conn: Connection, who: Visitor, one: Agreement) -> str | None:
    """The person (for links) whom the agreement is about, where the visitor may see the record: a coordinator of the
    host institution need not."""
    found = learners.by_key(conn, [one.learner_key]).get(one.learner_key) if one.learner_key else None
    if found is None:
        return None
    its = (each for each in people.enrolments_of(conn, found.keys) if each.programme == one.programme)
    return found.person if any(may_see(who, each) for each in its) else None
