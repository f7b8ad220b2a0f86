"""A learner's own papers: what was issued, and what others who check a number may see."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask import Response as FileResponse
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet import learners
from lti_tool.ecvet.record import records
from lti_tool.ecvet.views_words import name_of
from lti_tool.errors import N_, BadInput, NotFound
from lti_tool.i18n import current_language
from lti_tool.papers import register
from lti_tool.papers.award import SHOWS, Award
from lti_tool.papers.forms import as_file, file, forms_of
from lti_tool.papers.numbers import read_number
from lti_tool.papers.snapshot import extract_of
from lti_tool.papers.transcript import extract
from lti_tool.papers.typeset import pdf
from lti_tool.papers.views_words import institution_of, title_of
from lti_tool.people import store as people
from lti_tool.people.views import Visitor, visitor
from lti_tool.wiring import Wiring


def own(conn: Connection, who: Visitor, number: str) -> Award:
    """The visitor's own award; raises the same NotFound for a number that is not there and one of somebody else."""
    award = register.get(conn, read_number(number) or "")
    if award is None or award.learner_key not in who.keys:
        raise NotFound("PAPERS-NOT-YOURS", N_("You have no paper with this number."), N_("Go back to your papers."))
    return award


def add_pages(pages: Blueprint, wiring: Wiring) -> None:
    """`/record/papers` and what the learner chooses there."""

    @pages.get("/record/papers")
    def mine() -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            awards = register.of_learner(conn, who.keys)
            programmes = [one.programme for one in people.enrolments_of(conn, who.keys)]
        return render_template(
            "papers/mine.html",
            awards=awards,
            levels=SHOWS,
            forms_of=lambda award: forms_of(award, wiring.settings),
            programmes=programmes,
            saved=request.args.get("saved"),
            title_of=title_of,
            institution_of=institution_of,
        )

    @pages.get("/record/papers/<number>/<form>")
    def own_file(number: str, form: str) -> FileResponse:
        who = visitor()
        with reading(wiring.engine) as conn:
            award = own(conn, who, number)
        return file(award, form, wiring.settings)

    @pages.get("/record/extract.pdf")
    def extract_file() -> FileResponse:
        who = visitor()
        with reading(wiring.engine) as conn:
            learner = learners.by_person(conn, [who.person]).get(who.person)
            found = records(conn, learner, wiring.clock(), wiring.settings.base_url) if learner else ()
        record = next((one for one in found if one.programme.id == request.args.get("programme")), None)
        if record is None:
            raise NotFound("ECVET-NOT-IN", N_("You are not in this programme."), N_("Choose it first, or another."))
        content = extract_of(record, name_of(record.learner))
        made = pdf(extract(content, record.at, current_language(), wiring.settings.funding_note))
        return as_file(made, "application/pdf", f"record-{record.programme.id}.pdf")

    @pages.post("/record/papers/<number>/shows")
    def choose(number: str) -> Response:
        who, chosen = visitor(), request.form.get("shows", "")
        if chosen not in SHOWS:
            raise BadInput("PAPERS-SHOWS", N_("Choose what others see."), N_("Go back and tick one."))

        def work(conn: Connection) -> str:
            award = own(conn, who, number)
            register.choose_shows(conn, award.number, chosen, wiring.clock())
            return award.number

        saved = wiring.writer.run(work)
        return redirect(url_for("papers.mine", saved=saved, _anchor=saved), 303)
