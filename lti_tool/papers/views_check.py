"""`/check/<number>`: whether a paper stands. Open to all who have the number; shows what its learner allowed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.db import reading
from lti_tool.errors import N_, NotFound
from lti_tool.papers import register
from lti_tool.papers.award import disclosed
from lti_tool.papers.numbers import read_number, show_number
from lti_tool.papers.views_words import here
from lti_tool.wiring import Wiring

Elsewhere = Callable[[Connection, str, datetime], str | None]
"""The page of a number that is none of an award; None where it is none at all."""


def nowhere(conn: Connection, number: str, now: datetime) -> str | None:
    """For installations (and tests) in which awards alone have numbers."""
    return None


def add_pages(pages: Blueprint, wiring: Wiring, elsewhere: Elsewhere) -> None:
    """`/check`, where a number is typed, and `/check/<number>`."""

    @pages.get("/check")
    def ask() -> str | AnyResponse:
        typed = request.args.get("number", "")
        if typed:
            # A number with a slash in it is none; whatever else was typed goes into the address as it is.
            found = read_number(typed)
            return redirect(url_for("papers.check", number=show_number(found) if found else "-"), 303)
        return render_template("papers/ask.html")

    @pages.get("/check/<number>")
    def check(number: str) -> Response:
        # No limit and no list of who asks: numbers can't be guessed (numbers.py), and a number that is none, or not
        # there, gives one and the same answer.
        wanted = read_number(number)
        with reading(wiring.engine) as conn:
            award = register.get(conn, wanted) if wanted else None
            shown = elsewhere(conn, wanted, wiring.clock()) if wanted and award is None else None
        if award is not None:
            shown = render_template("papers/check.html", told=disclosed(award, award.shows), here=here)
        if shown is None:
            raise NotFound(
                "PAPERS-NUMBER",
                N_("There is no paper with this number."),
                N_("Compare it with the paper: it has twenty letters and digits, and neither I, L, O nor U."),
                whom="nobody",
            )
        answer = make_response(shown)
        answer.headers["X-Robots-Tag"] = "noindex, noarchive"
        return answer
