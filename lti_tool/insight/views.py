"""Pages about others: a course for its teacher, what waits for whom, figures for coordinators."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.db import reading
from lti_tool.ecvet import entries
from lti_tool.ecvet.cohort import courses_in_reach
from lti_tool.ecvet.decisions import Kind, take_turn
from lti_tool.ecvet.judge import STATES
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.record import Record
from lti_tool.ecvet.settling import settle_on_read
from lti_tool.ecvet.views import nothing
from lti_tool.ecvet.views_cohort import pending
from lti_tool.ecvet.views_staff import author, may_see, mode_name, must_see_records, seen
from lti_tool.ecvet.views_words import name_of, newest, platform_names, said
from lti_tool.errors import N_, Forbidden, NotFound
from lti_tool.i18n import current_language, hours
from lti_tool.insight import course as course_table
from lti_tool.insight.grades import add_grades
from lti_tool.insight.overview import Figures, figures
from lti_tool.insight.unit import add_unit
from lti_tool.insight.views_announcements import add_announcements
from lti_tool.insight.views_opportunities import add_opportunities
from lti_tool.insight.views_reminders import add_reminders
from lti_tool.insight.waiting import Task, Unsigned, Unsigneds, nothing_unsigned, tasks
from lti_tool.insight.words import grade_problem, roster_problem, state_word
from lti_tool.people import groups, roster
from lti_tool.people import store as people
from lti_tool.people.store import Course
from lti_tool.people.views import Visitor, visitor
from lti_tool.spreadsheet import as_csv
from lti_tool.wiring import Wiring
from xapi.recording import OnStored

LATE_DAYS = 14
"""After so many days a card of the to-do list is marked as late."""
MOST_CARDS = 50
"""Cards on one page of the to-do list."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A course that the visitor may see, with the learners of it whom they may see, by the platform's user id."""

    course: Course
    learners: dict[str, Learner]


def blueprint(wiring: Wiring, on_stored: OnStored = nothing, unsigned: Unsigneds = nothing_unsigned) -> Blueprint:
    """`/course`, `/to-do`, `/insight`, `/record/opportunities`. `on_stored` is told of each statement written here;
    `unsigned` tells which agreements wait for somebody's signature."""
    pages = Blueprint("insight", __name__)
    base_url = wiring.settings.base_url
    pages.app_template_global("grade_problem")(grade_problem)
    pages.app_template_global("roster_problem")(roster_problem)

    def seen_course(conn: Connection, who: Visitor, number: int | None) -> Seen:
        """Raises PEOPLE-ROLE (403) for who teaches nothing and may see no records, else NotFound for any course that
        is not theirs to see."""
        if not who.teaches:
            must_see_records(who)
        wanted = number if number is not None else who.session.course if who.teaches else None
        found = people.course_by_id(conn, wanted) if wanted is not None else None
        learners = course_table.learners_of(conn, found.id) if found else {}
        if found and not (who.teaches and found.id == who.session.course):
            learners = {user: one for user, one in learners.items() if _reached(conn, who, one)}
            found = found if learners else None
        if found is None:
            raise NotFound(
                "INSIGHT-COURSE", N_("There is no such course for you."), N_("Open it from your LMS, as its teacher.")
            )
        return Seen(found, learners)

    @pages.get("/course")
    @pages.get("/course/<int:number>")
    def course(number: int | None = None) -> str:
        who = visitor()
        wanted, user = request.args.get("q", "").strip().casefold(), request.args.get("learner")
        with reading(wiring.engine) as conn:
            it = seen_course(conn, who, number)
            offered, group = _group(conn, it.course, request.args.get("group"))
            shown = [
                one
                for id, one in it.learners.items()
                if wanted in name_of(one).casefold() and (user is None or id == user) and (group is None or id in group)
            ]
            table = course_table.table(conn, it.course.id, shown, wiring.clock(), base_url)
            list_state = roster.state(conn, it.course.id, wiring.clock())
            unopened = roster.never_launched(conn, it.course.id)
        return render_template(
            "insight/course.html",
            list_state=list_state,
            unopened={one.person for id, one in it.learners.items() if id in unopened},
            course=it.course,
            table=table,
            names={one.person: name_of(one) for one in it.learners.values()},
            count=len(it.learners),
            waits=_waits(table, who),
            open_records={
                line.learner.person: next(
                    (one.programme.id for one in line.records if one.enrolment and may_see(who, one.enrolment)), None
                )
                for line in table.lines
            },
            q=request.args.get("q", ""),
            groups=[(one.id, f"{one.set_name}: {one.name}" if one.set_name else one.name) for one in offered],
            group=request.args.get("group", "all") if group is not None else "all",
            done=request.args.get("again", type=int),
        )

    @pages.post("/course/<int:number>/learners")
    def update_learners(number: int) -> AnyResponse:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> bool:
            return roster.ask(conn, seen_course(conn, who, number).course.id, now)

        if not wiring.writer.run(work):
            raise NotFound(
                "INSIGHT-LIST",
                N_("Your LMS shares no list of the learners of this course."),
                N_("Learners stand on the page once they have opened an activity."),
            )
        return redirect(url_for("insight.course", number=number), 303)

    @pages.get("/course/<int:number>.csv")
    def course_csv(number: int) -> Response:
        who = visitor()
        with reading(wiring.engine) as conn:
            it = seen_course(conn, who, number)
            _offered, group = _group(conn, it.course, request.args.get("group"))
            wanted = [one for id, one in it.learners.items() if group is None or id in group]
            table = course_table.table(conn, it.course.id, wanted, wiring.clock(), base_url)
        language = current_language()
        head = [
            _("Learner"),
            *(f"{one.id} {one.title.in_(language)}" for one in table.modules),
            *(f"{one.id} {one.title.in_(language)}" for one in table.units),
        ]
        rows = (
            [
                name_of(line.learner),
                *(state_word(c.state) if c.scaled is None else f"{round(c.scaled * 100)} %" for c in line.cells),
                *(state_word(state) if state else "" for state in line.units),
            ]
            for line in table.lines
        )
        return Response(
            as_csv(head, rows),
            mimetype="text/csv",
            headers={"Content-Disposition": f"attachment; filename=course-{number}.csv", "Cache-Control": "no-store"},
        )

    @pages.get("/course/<int:number>/learner/<person>/module/<code>")
    def module(number: int, person: str, code: str) -> str:
        who, language = visitor(), current_language()
        with reading(wiring.engine) as conn:
            it = seen_course(conn, who, number)
            learner = next((one for one in it.learners.values() if one.person == person), None)
            line = course_table.table(conn, number, [learner], wiring.clock(), base_url).lines[0] if learner else None
            record = next((one for one in line.records if one.programme.module(code)), None) if line else None
            places = platform_names(conn)
        found = record.programme.module(code) if record else None
        if record is None or found is None or learner is None:
            raise NotFound("INSIGHT-EVIDENCE", N_("There is no such learner or module in this course."))
        judged = record.judgement.module(code)
        results, traces = course_table.apart(course_table.on_module(record, found))
        return render_template(
            "insight/module.html",
            course=it.course,
            name=name_of(learner),
            title=f"{found.id} {found.title.in_(language)}",
            judged=judged,
            why=[said(one, record.programme, False) for one in judged.why] if judged else [],
            evidence=newest(results, record.programme, places, base_url),
            traces=newest(traces, record.programme, places, base_url),
        )

    def of_course(conn: Connection, who: Visitor, number: int | None) -> tuple[Course, dict[str, Learner]]:
        it = seen_course(conn, who, number)
        return it.course, it.learners

    add_grades(pages, wiring, of_course)
    add_unit(pages, wiring, of_course)
    add_reminders(pages, wiring)
    add_opportunities(pages, wiring)
    add_announcements(pages, wiring)

    @pages.get("/to-do")
    def todo() -> str:
        who, now = visitor(), wiring.clock()
        must_see_records(who)
        first = max(request.args.get("from", 0, type=int), 0)
        settle_on_read(wiring)
        with reading(wiring.engine) as conn:
            found = tasks(conn, author(who), now, base_url, first, MOST_CARDS)
            to_sign = unsigned(conn, author(who))
            # What was confirmed just now stands on top, with the way back.
            confirmed = _confirmed(conn, who)
        return render_template(
            "insight/todo.html",
            tasks=[(one, _task(one), (now - one.since).days) for one in found.shown],
            sentence="; ".join(
                [*_things(found.count + sum(one.count for one in to_sign.values())), *pending(found.pending)]
            ),
            to_sign=[_signing(kind, one, now) for kind, one in to_sign.items()] if not first else [],
            back=_from(max(first - MOST_CARDS, 0)) if first else None,
            more=_from(first + MOST_CARDS) if first + MOST_CARDS < found.count else None,
            late=LATE_DAYS,
            confirmed=confirmed,
        )

    def _confirmed(conn: Connection, who: Visitor) -> dict[str, str] | None:
        id, programme, person = (request.args.get(name, "") for name in ("confirmed", "programme", "person"))
        if not id:
            return None
        record = seen(conn, who, programme, person, wiring)
        entry = next((one for one in entries.entries(record, base_url) if one.id == id), None)
        if entry is None:
            return None
        return {
            "entry": id,
            "programme": programme,
            "person": person,
            "hours": hours(entry.hours),
            "name": name_of(record.learner),
        }

    @pages.post("/to-do/confirm")
    def confirm() -> AnyResponse:
        who = visitor()
        programme, person = request.form.get("programme", ""), request.form.get("person", "")

        def work(conn: Connection) -> str:
            take_turn(conn)
            record = seen(conn, who, programme, person, wiring)
            added = entries.confirm_hours(
                conn, record, request.form.get("entry", ""), author(who), wiring.clock(), base_url
            )
            on_stored(conn, added.stored)
            return added.ids[0]

        id = wiring.writer.run(work)
        return redirect(url_for("insight.todo", confirmed=id, programme=programme, person=person), 303)

    @pages.post("/to-do/undo")
    def undo() -> AnyResponse:
        who = visitor()
        programme, person = request.form.get("programme", ""), request.form.get("person", "")

        def work(conn: Connection) -> None:
            take_turn(conn)
            record = seen(conn, who, programme, person, wiring)
            added = entries.take_back(
                conn, record, request.form.get("entry", ""), author(who), wiring.clock(), base_url
            )
            on_stored(conn, added.stored)

        wiring.writer.run(work)
        return redirect(url_for("insight.todo", undone=1), 303)

    @pages.get("/insight")
    def overview() -> str:
        who = visitor()
        if not who.may_somewhere("see_cohort"):
            raise Forbidden(
                "PEOPLE-ROLE",
                N_("Your role does not include this."),
                N_("Ask the coordinator of the programme who may do it."),
                whom="administrator",
            )

        settle_on_read(wiring)
        with reading(wiring.engine) as conn:
            found = figures(conn, who.grants, wiring.clock(), base_url)
            courses = courses_in_reach(conn, who.grants)
        asked = request.args.get("programme")
        chosen = [one for one in found if asked in (None, "", one.programme.id)]
        return render_template(
            "insight/overview.html",
            tabs=[one.programme.id for one in found],
            asked=asked,
            figures=chosen,
            states=STATES,
            sentence=_sentence(chosen),
            courses=courses,
        )

    return pages


def _group(conn: Connection, course: Course, wanted: str | None) -> tuple[list[groups.Group], frozenset[str] | None]:
    """The groups of the course, and who (by the platform's user ids) is in the wanted one; None: no group is wanted, or
    there is none such."""
    offered = groups.of_course(conn, course.id)
    if wanted is None or all(one.id != wanted for one in offered):
        return offered, None
    return offered, groups.users_in(conn, course.id, wanted)


def _reached(conn: Connection, who: Visitor, learner: Learner) -> bool:
    """Whether a role of the visitor reaches one of the learner's enrolments."""
    return any(may_see(who, one) for one in people.enrolments_of(conn, learner.keys))


def _waits(table: course_table.Table, who: Visitor) -> list[tuple[str, str]]:
    """What waits for somebody's decision, in sentences, each with the address where the visitor decides; "": they do
    not."""
    waits = table.decisions
    found = []
    if some := waits.get("assess"):
        text = ngettext("%(num)s unit waits for assessment.", "%(num)s units wait for assessment.", len(some))
        found.append((text, _where("assess", some, who)))
    if some := waits.get("validate"):
        text = ngettext("%(num)s unit waits for validation.", "%(num)s units wait for validation.", len(some))
        found.append((text, _where("validate", some, who)))
    if some := waits.get("recognise"):
        text = ngettext("%(num)s unit waits for recognition.", "%(num)s units wait for recognition.", len(some))
        found.append((text, _where("recognise", some, who)))
    if table.hours:
        confirms = who.may_somewhere("confirm_hours") or who.may_somewhere("enter_attendance")
        text = _("%(hours)s wait to be confirmed.", hours=hours(table.hours))
        found.append((text, url_for("insight.todo") if confirms else ""))
    return found


def _where(kind: Kind, waiting: Sequence[tuple[Record, str]], who: Visitor) -> str:
    """Where the visitor does this: on the page of the one unit, or in the list of all that waits for them."""
    mine = [
        (record, unit)
        for record, unit in waiting
        if record.enrolment
        and who.may(kind, institution=record.enrolment.institution, programme=record.enrolment.programme)
    ]
    if len(waiting) == len(mine) == 1:
        ((record, unit),) = mine
        return url_for("ecvet.learner_unit", programme=record.programme.id, person=record.learner.person, unit=unit)
    return url_for("insight.todo") if mine else ""


def _task(task: Task) -> dict[str, str]:
    """A card of the to-do list in words, and where it opens."""
    language = current_language()
    who = f"{name_of(task.learner)} · {task.programme.id}"
    if task.kind == "prior":
        return {
            "title": _("Decide: prior learning, %(hours)s", hours=hours(task.hours)),
            "text": task.text,
            "who": who,
            "url": url_for("evidence.prior_of", programme=task.programme.id, person=task.learner.person)
            + f"#claim-{task.entry}",
        }
    named = task.programme.unit(task.unit)
    unit = named.title.in_(language) if named else task.unit
    if task.kind == "work":
        here: dict[str, Any] = {"programme": task.programme.id, "person": task.learner.person, "unit": task.unit}
        return {
            "title": _("Rate project work: %(unit)s", unit=unit),
            "text": task.text,
            "who": who,
            "url": url_for("evidence.works_of", work=task.entry, _anchor=f"work-{task.entry}", **here),
        }
    titles = {
        "assess": _("Assess: %(unit)s", unit=unit),
        "validate": _("Validate: %(unit)s", unit=unit),
        "recognise": _("Recognise: %(unit)s", unit=unit),
    }
    return {
        "title": titles[task.kind]
        if not task.entry
        else _("Confirm %(hours)s: %(mode)s", hours=hours(task.hours), mode=mode_name(task.mode, task.programme)),
        "text": task.text,
        "who": who,
        "url": url_for("ecvet.learner_unit", programme=task.programme.id, person=task.learner.person, unit=task.unit),
    }


def _signing(kind: str, one: Unsigned, now: datetime) -> dict[str, Any]:
    """A card of the to-do list for the agreements of one kind, and the list that it opens."""
    titles = {
        "learning": ngettext(
            "%(num)s learning agreement waits for your signature",
            "%(num)s learning agreements wait for your signature",
            one.count,
        ),
        "memorandum": ngettext(
            "%(num)s memorandum of understanding waits for your signature",
            "%(num)s memoranda of understanding wait for your signature",
            one.count,
        ),
    }
    url = url_for("agreements.index", kind=kind, state="unsigned")
    return {"title": titles[kind], "url": url, "days": (now - one.since).days}


def _from(first: int) -> str:
    """The to-do list from that card on."""
    values: dict[str, Any] = {"from": first}
    return url_for("insight.todo", **values)


def _things(count: int) -> list[str]:
    """How much there is to do; nothing where there is nothing."""
    return [ngettext("%(num)s thing waits for you", "%(num)s things wait for you", count)] if count else []


def _sentence(found: Collection[Figures]) -> str:
    """What the figures say, in words; who is in several programmes counts once."""

    def together(some: Iterable[frozenset[str]]) -> int:
        return len(frozenset[str]().union(*some))

    everyone, active = together(one.everyone for one in found), together(one.active for one in found)
    silent = together(one.silent for one in found)
    not_begun = everyone - together(one.begun for one in found)
    parts = [
        ngettext(
            "%(active)s of %(num)s learner has worked in the last two weeks",
            "%(active)s of %(num)s learners have worked in the last two weeks",
            everyone,
            active=active,
        )
    ]
    if silent:
        parts.append(ngettext("%(num)s has been silent for longer", "%(num)s have been silent for longer", silent))
    if not_begun:
        parts.append(ngettext("%(num)s has not begun", "%(num)s have not begun", not_begun))
    parts += pending(together(one.pending for one in found))
    return "; ".join(parts) + "."
