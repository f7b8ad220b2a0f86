"""A learner's papers for those who issue them."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask import Response as FileResponse
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet.decisions import standing, take_turn
from lti_tool.ecvet.entries import Author
from lti_tool.ecvet.record import Record
from lti_tool.ecvet.views_staff import author, seen
from lti_tool.ecvet.views_words import name_of
from lti_tool.errors import N_, BadInput, Conflict, NotFound, ToolError
from lti_tool.i18n import current_language
from lti_tool.papers import issue as issuing
from lti_tool.papers import register
from lti_tool.papers.award import KINDS, Award
from lti_tool.papers.forms import file, forms_of
from lti_tool.papers.numbers import read_number
from lti_tool.papers.views_words import institution_of, title_of
from lti_tool.people.roles import may
from lti_tool.people.views import visitor
from lti_tool.wiring import Wiring


def add_pages(pages: Blueprint, wiring: Wiring) -> None:
    """`/programme/<programme>/learner/<person>/papers`: what was issued, issuing, withdrawing."""

    @pages.get("/programme/<programme>/learner/<person>/papers")
    def learner(programme: str, person: str) -> str:
        return learner_page(programme, person)

    def learner_page(programme: str, person: str, problem: ToolError | None = None) -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            record = seen(conn, who, programme, person, wiring)
            awards = register.of_learner(conn, record.learner.keys, programme)
        by = author(who)
        must_award(by, record)
        counting = {id for one in record.units for id in standing(record, one)}
        done = read_number(request.args.get("done", ""))
        return render_template(
            "papers/learner.html",
            record=record,
            programme=record.programme,
            person=person,
            name=name_of(record.learner),
            awards=[(one, issuing.groundless(one, counting), may_touch(by, one)) for one in awards],
            things=things(record),
            forms_of=lambda award: forms_of(award, wiring.settings),
            institutions=[(one.id, one.title.in_(current_language())) for one in issuing.institutions_for(record, by)],
            done=next((one for one in awards if one.number == done), None),
            problem=problem,
            form=request.form,
            title_of=title_of,
            institution_of=institution_of,
        )

    @pages.post("/programme/<programme>/learner/<person>/papers")
    def issue(programme: str, person: str) -> Response | tuple[str, int]:
        who, number, sent = visitor(), issuing.new_number(), request.form

        def work(conn: Connection) -> Award:
            take_turn(conn)
            record = seen(conn, who, programme, person, wiring)
            kind, _separator, unit = sent.get("thing", "").partition(":")
            if kind not in KINDS:
                raise BadInput("PAPERS-THING", N_("Choose what to issue."), N_("Go back and choose."))
            told = (sent.get(field, "") for field in ("name", "institution", "quality"))
            wanted = issuing.Request(kind, unit or None, *told)
            return issuing.issue(conn, record, wanted, author(who), wiring.clock(), number)

        try:
            award = wiring.writer.run(work)
        except (BadInput, Conflict) as error:
            return learner_page(programme, person, error), error.status
        return redirect(url_for("papers.learner", programme=programme, person=person, done=award.number), 303)

    @pages.get("/programme/<programme>/learner/<person>/papers/<number>/<form>")
    def learner_file(programme: str, person: str, number: str, form: str) -> FileResponse:
        who = visitor()
        with reading(wiring.engine) as conn:
            record = seen(conn, who, programme, person, wiring)
            must_award(author(who), record)
            award = issuing.award_of(conn, record, read_number(number) or "")
        return file(award, form, wiring.settings)

    @pages.post("/programme/<programme>/learner/<person>/papers/<number>/withdraw")
    def withdraw(programme: str, person: str, number: str) -> Response | tuple[str, int]:
        who = visitor()

        def work(conn: Connection) -> str:
            take_turn(conn)
            record = seen(conn, who, programme, person, wiring)
            found = read_number(number) or ""
            issuing.withdraw(conn, record, found, request.form.get("reason", ""), author(who), wiring.clock())
            return found

        try:
            done = wiring.writer.run(work)
        except (BadInput, Conflict) as error:
            return learner_page(programme, person, error), error.status
        return redirect(url_for("papers.learner", programme=programme, person=person, done=done), 303)


def must_award(by: Author, record: Record) -> None:
    """Raises NotFound for whoever may see the record but issues no papers of it: mentors and trainers need no list."""
    if not may(by.grants, "award", institution=record.institution, programme=record.programme.id):
        raise NotFound("PAPERS-NOT-HERE", N_("Your role does not include papers."), N_("Go back to the learner."))


def may_touch(by: Author, award: Award) -> bool:
    """Whether a role reaches the institution that awarded."""
    return may(by.grants, "award", institution=award.institution, programme=award.programme)


def things(record: Record) -> list[tuple[str, str]]:
    """What can be issued now: (value, words)."""
    language = current_language()
    units = [
        (f"unit:{one.unit.id}", _("Award of unit %(title)s", title=f"{one.unit.id} {one.unit.title.in_(language)}"))
        for one in issuing.awardable(record)
    ]
    return ([("transcript:", str(_("Personal transcript")))] if issuing.has_credit(record) else []) + units
