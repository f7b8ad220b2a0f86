"""Pages of the record: a learner's own, and the choice of a programme. For mentors and assessors: views_staff."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet import (
    entries,
    self_study,
    store,
    views_cohort,
    views_join,
    views_move,
    views_programme,
    views_staff,
)
from lti_tool.ecvet.decisions import standing, take_turn
from lti_tool.ecvet.once import field as once_field
from lti_tool.ecvet.once import first_time
from lti_tool.ecvet.own import own_records
from lti_tool.ecvet.places import at_first
from lti_tool.ecvet.record import Record
from lti_tool.ecvet.terms import Programme
from lti_tool.ecvet.under import Under
from lti_tool.ecvet.under import nothing as no_agreements
from lti_tool.ecvet.views_staff import of_unit
from lti_tool.ecvet.views_words import (
    acts,
    evidence,
    hours_rows,
    link,
    platform_names,
    record_page,
    said,
    step,
)
from lti_tool.errors import N_, BadInput, Conflict, Forbidden, NotFound, ToolError
from lti_tool.launch import platforms
from lti_tool.people import store as people
from lti_tool.people.views import Visitor, visitor
from lti_tool.people.views_joins import Changed, nobody
from lti_tool.wiring import Wiring
from xapi.recording import OnStored


def nothing(conn: Connection, stored: object) -> None:
    """For installations (and tests) in which nobody wants to know of new statements."""


def blueprint(
    wiring: Wiring, on_stored: OnStored = nothing, changed: Changed = nobody, under: Under = no_agreements
) -> Blueprint:
    """`/record`, `/programme` and what is below them. `on_stored` is told of every statement that is written here,
    `changed` of accounts that are joined or parted; `under` tells under which agreements somebody learns."""
    pages = Blueprint("ecvet", __name__)
    base_url = wiring.settings.base_url
    pages.app_template_global("reason_said")(said)
    pages.app_template_global("once")(once_field)
    pages.app_template_global("page_link")(link)

    def own_record(conn: Connection, who: Visitor) -> tuple[list[Record], Record | None]:
        """All records of the visitor, and the one that `?programme=` or the link asks for."""
        return own_records(conn, who, request.args.get("programme"), wiring)

    @pages.get("/record")
    def record() -> str | Response:
        who = visitor()
        with reading(wiring.engine) as conn:
            found, chosen = own_record(conn, who)
            agreed = under(conn, chosen, True) if chosen else ()
        if chosen is None:
            if who.session.role == "instructor":
                return render_template("ecvet/no_record.html")
            return redirect(url_for("ecvet.enrol"), 303)
        tabs = [(one.programme.id, url_for("ecvet.record", programme=one.programme.id)) for one in found]
        return render_template("ecvet/record.html", **record_page(chosen, own=True), tabs=tabs, agreements=agreed)

    @pages.get("/record/unit/<unit>")
    def unit(unit: str) -> str:
        return unit_page(unit)

    def unit_page(unit: str, problem: ToolError | None = None) -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            chosen = with_unit(own_record(conn, who), unit)
            places = platform_names(conn)
            agreed = [one for one in under(conn, chosen, True) if unit in one.units]
        return render_template(
            "ecvet/unit.html",
            **learner_unit(chosen, unit, places),
            agreements=agreed,
            problem=problem,
            form=request.form,
        )

    def with_unit(found: tuple[list[Record], Record | None], unit: str) -> Record:
        others, chosen = found
        candidates = ([chosen] if chosen else []) + ([] if request.args.get("programme") else others)
        with_it = next((one for one in candidates if one.unit(unit)), None)
        if with_it is None:
            raise NotFound("ECVET-UNIT", N_("There is no such unit in your programme."), N_("Go back to your record."))
        return with_it

    def learner_unit(record: Record, unit: str, places: dict[str, str]) -> dict[str, object]:
        one = record.unit(unit)
        assert one is not None  # noqa: S101  # `with_unit` has looked
        return {
            "record": record,
            "one": one,
            "programme": record.programme,
            "outcomes": [
                (outcome, judged, evidence(record, judged.evidence, places, base_url))
                for outcome, judged in one.outcomes
            ],
            "hours": hours_rows(record.programme, one.judged.hours),
            "entries": entries.entries(record, base_url, [unit]),
            "history_items": acts(record, unit, standing(record, one)),
            "next": step(one.judged.next, record.programme),
            "declared": self_study.declared(record, base_url, one.unit.modules),
            "rooms": [
                room
                for room in self_study.rooms(record, base_url, one.unit.modules)
                if room.hours and one.judged.state != "recognised"
            ],
            "own_log": [mode for mode in entries.LEARNERS_OWN if one.unit.hours[mode]],
            "today": wiring.clock().date(),
        }

    @pages.post("/record/unit/<unit>/hours")
    def log_hours(unit: str) -> Response | tuple[str, int]:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> str:
            chosen = with_unit(own_record(conn, who), unit)
            spent = entries.read_spent(
                request.form.get("mode", ""),
                request.form.get("day", ""),
                request.form.get("hours", ""),
                request.form.get("tasks", ""),
                now.date(),
            )
            trained = request.form.getlist("outcome")
            one = of_unit(chosen, unit)
            spent = replace(spent, outcomes=tuple(each.iri for each in one.unit.outcomes if each.id in trained))
            if not first_time(conn, request.form.items(multi=True), now):
                return chosen.programme.id
            added = entries.log_hours(conn, chosen, unit, spent, now, base_url)
            on_stored(conn, added.stored)
            return chosen.programme.id

        try:
            programme = wiring.writer.run(work)
        except (BadInput, Conflict) as error:
            return unit_page(unit, error), error.status
        return redirect(url_for("ecvet.unit", unit=unit, programme=programme, saved=1), 303)

    @pages.post("/record/unit/<unit>/take-back")
    def take_back_own(unit: str) -> Response:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> str:
            take_turn(conn)
            chosen = with_unit(own_record(conn, who), unit)
            added = entries.take_back_own(conn, chosen, request.form.get("entry", ""), now, base_url)
            on_stored(conn, added.stored)
            return chosen.programme.id

        programme = wiring.writer.run(work)
        return redirect(url_for("ecvet.unit", unit=unit, programme=programme), 303)

    @pages.post("/record/unit/<unit>/self-study")
    def declare_self_study(unit: str) -> Response | tuple[str, int]:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> str:
            take_turn(conn)
            chosen, sent = with_unit(own_record(conn, who), unit), request.form
            day, hours, what = sent.get("study_day", ""), sent.get("study_hours", ""), sent.get("what", "")
            spent = entries.read_spent("", day, hours, what, now.date())
            module = sent.get("module", "")
            if module not in of_unit(chosen, unit).unit.modules:
                module = ""
            if first_time(conn, request.form.items(multi=True), now):
                on_stored(conn, self_study.declare(conn, chosen, module, spent, now, base_url).stored)
            return chosen.programme.id

        try:
            programme = wiring.writer.run(work)
        except (BadInput, Conflict) as error:
            return unit_page(unit, error), error.status
        return redirect(url_for("ecvet.unit", unit=unit, programme=programme, declared=1), 303)

    @pages.post("/record/unit/<unit>/self-study/take-back")
    def take_back_self_study(unit: str) -> Response:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> str:
            take_turn(conn)
            chosen = with_unit(own_record(conn, who), unit)
            on_stored(conn, self_study.take_back(conn, chosen, request.form.get("entry", ""), now, base_url).stored)
            return chosen.programme.id

        programme = wiring.writer.run(work)
        return redirect(url_for("ecvet.unit", unit=unit, programme=programme, _anchor="self-study"), 303)

    @pages.get("/programme/choose")
    def enrol() -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            offered = store.current(conn)
            mine = {one.programme for one in people.enrolments_of(conn, who.keys)}
        return render_template("ecvet/choose.html", offered=offered, mine=mine, may=may_enrol(who))

    @pages.post("/programme/choose")
    def enrol_in() -> Response:
        who, now = visitor(), wiring.clock()
        if not may_enrol(who):
            raise Forbidden(
                "ECVET-TEACHER",
                N_("Teachers of a course can't enrol themselves through it."),
                N_("Open the course as a learner."),
            )

        def work(conn: Connection) -> Programme | None:
            found = store.get(conn, request.form.get("programme", ""))
            if found:
                came_from = platforms.get(conn, who.session.platform) if who.session.platform else None
                begins = at_first(found, came_from.institution if came_from else None)
                people.enrol(conn, who.session.actor, found.id, found.version, now, begins)
            return found

        chosen = wiring.writer.run(work)
        if chosen is None:
            raise BadInput("ECVET-PROGRAMME", N_("There is no such programme."), N_("Go back and choose one."))
        return redirect(url_for("ecvet.record", programme=chosen.id), 303)

    views_cohort.add_pages(pages, wiring)
    views_staff.add_pages(pages, wiring, on_stored, under)
    views_join.add_pages(pages, wiring, changed)
    views_programme.add_pages(pages, wiring)
    views_move.add_pages(pages, wiring, on_stored)
    return pages


def may_enrol(who: Visitor) -> bool:
    """Who comes as a teacher of a course does not learn in it."""
    return who.session.role != "instructor"
