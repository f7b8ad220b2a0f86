"""What the papers of both kinds of agreements have in common: parties, units, periods, signatures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from lti_tool.agreements.terms import LEARNER, Agreement
from lti_tool.ecvet.facts_words import METHODS
from lti_tool.ecvet.terms import MODES, tidy
from lti_tool.errors import N_
from lti_tool.papers.document import Cell, Fact, Said, Section, Table, marked, said
from lti_tool.papers.words import OUTCOME_KINDS, Translate, day, number, word

Snapshot = Mapping[str, Any]
_BANNERS: Final = {
    "draft": N_("Not in force until all parties have signed."),
    "ended": N_("This agreement has ended."),
    "superseded": N_("This paper was replaced by a newer one."),
    "withdrawn": N_("This paper was withdrawn."),
}
_HOW: Final = {"here": N_("signed in"), "paper": N_("on paper")}


def banner(one: Agreement, today: date, _: Translate) -> str:
    """What must be read first; nothing where the agreement holds."""
    state = one.state(today)
    return _(_BANNERS[state]) if state in _BANNERS else ""


def period(one: Agreement, language: str, _: Translate) -> str:
    """From when until when; what was ended early, until then."""
    return _("%(first)s to %(last)s") % {"first": day(one.starts, language), "last": day(one.last_day, language)}


def party_facts(content: Snapshot, place: int, _: Translate) -> tuple[Fact, ...]:
    """Address and whom to ask; what nobody wrote is left out."""
    party = content["parties"][place]
    wishes = content["wish"]
    wish = wishes["parties"][place] if "parties" in wishes else wishes[party["part"]]
    contact = ", ".join(part for part in (wish["contact"], wish["position"]) if part)
    pairs = (
        (_("Address"), party["address"]),
        (_("Website"), party["website"]),
        (_("Contact person"), contact),
        (_("E-mail"), wish["email"]),
        (_("Phone"), wish["phone"]),
    )
    return tuple((label, value) for label, value in pairs if value)


def units_table(content: Snapshot, language: str, _: Translate) -> Table:
    """The units with their points, hours and types of assessment."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            unit["id"],
            said(unit["title"], language),
            marked(number(unit["points"]["value"], language), unit["points"]["status"]),
            marked(number(tidy(sum(unit["hours"].values())), language), unit["hours_status"]),
            ", ".join(word(METHODS, one["id"], _) for one in unit["assessment"]["methods"]),
        )
        for unit in content["units"]
    )
    head = (_("Code"), _("Unit"), _("Points"), _("Hours"), _("Type of assessment"))
    return Table(_("Units"), head, rows, (4, 9, 3, 3, 7))


def outcomes_table(content: Snapshot, language: str, _: Translate) -> Table:
    """All learning outcomes of the units."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (unit["id"], word(OUTCOME_KINDS, one["kind"], _), said(one["text"], language))
        for unit in content["units"]
        for one in unit["outcomes"]
    )
    return Table(_("Units and outcomes"), (_("Unit"), _("Kind"), _("Outcome")), rows, (3, 4, 11))


def hours_table(content: Snapshot, language: str, _: Translate) -> Table:
    """Hours by mode; modes without any are left out."""
    names = {mode["id"]: said(mode["title"], language) for mode in content["modes"]}
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (names[mode], marked(number(hours["value"], language), hours["status"]))
        for mode in MODES
        if (hours := content["hours"][mode])["value"]
    )
    return Table(_("Learning by mode"), (_("Mode"), _("Hours")), rows, (8, 3))


def points_of(content: Snapshot, language: str) -> Said:
    """The points of the units together."""
    total = tidy(sum(unit["points"]["value"] for unit in content["units"]))
    scheme = content["programme"]["scheme"]["title"]["text"][language]
    return marked(f"{scheme}: {number(total, language)}", content["programme"]["points"]["status"])


def signatures(one: Agreement, language: str, _: Translate) -> Section:
    """Who has signed, when and how; and a place for everybody who has not."""
    rows: list[tuple[Cell, ...]] = []
    places: list[tuple[str, ...]] = []
    for place in one.signers:
        whose = signer(one, place, language, _)
        act = one.signatures.get(place)
        if act is None:
            places.append((*whose, _("Name, position, place and date")))
        else:
            who = ", ".join(part for part in (act.person, act.position) if part)
            rows.append((whose[0], who, day(act.day, language), _(_HOW[act.how])))
    table = Table(_("Signed"), (_("Party"), _("Name"), _("Day"), _("How")), tuple(rows), (6, 6, 4, 4))
    return Section(_("Signatures"), tables=(table,) if rows else (), signatures=tuple(places))


def signer(one: Agreement, place: str, language: str, _: Translate) -> tuple[str, ...]:
    """Who signs there: the institution (with its part in a learning agreement), or the learner by name."""
    if place == LEARNER:
        return (f"{_('Learner')}: {one.learner_name}",)
    party = one.snapshot["parties"][int(place)]
    title = str(party["title"]["text"][language])
    part = {"home": _("Home institution"), "host": _("Host institution")}.get(party["part"])
    return (f"{part}: {title}" if part else title,)
