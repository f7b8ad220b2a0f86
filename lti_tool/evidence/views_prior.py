"""Pages of prior learning: what a learner claims, and what a competent person says to it."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet.decisions import take_turn
from lti_tool.ecvet.once import first_time
from lti_tool.ecvet.record import Record
from lti_tool.ecvet.terms import Programme
from lti_tool.ecvet.views_words import name_of
from lti_tool.errors import N_, BadInput, Conflict, ToolError
from lti_tool.evidence import files, prior
from lti_tool.evidence.prior import MAY_DECIDE
from lti_tool.evidence.reach import own, theirs
from lti_tool.evidence.views_files import folder, sent_files
from lti_tool.i18n import current_language
from lti_tool.people.views import visitor
from lti_tool.wiring import Wiring
from xapi.recording import OnStored


def add_pages(pages: Blueprint, wiring: Wiring, on_stored: OnStored) -> None:
    """`/record/prior` and `/programme/<programme>/learner/<person>/prior`."""
    base_url = wiring.settings.base_url

    @pages.get("/record/prior")
    def own_prior() -> str:
        return claiming_page(request.args.get("programme", ""))

    def claiming_page(programme: str, problem: ToolError | None = None) -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            record = own(conn, who, programme, wiring)
            found = prior.of_learner(conn, record.learner.keys, record.programme.id)
            names = files.get(conn, [one.file for one in found])
        return render_template(
            "evidence/own_prior.html",
            programme=record.programme,
            claims=[(one, claimed(one.wish, record.programme), names.get(one.file)) for one in found],
            units=open_parts(record),
            modules=request.form.getlist("module"),
            outcomes=request.form.getlist("outcome"),
            problem=problem,
            form=request.form,
            today=wiring.clock().date(),
        )

    @pages.post("/record/prior")
    def claim_prior() -> Response | tuple[str, int]:
        who, now, programme = visitor(), wiring.clock(), request.form.get("programme", "")

        def read_wish(record: Record) -> prior.Wish:
            ticked = request.form.getlist("module"), request.form.getlist("outcome")
            return prior.read_wish(request.form, *ticked, record.programme, now.date())

        def work(conn: Connection) -> None:
            record = own(conn, who, programme, wiring)
            wish = read_wish(record)
            account = record.learner.account
            if account and first_time(conn, request.form.items(multi=True), now):
                prior.claim(conn, record, wish, files.add(conn, kept, account.key, now), now)

        try:
            with reading(wiring.engine) as conn:
                read_wish(own(conn, who, programme, wiring))  # nothing is written to the disk for a form that is wrong
            sent = sent_files("certificate")
            if len(sent) != 1:
                raise BadInput("ECVET-FILE", N_("A file is missing."), N_("Choose it again."))
            kept = files.keep(folder(wiring.settings), sent[0].stream, sent[0].filename or "", files.PAPERS)
            wiring.writer.run(work)
        except (BadInput, Conflict) as error:
            return claiming_page(programme, error), error.status
        return redirect(url_for("evidence.own_prior", programme=programme, saved=1), 303)

    @pages.post("/record/prior/take-back")
    def take_back_claim() -> Response | tuple[str, int]:
        who, now, programme = visitor(), wiring.clock(), request.form.get("programme", "")

        def work(conn: Connection) -> None:
            take_turn(conn)
            prior.take_back(conn, own(conn, who, programme, wiring), request.form.get("claim", ""), now)

        try:
            wiring.writer.run(work)
        except Conflict as error:
            return claiming_page(programme, error), error.status
        return redirect(url_for("evidence.own_prior", programme=programme), 303)

    # Those who decide

    @pages.get("/programme/<programme>/learner/<person>/prior")
    def prior_of(programme: str, person: str) -> str:
        return deciding_page(programme, person)

    def deciding_page(programme: str, person: str, problem: ToolError | None = None) -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            record, _by = theirs(conn, who, programme, person, wiring, MAY_DECIDE)
            found = [
                one for one in prior.of_learner(conn, record.learner.keys, record.programme.id) if not one.taken_back
            ]
            names = files.get(conn, [one.file for one in found])
        return render_template(
            "evidence/prior.html",
            record=record,
            programme=record.programme,
            name=name_of(record.learner),
            claims=[(one, claimed(one.wish, record.programme), names.get(one.file)) for one in found],
            part_name=lambda id: part_name(record.programme, id),
            problem=problem,
            form=request.form,
        )

    @pages.post("/programme/<programme>/learner/<person>/prior")
    def decide_prior(programme: str, person: str) -> Response | tuple[str, int]:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> None:
            take_turn(conn)
            record, by = theirs(conn, who, programme, person, wiring, MAY_DECIDE)
            chosen = request.form.getlist("module"), request.form.getlist("outcome")
            result, reason = request.form.get("result", ""), request.form.get("reason", "")
            stored = prior.decide(
                conn, record, request.form.get("claim", ""), result, chosen, reason, by, now, base_url
            )
            on_stored(conn, stored)

        try:
            wiring.writer.run(work)
        except (BadInput, Conflict) as error:
            return deciding_page(programme, person, error), error.status
        return redirect(url_for("evidence.prior_of", programme=programme, person=person, done=1), 303)


def part_name(programme: Programme, id: str) -> str:
    """A module or outcome in the reader's language; its id where the programme has no such part any more."""
    if module := programme.module(id):
        return f"{id} {module.title.in_(current_language())}"
    found = next((one for unit in programme.units for one in unit.outcomes if one.id == id), None)
    return found.text.in_(current_language()) if found else id


def claimed(wish: prior.Wish, programme: Programme) -> list[str]:
    """What a certificate is to stand for, in words."""
    return [part_name(programme, id) for id in (*wish.modules, *wish.outcomes)]


def open_parts(record: Record) -> list[tuple[str, list[tuple[str, str, float]], list[tuple[str, str]]]]:
    """What is left to claim, by unit: (id, words, hours) of modules, (id, words) of outcomes."""
    done = {one.id for one in record.judgement.modules if one.state == "demonstrated"}
    found = []
    for one in record.units:
        modules = [
            (id, part_name(record.programme, id), module.hours)
            for id in one.unit.modules
            if id not in done and (module := record.programme.module(id))
        ]
        outcomes = [
            (outcome.id, part_name(record.programme, outcome.id))
            for outcome, judged in one.outcomes
            if judged.state in ("not_started", "in_progress")
        ]
        if modules or outcomes:
            found.append((one.unit.title.in_(current_language()), modules, outcomes))
    return found
