"""Pages for mentors, trainers, assessors and coordinators: a learner's record, and a unit for decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet import decisions, entries, learners, self_study
from lti_tool.ecvet.entries import MAY_ENTER, MAY_SEE_DONE, Author
from lti_tool.ecvet.once import first_time
from lti_tool.ecvet.record import Record, UnitRecord, records, shown
from lti_tool.ecvet.terms import Programme
from lti_tool.ecvet.under import Under
from lti_tool.ecvet.views_words import (
    acts,
    evidence,
    hours_rows,
    link,
    name_of,
    platform_names,
    record_page,
    standing_line,
    step,
)
from lti_tool.errors import N_, BadInput, Conflict, Forbidden, NotFound, ToolError
from lti_tool.i18n import current_language
from lti_tool.people.store import Enrolment
from lti_tool.people.views import Visitor, person_name, visitor
from lti_tool.wiring import Wiring
from xapi.recording import OnStored
from xapi.statement import actor_key

Form = Callable[[Connection, Record, UnitRecord, Author], str]


def author(who: Visitor) -> Author:
    """The visitor as somebody who enters and decides; the account they are here by comes first."""
    own = actor_key(who.session.actor)
    keys = (own, *(key for key in who.keys if key != own))
    return Author(keys, who.session.actor, who.name or person_name(None, who.person), who.grants)


def may_see(who: Visitor, enrolment: Enrolment) -> bool:
    """Whether a role of the visitor reaches the record of this enrolment."""
    return who.may("see_record", institution=enrolment.institution, programme=enrolment.programme)


def must_see_records(who: Visitor) -> None:
    """Raises PEOPLE-ROLE (403) for whoever may see nobody's record."""
    if not who.may_somewhere("see_record"):
        raise Forbidden(
            "PEOPLE-ROLE",
            N_("Your role does not include this."),
            N_("Ask the coordinator of the programme who may do it."),
            whom="administrator",
        )


def seen(conn: Connection, who: Visitor, programme: str, person: str, wiring: Wiring) -> Record:
    """The record of a person that the visitor may see. The same NotFound for who is not there and who is out of
    reach: the answer must not tell who learns here."""
    must_see_records(who)
    learner = learners.by_person(conn, [person]).get(person)
    found = records(conn, learner, wiring.clock(), wiring.settings.base_url) if learner else ()
    record = next((one for one in found if one.programme.id == programme), None)
    if record is None or record.enrolment is None or not may_see(who, record.enrolment):
        raise NotFound(
            "ECVET-LEARNER", N_("There is no such learner in your programme."), N_("Go back to the list of learners.")
        )
    return record


def add_pages(pages: Blueprint, wiring: Wiring, on_stored: OnStored, under: Under) -> None:
    """`/programme/<id>/learner/<person>` and the units below it."""
    base_url = wiring.settings.base_url
    pages.app_template_global("mode_name")(mode_name)
    pages.app_template_global("named_modes")(named_modes)

    @pages.get("/programme/<programme>/learner/<person>")
    def learner(programme: str, person: str) -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            record = seen(conn, who, programme, person, wiring)
            agreed = under(conn, record, False)
        page = record_page(
            record, False, lambda unit: url_for("ecvet.learner_unit", programme=programme, person=person, unit=unit)
        )
        crumbs = [(_("Learners"), url_for("ecvet.programme", programme=programme))]
        if who.may("award", institution=record.institution, programme=programme):
            page["papers_url"] = link("papers.learner", programme=programme, person=person)
        return render_template("ecvet/record.html", **page, crumbs=crumbs, agreements=agreed)

    @pages.get("/programme/<programme>/learner/<person>/unit/<unit>")
    def learner_unit(programme: str, person: str, unit: str) -> str:
        return decision_page(programme, person, unit)

    def decision_page(programme: str, person: str, unit: str, problem: ToolError | None = None) -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            record = seen(conn, who, programme, person, wiring)
            places = platform_names(conn)
            agreed = [one for one in under(conn, record, False) if unit in one.units]
        one = of_unit(record, unit)
        by, now = author(who), wiring.clock()
        undo = next((row for row in record.acts_on(unit) if row.id == request.args.get("done")), None)
        logged = entries.entries(record, base_url, [unit])
        alone = shown(record, base_url).unit(unit)
        return render_template(
            "ecvet/decide.html",
            record=record,
            programme=record.programme,
            one=one,
            name=name_of(record.learner),
            line=standing_line(record),
            agreements=agreed,
            verdict=alone,
            outcomes=[
                (outcome, judged, evidence(record, judged.evidence, places, base_url))
                for outcome, judged in one.outcomes
            ],
            hours=hours_rows(record.programme, one.judged.hours),
            entries=[(entry, entry.waiting and by.may_any(MAY_ENTER[entry.mode], record)) for entry in logged],
            declared=self_study.declared(record, base_url, one.unit.modules),
            own_keys=by.actor.get("account"),
            open_to=decisions.open_to(record, one, by, base_url),
            of_second=decisions.of_second(record, one, by, base_url),
            modes=[mode for mode, actions in MAY_ENTER.items() if by.may_any(actions, record)],
            doable=doable(record, one) if by.may_any(MAY_SEE_DONE, record) else [],
            history_items=acts(record, unit, standing := decisions.standing(record, one)),
            withdrawable={
                row.id for row in record.acts_on(unit) if row.id in standing and may_withdraw(row.kind, by, record)
            },
            undo=undo if undo is not None and undo.id in standing and decisions.may_undo(undo, by, now) else None,
            may_invite=by.may_any((*MAY_SEE_DONE, "assess"), record),
            itself=bool(set(by.keys) & set(record.learner.keys)),
            next=step(one.judged.next, record.programme, own=False),
            problem=problem,
            form=request.form,
            today=now.date(),
        )

    def act(programme: str, person: str, unit: str, work: Form) -> Response | tuple[str, int]:
        """Does `work` with the record as it is now, and shows the page again, with what was wrong if it was."""
        who = visitor()

        def run(conn: Connection) -> str:
            decisions.take_turn(conn)
            record = seen(conn, who, programme, person, wiring)
            return work(conn, record, of_unit(record, unit), author(who))

        try:
            done = wiring.writer.run(run)
        except (BadInput, Conflict) as error:
            return decision_page(programme, person, unit, error), error.status
        page = url_for("ecvet.learner_unit", programme=programme, person=person, unit=unit, done=done)
        return redirect(page, 303)

    @pages.post("/programme/<programme>/learner/<person>/unit/<unit>/decide")
    def decide(programme: str, person: str, unit: str) -> Response | tuple[str, int]:
        def work(conn: Connection, record: Record, one: UnitRecord, by: Author) -> str:
            kind, _separator, result = request.form.get("act", "").partition(":")
            if kind not in decisions.KINDS:
                raise BadInput("ECVET-RESULT", N_("Choose a result."), N_("Go back and tick one."))
            wish = decisions.Wish(
                kind=kind,
                result=result,
                reason=request.form.get("reason", ""),
                outcomes=tuple(request.form.getlist("outcome")) if kind == "assess" else (),
            )
            if kind == "assess" and not wish.outcomes:
                raise BadInput(
                    "ECVET-OUTCOMES", N_("Tick the outcomes that you assess."), N_("Tick one or more, or all.")
                )
            return decisions.decide(conn, record, unit, wish, by, wiring.clock(), base_url, on_stored)

        return act(programme, person, unit, work)

    @pages.post("/programme/<programme>/learner/<person>/unit/<unit>/withdraw")
    def withdraw(programme: str, person: str, unit: str) -> Response | tuple[str, int]:
        def work(conn: Connection, record: Record, one: UnitRecord, by: Author) -> str:
            now, id = wiring.clock(), request.form.get("decision", "")
            row = next((row for row in record.acts_on(unit) if row.id == id), None)
            reason = request.form.get("reason", "")
            if not reason and row is not None and decisions.may_undo(row, by, now):
                reason = _("Taken back at once.")
            return decisions.withdraw(conn, record, id, reason, by, now, base_url, on_stored)

        return act(programme, person, unit, work)

    @pages.post("/programme/<programme>/learner/<person>/unit/<unit>/hours")
    def enter_hours(programme: str, person: str, unit: str) -> Response | tuple[str, int]:
        def work(conn: Connection, record: Record, one: UnitRecord, by: Author) -> str:
            now, sent = wiring.clock(), request.form
            spent = entries.read_spent(
                sent.get("mode", ""), sent.get("day", ""), sent.get("hours", ""), sent.get("tasks", ""), now.date()
            )
            if not first_time(conn, request.form.items(multi=True), now):
                return "entered"
            added = entries.enter_hours(conn, record, unit, spent, by, now, base_url)
            on_stored(conn, added.stored)
            return "entered"

        return act(programme, person, unit, work)

    @pages.post("/programme/<programme>/learner/<person>/unit/<unit>/confirm")
    def confirm_hours(programme: str, person: str, unit: str) -> Response | tuple[str, int]:
        def work(conn: Connection, record: Record, one: UnitRecord, by: Author) -> str:
            now, sent = wiring.clock(), request.form
            corrected = None
            if "hours" in sent:
                day, tasks = sent.get("day", ""), sent.get("tasks", "")
                most = entries.most_hours(record, sent.get("entry", ""), base_url)
                corrected = entries.read_spent("", day, sent["hours"], tasks, now.date(), most)
            added = entries.confirm_hours(conn, record, sent.get("entry", ""), by, now, base_url, corrected)
            on_stored(conn, added.stored)
            return "confirmed"

        return act(programme, person, unit, work)

    @pages.post("/programme/<programme>/learner/<person>/unit/<unit>/return")
    def return_hours(programme: str, person: str, unit: str) -> Response | tuple[str, int]:
        def work(conn: Connection, record: Record, one: UnitRecord, by: Author) -> str:
            entry, comment = request.form.get("entry", ""), request.form.get("comment", "")
            added = entries.return_hours(conn, record, entry, comment, by, wiring.clock(), base_url)
            on_stored(conn, added.stored)
            return "returned"

        return act(programme, person, unit, work)

    @pages.post("/programme/<programme>/learner/<person>/unit/<unit>/done")
    def enter_done(programme: str, person: str, unit: str) -> Response | tuple[str, int]:
        def work(conn: Connection, record: Record, one: UnitRecord, by: Author) -> str:
            what, note = request.form.get("what", ""), " ".join(request.form.get("note", "").split())[:2000]
            if not first_time(conn, request.form.items(multi=True), wiring.clock()):
                return "entered"
            added = entries.enter_done(conn, record, unit, what, note, by, wiring.clock(), base_url)
            on_stored(conn, added.stored)
            return "entered"

        return act(programme, person, unit, work)

    @pages.post("/programme/<programme>/learner/<person>/unit/<unit>/take-back")
    def take_back(programme: str, person: str, unit: str) -> Response | tuple[str, int]:
        def work(conn: Connection, record: Record, one: UnitRecord, by: Author) -> str:
            entry = request.form.get("entry", "")
            added = entries.take_back(conn, record, entry, by, wiring.clock(), base_url)
            on_stored(conn, added.stored)
            return "taken-back"

        return act(programme, person, unit, work)


def reaches(who: Visitor, programme: str) -> bool:
    """Whether some grant to see records is for this programme, at whichever institution."""
    return any(who.may("see_record", institution=grant.institution, programme=programme) for grant in who.grants)


def of_unit(record: Record, unit: str) -> UnitRecord:
    """The unit of a record; raises NotFound."""
    found = record.unit(unit)
    if found is None:
        raise NotFound("ECVET-UNIT", N_("There is no such unit in this programme."))
    return found


def may_withdraw(kind: str, by: Author, record: Record) -> bool:
    """Whether the role that allows an act allows to withdraw it."""
    return any(one == kind and by.may_any((one,), record) for one in decisions.KINDS)


def doable(record: Record, one: UnitRecord) -> list[tuple[str, str]]:
    """What a trainer or mentor may enter as done in a unit and isn't yet: (what, words)."""
    language = current_language()
    modules = [
        (f"module/{id}", f"{id} {module.title.in_(language)}")
        for id in one.unit.modules
        if (module := record.programme.module(id))
        and not module.graded
        and (judged := record.judgement.module(id))
        and judged.state != "demonstrated"
    ]
    project = [("project", _("The project of this unit"))] if one.unit.hours["project_based"] else []
    left = ("not_started", "in_progress", "assessed_not_yet")
    outcomes = [
        (f"outcome/{outcome.id}", outcome.text.in_(language))
        for outcome, judged in one.outcomes
        if judged.state in left
    ]
    return modules + project + outcomes


def mode_name(mode: str, programme: Programme) -> str:
    """A mode of hours in the reader's language."""
    found = programme.mode(mode)
    return found.title.in_(current_language()) if found else mode


def named_modes(modes: Iterable[str], programme: Programme) -> list[tuple[str, str]]:
    """Modes of hours with their names, for a list to choose from."""
    return [(mode, mode_name(mode, programme)) for mode in modes]
