"""Pages about programmes themselves: every fact with how sure it is, versions, the schema of their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from flask_babel import gettext as _

from lti_tool.db import reading
from lti_tool.ecvet import store
from lti_tool.ecvet.facts import Stated, counted, stated
from lti_tool.ecvet.facts_words import MEANINGS, STATUSES, field_word, value_words
from lti_tool.ecvet.schema import schema
from lti_tool.ecvet.terms import Programme
from lti_tool.errors import N_, Forbidden, NotFound
from lti_tool.i18n import current_language
from lti_tool.people.views import Visitor, visitor
from lti_tool.wiring import Wiring

KINDS = {"published": "good", "inferred": "info", "draft": "warn", "reconstructed": "none"}


@dataclass(frozen=True, slots=True)
class Section:
    """Facts about one thing: a unit with its outcomes, a module, the programme itself."""

    id: str
    title: str
    counts: dict[str, int]
    rows: tuple[Stated, ...]


def may_read_facts(who: Visitor, programme: str) -> bool:
    """Coordinators of the programme (at whichever institution) and administrators."""
    return any(
        who.may("validate", institution=grant.institution, programme=programme)
        or who.may("administer", institution=grant.institution, programme=programme)
        for grant in who.grants
    )


def must_read_some(who: Visitor) -> None:
    """Raises PEOPLE-ROLE (403) for whoever is neither coordinator nor administrator of anything."""
    if not (who.may_somewhere("validate") or who.may_somewhere("administer")):
        raise Forbidden(
            "PEOPLE-ROLE",
            N_("Your role does not include this."),
            N_("Ask the coordinator of the programme who may do it."),
            whom="administrator",
        )


def add_pages(pages: Blueprint, wiring: Wiring) -> None:
    """`/programme/all`, `/programme/<id>` and `/programme/schema.json`."""
    pages.app_template_global("field_said")(field_said)
    pages.app_template_global("value_said")(value_said)

    @pages.get("/programme/schema.json")
    def schema_file() -> Response:
        # For everybody: editors and other programs fetch it.
        answer = jsonify(schema(wiring.settings.base_url + url_for("ecvet.schema_file")))
        answer.mimetype = "application/schema+json"
        answer.headers["Cache-Control"] = "public, max-age=3600"
        return answer

    @pages.get("/programme/all")
    def programmes() -> str:
        who = visitor()
        must_read_some(who)
        with reading(wiring.engine) as conn:
            found = [
                (one, counted(stated(one, (current_language(),))), store.versions_of(conn, one.id))
                for one in store.current(conn)
                if may_read_facts(who, one.id)
            ]
        return render_template("ecvet/programmes.html", found=found, statuses=STATUSES, kinds=KINDS)

    @pages.get("/programme/<programme>")
    def facts(programme: str) -> str:
        who = visitor()
        must_read_some(who)
        version, only = request.args.get("version"), request.args.get("status")
        with reading(wiring.engine) as conn:
            found = store.get(conn, programme, version) if may_read_facts(who, programme) else None
            versions = store.versions_of(conn, programme) if found else ()
        if found is None:
            raise NotFound("ECVET-PROGRAMME", N_("There is no such programme for you."))
        every = stated(found, (current_language(),))
        chosen = [one for one in every if only not in STATUSES or one.status == only]
        return render_template(
            "ecvet/facts.html",
            programme=found,
            versions=versions,
            counts=counted(every),
            sections=sections(found, chosen),
            statuses=STATUSES,
            meanings=MEANINGS,
            kinds=KINDS,
            only=only if only in STATUSES else None,
            cited={source for one in chosen for source in one.sources},
            may_move=who.may_somewhere("move"),
        )


def sections(programme: Programme, facts: Sequence[Stated]) -> list[Section]:
    """Facts by what they are about; outcomes stand with their unit. Things without a fact are left out."""
    unit_of = {outcome.id: unit.id for unit in programme.units for outcome in unit.outcomes}

    def about(one: Stated) -> tuple[str, str]:
        if one.kind in ("unit", "outcome"):
            return ("unit", unit_of.get(one.id, one.id))
        return (one.kind, one.id) if one.kind in ("module", "institution", "rubric") else (one.kind, "")

    found = []
    for (kind, id), some in groupby(facts, key=about):
        rows = tuple(some)
        found.append(Section(f"{kind}-{id}" if id else kind, _title(programme, kind, id), dict(counted(rows)), rows))
    return found


def _title(programme: Programme, kind: str, id: str) -> str:
    language = current_language()
    named = {
        "unit": programme.unit(id),
        "module": programme.module(id),
        "institution": next((one for one in programme.institutions if one.id == id), None),
        "rubric": next((one for one in programme.rubrics if one.id == id), None),
    }.get(kind)
    if named is not None:
        return f"{id} {named.title.in_(language)}"
    words = {
        "programme": _("The programme"),
        "project": _("The project it comes from"),
        "mode": _("Modes of hours"),
        "credit_scheme": _("Credit scheme"),
        "framework": _("Frameworks"),
    }
    return str(words.get(kind, kind))


def field_said(field: str) -> str:
    """The name of a field in the reader's language."""
    return str(_(field_word(field)))


def value_said(field: str, value: str) -> str:
    """A value in the reader's language where it is a code, as it stands where it speaks for itself."""
    words = value_words(field, value)
    return ", ".join(str(_(word)) for word in words) if words else value
