"""Pages of seminars: the trainer's list and screen, and the one button of a learner who sits in the room."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet import learners, store
from lti_tool.ecvet.decisions import take_turn
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.once import first_time
from lti_tool.ecvet.record import many, records
from lti_tool.ecvet.terms import Programme
from lti_tool.ecvet.views_staff import author
from lti_tool.ecvet.views_words import name_of
from lti_tool.errors import N_, BadInput, Conflict, Forbidden, NotFound, ToolError
from lti_tool.evidence import seminars
from lti_tool.evidence.codes import code_at, seconds_left
from lti_tool.evidence.seminars import OPEN_FOR, Seminar
from lti_tool.evidence.signed import qr
from lti_tool.people.store import Enrolment
from lti_tool.people.views import Visitor, visitor, visitor_or_none
from lti_tool.wiring import Wiring
from xapi.recording import OnStored
from xapi.store import Stored


def add_pages(pages: Blueprint, wiring: Wiring, on_stored: OnStored) -> None:
    """`/programme/<programme>/seminars…` and `/attend`."""
    base_url, secret = wiring.settings.base_url, wiring.settings.secret_key

    # Trainers

    @pages.get("/programme/<programme>/seminars")
    def seminar_list(programme: str) -> str:
        return list_page(programme)

    def list_page(programme: str, problem: ToolError | None = None) -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            known = held_in(conn, who, programme)
            found = [one for one in seminars.of_programme(conn, programme) if may_hold(who, one)]
            counts = {one.id: len(seminars.present(conn, one)) for one in found}
        return render_template(
            "evidence/seminars.html",
            programme=known,
            seminars=found,
            counts=counts,
            today=wiring.clock().date(),
            problem=problem,
            form=request.form,
        )

    @pages.post("/programme/<programme>/seminars")
    def new_seminar(programme: str) -> Response | tuple[str, int]:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> str | None:
            known = held_in(conn, who, programme)
            unit, spent = seminars.read(request.form, known, now.date())
            if not first_time(conn, request.form.items(multi=True), now):
                return None
            return seminars.create(conn, known, unit, spent, institution_of(who, programme), author(who).agent, now)

        try:
            id = wiring.writer.run(work)
        except (BadInput, Conflict) as error:
            return list_page(programme, error), error.status
        page = url_for("evidence.seminar", programme=programme, id=id) if id else None
        return redirect(page or url_for("evidence.seminar_list", programme=programme), 303)

    @pages.get("/programme/<programme>/seminars/<id>")
    def seminar(programme: str, id: str) -> str:
        who, now = visitor(), wiring.clock()
        with reading(wiring.engine) as conn:
            known = held_in(conn, who, programme)
            one = held(conn, who, programme, id)
            there = seminars.present(conn, one)
            rows = [
                (name_of(learner), learner.person, next((there[key][1] for key in learner.keys if key in there), ""))
                for learner in invited(conn, who, one)
            ]
        return render_template(
            "evidence/seminar.html",
            programme=known,
            seminar=one,
            unit=known.unit(one.unit),
            rows=rows,
            count=len(there),
            open=one.is_open(now),
        )

    @pages.post("/programme/<programme>/seminars/<id>")
    def save_attendance(programme: str, id: str) -> Response:
        who, now = visitor(), wiring.clock()
        listed, ticked = set(request.form.getlist("listed")), set(request.form.getlist("here"))

        def work(conn: Connection) -> None:
            take_turn(conn)
            held_in(conn, who, programme)
            one, by = held(conn, who, programme, id), author(who)
            there = seminars.present(conn, one)
            changed = [
                learner
                for learner in invited(conn, who, one)
                if learner.person in listed and (learner.person in ticked) != any(key in there for key in learner.keys)
            ]
            stored: tuple[Stored, ...] = ()
            for record in (some[0] for some in many(conn, changed, now, base_url, programme).values() if some):
                by.must_any(seminars.MAY_HOLD, record)
                if record.learner.person in ticked:
                    stored += seminars.check_in(conn, record, one, "list", by.agent, now, base_url)
                else:
                    stored += seminars.check_out(conn, record, one, by, now, base_url)
            on_stored(conn, stored)

        wiring.writer.run(work)
        return redirect(url_for("evidence.seminar", programme=programme, id=id, saved=1), 303)

    @pages.post("/programme/<programme>/seminars/<id>/open")
    def open_seminar(programme: str, id: str) -> Response:
        who, now = visitor(), wiring.clock()
        opening = request.form.get("open") == "yes"

        def work(conn: Connection) -> None:
            held_in(conn, who, programme)
            one = held(conn, who, programme, id)
            seminars.open_code(conn, one, author(who).agent, now + OPEN_FOR if opening else None)

        wiring.writer.run(work)
        page = "evidence.seminar_code" if opening else "evidence.seminar"
        return redirect(url_for(page, programme=programme, id=id), 303)

    @pages.get("/programme/<programme>/seminars/<id>/code")
    def seminar_code(programme: str, id: str) -> Response:
        who, now = visitor(), wiring.clock()
        with reading(wiring.engine) as conn:
            known = held_in(conn, who, programme)
            one = held(conn, who, programme, id)
            count = len(seminars.present(conn, one))
        code = code_at(secret, one.id, now)
        page = render_template(
            "evidence/seminar_code.html",
            programme=known,
            seminar=one,
            code=f"{code[:3]}-{code[3:]}",
            picture=qr(f"{base_url}/attend?code={code}"),
            address=f"{base_url}/attend",
            count=count,
            open=one.is_open(now),
        )
        answer = make_response(page)
        if one.is_open(now):
            # Without script too: the page comes anew when the code changes.
            answer.headers["Refresh"] = str(seconds_left(now) + 1)
        return answer

    # Learners

    @pages.get("/attend")
    def attend() -> str:
        return attending_page()

    def attending_page(problem: ToolError | None = None) -> str:
        code = (request.form.get("code") or request.args.get("code") or "")[:20]
        return render_template("evidence/attend.html", code=code, known=visitor_or_none() is not None, problem=problem)

    @pages.post("/attend")
    def check_in() -> str | tuple[str, int]:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> Seminar:
            take_turn(conn)
            me = learners.by_person(conn, [who.person]).get(who.person)
            mine = records(conn, me, now, base_url) if me else ()
            one = seminars.by_code(
                conn, [record.programme.id for record in mine], request.form.get("code", ""), secret, now
            )
            record = next(record for record in mine if record.programme.id == one.programme)
            if one.institution not in (None, record.institution):
                raise Forbidden(
                    "ECVET-SEMINAR-OTHER",
                    N_("This seminar is for learners of another institution."),
                    N_("Ask the trainer to enter you by hand."),
                )
            on_stored(conn, seminars.check_in(conn, record, one, "code", one.trainer, now, base_url))
            return one

        try:
            one = wiring.writer.run(work)
        except BadInput as error:
            return attending_page(error), error.status
        return render_template("evidence/attended.html", seminar=one)


def may_hold(who: Visitor, seminar: Seminar) -> bool:
    """Whether the visitor may open this seminar and say who was there."""
    return who.may("enter_attendance", institution=seminar.institution, programme=seminar.programme)


def held_in(conn: Connection, who: Visitor, programme: str) -> Programme:
    """The programme, for somebody who holds seminars in it. Raises Forbidden, NotFound."""
    if not who.may_somewhere("enter_attendance"):
        raise Forbidden(
            "PEOPLE-ROLE",
            N_("Your role does not include this."),
            N_("Ask the coordinator of the programme who may do it."),
            whom="administrator",
        )
    found = store.get(conn, programme)
    allowed = any(
        who.may("enter_attendance", institution=grant.institution, programme=programme) for grant in who.grants
    )
    if found is None or not allowed:
        raise NotFound("ECVET-PROGRAMME", N_("There is no such programme for you."))
    return found


def held(conn: Connection, who: Visitor, programme: str, id: str) -> Seminar:
    """A seminar that the visitor may hold. Raises NotFound."""
    found = seminars.get_seminar(conn, programme, id)
    if not may_hold(who, found):
        raise NotFound("ECVET-SEMINAR", N_("There is no such seminar for you."), N_("Go back to the list."))
    return found


def institution_of(who: Visitor, programme: str) -> str | None:
    """For whose learners the visitor holds a seminar; None where a grant reaches all."""
    if who.may("enter_attendance", institution=None, programme=programme):
        return None
    return next(
        grant.institution
        for grant in who.grants
        if who.may("enter_attendance", institution=grant.institution, programme=programme)
    )


def invited(conn: Connection, who: Visitor, seminar: Seminar) -> list[Learner]:
    """The learners whom the visitor may enter as present: nobody enters themselves."""

    def reached(one: Enrolment) -> bool:
        mine = seminar.institution in (None, one.institution)
        return mine and who.may("enter_attendance", institution=one.institution, programme=one.programme)

    return [
        learner
        for learner, enrolment in learners.enrolled(conn, seminar.programme)
        if reached(enrolment) and not set(learner.keys) & set(who.keys)
    ]
