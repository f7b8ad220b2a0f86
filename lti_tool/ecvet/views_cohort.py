"""The learners of a programme, for mentors, trainers, assessors and coordinators: found, filtered, in pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.ecvet import store
from lti_tool.ecvet.cohort import Cohort, Wanted, cohort, courses_in_reach, institutions_in_reach
from lti_tool.ecvet.judge import STATES
from lti_tool.ecvet.settling import settle_on_read
from lti_tool.ecvet.terms import Programme, Unit
from lti_tool.ecvet.views_programme import may_read_facts
from lti_tool.ecvet.views_staff import must_see_records, reaches
from lti_tool.errors import N_, NotFound
from lti_tool.i18n import country_name, current_language
from lti_tool.people.store import short_tag
from lti_tool.people.views import visitor
from lti_tool.wiring import Wiring

PAGE_OF = 50
"""Learners on one page of a programme."""


def add_pages(pages: Blueprint, wiring: Wiring) -> None:
    """`/programme`. The page is its address: programme, search, filters and place in the list."""
    base_url = wiring.settings.base_url

    @pages.get("/programme")
    def programme() -> str:
        who = visitor()
        must_see_records(who)
        settle_on_read(wiring)
        asked, wanted = request.args.get("programme"), sought()
        first = max(request.args.get("from", 0, type=int), 0)
        found: Cohort | None = None
        with reading(wiring.engine) as conn:
            mine = [one for one in store.current(conn) if reaches(who, one.id)]
            chosen = next((one for one in mine if one.id == asked), None if asked else next(iter(mine), None))
            if asked and chosen is None:
                raise NotFound("ECVET-PROGRAMME", N_("There is no such programme for you."))
            if chosen:
                now, window = wiring.clock(), (first, PAGE_OF)
                found = cohort(conn, chosen, who.grants, wanted, called, window, now, base_url)
                courses = courses_in_reach(conn, who.grants, chosen.id)
                institutions = institutions_in_reach(conn, who.grants, chosen.id)
                shown = units_shown(conn, chosen, found)
        if chosen is None or found is None:
            return render_template("ecvet/programme.html", programme=None, tabs=[], found=None)
        kept = {name: value for name, value in asked_for().items() if value}
        return render_template(
            "ecvet/programme.html",
            programme=chosen,
            tabs=[one.id for one in mine],
            found=found,
            states=STATES,
            sentence=sentence(found, wanted),
            wanted=wanted,
            units=shown,
            courses=[(str(one.id), one.title or one.label or str(one.id)) for one in courses],
            countries=countries(chosen, institutions),
            institutions=[(one, named(chosen, one)) for one in institutions],
            back=at(chosen, kept, max(first - PAGE_OF, 0)) if first else None,
            more=at(chosen, kept, first + PAGE_OF) if first + PAGE_OF < found.count else None,
            may_read_facts=may_read_facts(who, chosen.id),
        )


def units_shown(conn: Connection, programme: Programme, found: Cohort) -> tuple[Unit, ...]:
    """The units of the programme as new learners get it, then those that only learners on another version have."""
    units = {unit.id: unit for unit in programme.units}
    for version in sorted({line.summary.version for line in found.lines} - {programme.version}):
        other = store.get(conn, programme.id, version)
        for unit in other.units if other else ():
            units.setdefault(unit.id, unit)
    return tuple(units.values())


def sought() -> Wanted:
    """What the address asks for."""
    its = asked_for()
    return Wanted(
        name=its["q"],
        course=request.args.get("course", type=int),
        country=its["country"],
        institution=its["institution"],
        unit=its["unit"] if its["state"] in STATES else "",
        state=its["state"] if its["unit"] and its["state"] in STATES else "",
    )


def asked_for() -> dict[str, str]:
    """Search and filters as they stand in the address."""
    names = ("q", "course", "country", "institution", "unit", "state")
    return {name: request.args.get(name, "").strip()[:200] for name in names}


def at(programme: Programme, kept: dict[str, str], first: int) -> str:
    """The address of the list from that learner on, with search and filters as they are."""
    values: dict[str, Any] = {"programme": programme.id, **kept, "from": first}
    return url_for("ecvet.programme", **values)


def sentence(found: Cohort, wanted: Wanted) -> str:
    """What the list says, in words."""
    if wanted.anything:
        said = ngettext(
            "%(num)s of %(of)s learners is as you asked",
            "%(num)s of %(of)s learners are as you asked",
            found.count,
            of=found.of,
        )
    else:
        said = ngettext("%(num)s learner", "%(num)s learners", found.count)
    return "; ".join([said, *pending(found.pending)])


def pending(count: int) -> list[str]:
    """That so many learners are being judged again; nothing where there is nobody."""
    if not count:
        return []
    return [ngettext("%(num)s learner is being judged again", "%(num)s learners are being judged again", count)]


def called(name: str | None, key: str) -> str:
    """What to call a learner whose account this is, as `person_name` does."""
    return name or str(_("Learner %(tag)s", tag=short_tag(key)))


def named(programme: Programme, institution: str) -> str:
    """An institution in the reader's language; its id where the programme does not know it."""
    found = next((one for one in programme.institutions if one.id == institution), None)
    return found.title.in_(current_language()) if found else institution


def countries(programme: Programme, institutions: list[str]) -> list[tuple[str, str]]:
    """The countries of these institutions, for a list to choose from; nothing where there is one alone."""
    there = sorted({one.country for one in programme.institutions if one.id in institutions and one.country})
    if len(there) < 2:
        return []
    return [(one, country_name(one)) for one in there]
