"""Pages of project work: what a learner hands in, and what an assessor says to it. Others with a role only read it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet import store as programmes
from lti_tool.ecvet.decisions import take_turn
from lti_tool.ecvet.once import first_time
from lti_tool.ecvet.record import Record, UnitRecord
from lti_tool.ecvet.terms import Rubric, Text
from lti_tool.ecvet.views_staff import author, of_unit, seen
from lti_tool.ecvet.views_words import name_of
from lti_tool.errors import BadInput, Conflict, ToolError
from lti_tool.evidence import files, handing_in, rating, works
from lti_tool.evidence.reach import own_unit, theirs
from lti_tool.evidence.views_files import folder, sent_files
from lti_tool.evidence.works import MAY_RATE, Act, Work
from lti_tool.people.views import visitor
from lti_tool.wiring import Wiring
from xapi.recording import OnStored


@dataclass(frozen=True, slots=True)
class Shown:
    """Work as pages show it. `rubric`: the one by which it was rated last, else that of the unit; `files`: by id, those
    that are still there."""

    work: Work
    rubric: Rubric | None
    files: Mapping[str, files.File]

    def rated(self, act: Act) -> list[tuple[str | Text, str | Text, str]]:
        """Criterion, level and comment of a rating; ids stand where the rubric does not know them."""
        found: list[tuple[str | Text, str | Text, str]] = []
        for id, level in act.levels.items():
            criterion = self.rubric.criterion(id) if self.rubric else None
            step = self.rubric.level(level) if self.rubric else None
            comment = act.comments.get(id, "")
            found.append((criterion.title if criterion else id, step.title if step else level, comment))
        return found


def add_pages(pages: Blueprint, wiring: Wiring, on_stored: OnStored) -> None:
    """`/record/unit/<unit>/work` and `/programme/…/unit/<unit>/work`."""
    base_url = wiring.settings.base_url

    def of_record(record: Record, unit: str | None = None) -> list[Shown]:
        """The work of a learner, for pages that know nothing of it: in a unit, or in all that came back."""
        with reading(wiring.engine) as conn:
            found = works.of_learner(conn, record.learner.keys, record.programme.id, unit)
            if unit is None:
                found = [one for one in found if one.state == "returned"]
            return shown(conn, record, found)

    pages.app_template_global("project_works")(of_record)

    # The learner

    @pages.get("/record/unit/<unit>/work")
    def own_works(unit: str) -> str:
        return own_page(unit, request.args.get("programme", ""), request.args.get("work", ""))

    def own_page(unit: str, programme: str, chosen: str, problem: ToolError | None = None) -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            record, one = own_unit(conn, who, programme, unit, wiring)
            found = shown(conn, record, works.of_learner(conn, record.learner.keys, record.programme.id, unit))
        open_ones = [each.work for each in found if each.work.state != "rated"]
        work = next((each for each in open_ones if each.id == chosen), None)
        return render_template(
            "evidence/own_works.html",
            record=record,
            programme=record.programme,
            one=one,
            found=found,
            work=work,
            kept=next((each.files for each in found if each.work is work), {}),
            takes=may_hand_in(one, found, work),
            kinds=files.WORK,
            limits=works,
            problem=problem,
            form=request.form,
        )

    @pages.post("/record/unit/<unit>/work")
    def hand_in(unit: str) -> Response | tuple[str, int]:
        who, now = visitor(), wiring.clock()
        sent = request.form
        programme, id = sent.get("programme", ""), sent.get("work", "")

        def read(conn: Connection) -> tuple[Record, UnitRecord, works.Wish, list[str]]:
            record, one = own_unit(conn, who, programme, unit, wiring)
            earlier = handing_in.earlier(conn, record, one, id)
            wish = works.read_wish(sent, one.unit)
            kept = [file for file in (earlier.newest.files if earlier else ()) if file in sent.getlist("keep")]
            return record, one, wish, kept

        def work(conn: Connection) -> None:
            take_turn(conn)
            if not first_time(conn, sent.items(multi=True), now):
                return
            record, one, wish, kept = read(conn)
            account = record.learner.account
            added = [files.add(conn, new, account.key, now) for new in arrived] if account else []
            on_stored(conn, handing_in.hand_in(conn, record, one, id, wish, [*kept, *added], now, base_url))

        try:
            with reading(wiring.engine) as conn:
                _record, _one, wish, kept = read(conn)  # nothing is written to the disk for a form that is wrong
            chosen = sent_files("file")
            handing_in.check_parts(wish, len(kept) + len(chosen))
            place = folder(wiring.settings)
            arrived = [files.keep(place, one.stream, one.filename or "", files.WORK) for one in chosen]
            wiring.writer.run(work)
        except (BadInput, Conflict) as error:
            return own_page(unit, programme, id, error), error.status
        return redirect(url_for("evidence.own_works", unit=unit, programme=programme, saved=1), 303)

    # Those who read and rate

    @pages.get("/programme/<programme>/learner/<person>/unit/<unit>/work")
    def works_of(programme: str, person: str, unit: str) -> str:
        return rating_page(programme, person, unit)

    def rating_page(programme: str, person: str, unit: str, problem: ToolError | None = None) -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            record = seen(conn, who, programme, person, wiring)
            one = of_unit(record, unit)
            found = shown(conn, record, works.of_learner(conn, record.learner.keys, record.programme.id, unit))
        may_rate = author(who).may_any(MAY_RATE, record)
        asked = request.form.get("work") or request.args.get("work")
        turn = [each.work for each in found if each.work.state != "rated"] if may_rate and one.unit.rubric else []
        chosen = next((each for each in turn if each.id == asked), None)
        chosen = chosen or next((each for each in turn if each.state == "waiting"), None)
        return render_template(
            "evidence/works.html",
            record=record,
            programme=record.programme,
            one=one,
            name=name_of(record.learner),
            found=found,
            chosen=chosen,
            waiting=rating.hours_waiting(record, chosen, base_url) if chosen else (),
            may_rate=may_rate,
            most=works.MOST_WORDS,
            problem=problem,
            form=request.form,
        )

    @pages.post("/programme/<programme>/learner/<person>/unit/<unit>/work")
    def decide_work(programme: str, person: str, unit: str) -> Response | tuple[str, int]:
        who, now, sent = visitor(), wiring.clock(), request.form
        said = rating.Said(
            result=sent.get("result", ""),
            version=sent.get("version", ""),
            levels=by_criterion(sent, "level-"),
            comments=by_criterion(sent, "comment-"),
            reason=sent.get("reason", ""),
        )

        def work(conn: Connection) -> None:
            take_turn(conn)
            record, by = theirs(conn, who, programme, person, wiring, MAY_RATE)
            one = of_unit(record, unit)
            on_stored(conn, rating.decide(conn, record, one, sent.get("work", ""), said, by, now, base_url))

        try:
            wiring.writer.run(work)
        except (BadInput, Conflict) as error:
            return rating_page(programme, person, unit, error), error.status
        page = url_for("evidence.works_of", programme=programme, person=person, unit=unit, done=said.result)
        return redirect(page, 303)


def shown(conn: Connection, record: Record, found: Collection[Work]) -> list[Shown]:
    """Work with what pages need to show it."""
    ids = {id for work in found for version in work.versions for id in version.files}
    there = files.get(conn, ids)
    return [
        Shown(work, _rubric(conn, record, work), {id: one for id, one in there.items() if _is_of(work, id)})
        for work in found
    ]


def _is_of(work: Work, file: str) -> bool:
    return any(file in version.files for version in work.versions)


def _rubric(conn: Connection, record: Record, work: Work) -> Rubric | None:
    unit = record.unit(work.unit)
    version = next((act.programme_version for act in reversed(work.acts) if act.result == "rated"), None)
    if version is not None and unit is not None and version != record.version_of(work.unit):
        then = programmes.get(conn, work.programme, version)
        old = then.unit(work.unit) if then else None
        if old is not None:
            return old.rubric
    return unit.unit.rubric if unit else None


def may_hand_in(unit: UnitRecord, found: Collection[Shown], work: Work | None) -> bool:
    """Whether a page offers the form: for a new work, or for a new version of `work`."""
    if unit.unit.rubric is None or unit.awarded:
        return False
    return len(work.versions) < works.MOST_VERSIONS if work else len(found) < works.MOST_WORKS


def by_criterion(sent: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The fields of a form whose name begins so, by what follows: an empty one was not filled in."""
    return {name.removeprefix(prefix): text for name, text in sent.items() if name.startswith(prefix) and text.strip()}
