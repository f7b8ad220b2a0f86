"""The register of awards, for those who issue: search, filter, CSV."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _
from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.ecvet import learners, store
from lti_tool.ecvet.terms import Programme
from lti_tool.errors import N_, Forbidden
from lti_tool.i18n import current_language, iso
from lti_tool.papers import register
from lti_tool.papers.award import KINDS, STATES, Award
from lti_tool.papers.numbers import read_number, show_number
from lti_tool.papers.register import Sought
from lti_tool.papers.views_words import institution_of, kind_word, state_word, title_of
from lti_tool.people.roles import reach
from lti_tool.people.views import Visitor, visitor
from lti_tool.spreadsheet import as_csv
from lti_tool.wiring import Wiring

PAGE_OF = 50
MOST_ROWS = 100_000
"""Of one CSV file; who has more narrows the search."""
FILTERS = ("q", "kind", "state", "programme", "institution", "since", "until")


def add_pages(pages: Blueprint, wiring: Wiring) -> None:
    """`/register` and `/register.csv`."""

    @pages.get("/register")
    def registered() -> str:
        who = who_awards()
        first = max(request.args.get("from", 0, type=int), 0)
        with reading(wiring.engine) as conn:
            awards, count = register.search(conn, sought(), within(who), first, PAGE_OF)
            people = persons(conn, awards)
            programmes = [one for one in store.current(conn) if reaches(who, one.id)]
        return render_template(
            "papers/register.html",
            awards=awards,
            people=people,
            count=count,
            first=first,
            page_of=PAGE_OF,
            asked={name: request.args.get(name, "") for name in FILTERS},
            kinds=[(kind, kind_word(kind)) for kind in KINDS],
            states=[(state, state_word(state)) for state in STATES],
            programmes=[(one.id, one.title.in_(current_language())) for one in programmes],
            institutions=institutions(programmes),
            title_of=title_of,
            institution_of=institution_of,
        )

    @pages.get("/register.csv")
    def registered_csv() -> Response:
        who = who_awards()
        with reading(wiring.engine) as conn:
            awards, _count = register.search(conn, sought(), within(who), 0, MOST_ROWS)
        head = [
            _("Number"),
            _("State"),
            _("Since"),
            _("Paper"),
            _("Learner"),
            _("Programme"),
            _("Version"),
            _("Unit"),
            _("Title"),
            _("Institution"),
            _("Issued"),
            _("Issued by"),
        ]
        return Response(
            as_csv(head, [row(one) for one in awards]),
            mimetype="text/csv",
            headers={"Content-Disposition": "attachment; filename=register.csv", "Cache-Control": "no-store"},
        )


def who_awards() -> Visitor:
    """The visitor, who may issue somewhere; raises PEOPLE-ROLE (403) otherwise."""
    who = visitor()
    if not who.may_somewhere("award"):
        raise Forbidden(
            "PEOPLE-ROLE",
            N_("Your role does not include this."),
            N_("Ask the coordinator of the programme who may do it."),
            whom="administrator",
        )
    return who


def within(who: Visitor) -> frozenset[tuple[str | None, str | None]]:
    """Where the visitor may see the register."""
    return reach(who.grants, "award")


def reaches(who: Visitor, programme: str) -> bool:
    return any(one in (None, programme) for _institution, one in within(who))


def sought() -> Sought:
    """What the address asks for. A day that is none asks for nothing."""
    text = request.args.get("q", "").strip()
    until = _day("until")
    return Sought(
        text=text,
        number=read_number(text),
        kind=request.args.get("kind", ""),
        state=request.args.get("state", ""),
        programme=request.args.get("programme", ""),
        institution=request.args.get("institution", ""),
        since=_day("since"),
        until=until + timedelta(days=1) if until else None,
    )


def _day(name: str) -> datetime | None:
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    # A filter a year from either end of the calendar has no use, and no day after it.
    return datetime.combine(day, time(), UTC) if 1970 <= day.year < 9999 else None


def persons(conn: Connection, awards: list[Award]) -> dict[str, str]:
    """The persons (for links) behind the accounts of these awards, by account."""
    found = learners.by_key(conn, {one.learner_key for one in awards})
    return {key: one.person for key, one in found.items()}


def institutions(programmes: list[Programme]) -> list[tuple[str, str]]:
    """All institutions of these programmes, once each, by name."""
    found = {one.id: one.title.in_(current_language()) for each in programmes for one in each.institutions}
    return sorted(found.items(), key=lambda pair: pair[1].casefold())


def row(award: Award) -> list[str]:
    """An award as a line of the CSV."""
    return [
        show_number(award.number),
        state_word(award.state),
        iso(award.since),
        kind_word(award.kind),
        award.learner_name,
        award.programme,
        award.version,
        award.unit or "",
        title_of(award),
        institution_of(award),
        iso(award.issued_at),
        award.issued_by,
    ]
