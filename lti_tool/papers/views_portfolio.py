"""A learner's portfolios: choosing evidence, links that end, a ZIP; and the page behind such a link."""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask import Response as FileResponse
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet import learners
from lti_tool.ecvet.record import Record, records
from lti_tool.ecvet.views_words import evidence, name_of, newest, platform_names
from lti_tool.errors import N_, BadInput, NotFound, ToolError
from lti_tool.papers import portfolio as folders
from lti_tool.papers.forms import as_file
from lti_tool.papers.portfolio import DAYS, Portfolio
from lti_tool.people.views import visitor
from lti_tool.wiring import Wiring


def add_pages(pages: Blueprint, wiring: Wiring) -> None:
    """`/record/portfolio`, and `/shared/<token>` for those with a link."""
    settings = wiring.settings
    secret, base_url = settings.secret_key, settings.base_url

    def record_of(conn: Connection, person: str, programme: str) -> Record | None:
        learner = learners.by_person(conn, [person]).get(person)
        found = records(conn, learner, wiring.clock(), base_url) if learner else ()
        return next((one for one in found if programme in ("", one.programme.id)), None)

    def own_record(conn: Connection, programme: str) -> Record:
        record = record_of(conn, visitor().person, programme)
        if record is None:
            raise NotFound("ECVET-NOT-IN", N_("You are not in this programme."), N_("Choose it first, or another."))
        return record

    @pages.get("/record/portfolio")
    def portfolio() -> str:
        return portfolio_page()

    def portfolio_page(problem: ToolError | None = None) -> str:
        who, now = visitor(), wiring.clock()
        with reading(wiring.engine) as conn:
            record = own_record(conn, request.values.get("programme", ""))
            mine = folders.of_learner(conn, who.keys)
            places = platform_names(conn)
        by_unit = folders.evidence_ids(record)
        return render_template(
            "papers/portfolio.html",
            programme=record.programme,
            units=[
                (one.unit, evidence(record, by_unit[one.unit.id], places, base_url))
                for one in record.units
                if by_unit[one.unit.id]
            ],
            folders=[(one, one.open_at(now), link(one)) for one in mine],
            days=DAYS,
            saved=request.args.get("saved"),
            problem=problem,
            form=request.form,
        )

    def link(one: Portfolio) -> str:
        return f"{base_url}/shared/{folders.token_of(secret, one.id)}"

    @pages.post("/record/portfolio")
    def share() -> Response | tuple[str, int]:
        now, id = wiring.clock(), str(uuid4())

        def work(conn: Connection) -> Portfolio:
            record = own_record(conn, request.form.get("programme", ""))
            days, ticked = request.form.get("days", 0, type=int), request.form.getlist("statement")
            return folders.create(conn, record, id, request.form.get("title", ""), ticked, days, now)

        try:
            made = wiring.writer.run(work)
        except BadInput as error:
            return portfolio_page(error), error.status
        return redirect(url_for("papers.portfolio", programme=made.programme, saved=1), 303)

    @pages.post("/record/portfolio/<id>/revoke")
    def take_back(id: str) -> Response:
        who, now = visitor(), wiring.clock()
        if not wiring.writer.run(lambda conn: folders.revoke(conn, who.keys, id, now)):
            raise not_yours()
        return redirect(url_for("papers.portfolio", saved=1), 303)

    @pages.get("/record/portfolio/<id>.zip")
    def as_zip(id: str) -> FileResponse:
        who = visitor()
        with reading(wiring.engine) as conn:
            one = folders.get(conn, id)
            record = record_of(conn, who.person, one.programme) if one and one.actor_key in who.keys else None
            places = platform_names(conn)
        if one is None or record is None:
            raise not_yours()
        statements = folders.chosen(one, record)
        page = render_template(
            "papers/portfolio_file.html",
            folder=one,
            name=name_of(record.learner),
            programme=record.programme,
            items=newest(statements, record.programme, places, base_url),
        )
        return as_file(folders.archive(statements, page, one.created_at), "application/zip", "portfolio.zip")

    @pages.get("/shared/<token>")
    def shared(token: str) -> FileResponse:
        # `token` in the rule keeps it out of the log (lti_tool/web.py).
        id = folders.read_token(secret, token)
        with reading(wiring.engine) as conn:
            one = folders.get(conn, id) if id else None
            record = None
            if one is not None and one.open_at(wiring.clock()):
                learner = learners.by_key(conn, [one.actor_key]).get(one.actor_key)
                record = record_of(conn, learner.person, one.programme) if learner else None
            places = platform_names(conn)
        if one is None or record is None:
            raise NotFound(
                "PAPERS-SHARED",
                N_("This link has ended, was taken back, or is not complete."),
                N_("Ask whoever gave it to you for a new one."),
                whom="nobody",
            )
        page = render_template(
            "papers/shared.html",
            folder=one,
            name=name_of(record.learner),
            programme=record.programme,
            items=newest(folders.chosen(one, record), record.programme, places, base_url),
        )
        answer = make_response(page)
        answer.headers["X-Robots-Tag"] = "noindex, noarchive"
        return answer


def not_yours() -> NotFound:
    return NotFound("PAPERS-PORTFOLIO", N_("You have no such portfolio."), N_("Go back to your portfolios."))
