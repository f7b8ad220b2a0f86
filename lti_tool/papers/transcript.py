"""The personal transcript, the award of a unit, and the extract that nobody has issued: one form, three titles.

There is no official form of the personal transcript. This one says what the 2009 Recommendation (OJ C 155, 8.7.2009,
Annex II) asks of it, and the eleven fields of a micro-credential (Council Recommendation of 16 June 2022, Annex I).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from lti_tool.ecvet.facts_words import METHODS
from lti_tool.ecvet.judge import STATES as UNIT_STATES
from lti_tool.ecvet.terms import MODES
from lti_tool.ecvet.words import state_text
from lti_tool.errors import N_
from lti_tool.papers.award import KIND_WORDS, Award
from lti_tool.papers.document import Cell, Document, Fact, Said, Section, Table, marked, said
from lti_tool.papers.words import ACT_WORDS, MARKS, OUTCOME_KINDS, Translate, day, number, translator, word

Snapshot = Mapping[str, Any]
DETAILED: Final = frozenset(UNIT_STATES[UNIT_STATES.index("assessed_not_yet") :])
"""Units that people have decided about are told in full, the others by their state alone."""
_STATE_BANNERS: Final = {
    "superseded": N_("This paper was replaced by a newer one."),
    "withdrawn": N_("This paper was withdrawn."),
}


def transcript(award: Award, language: str, base_url: str, funding: str) -> Document:
    """The paper of an award. One that is superseded or withdrawn says so at its head."""
    _ = translator(language)
    content = award.snapshot
    banner = _(_STATE_BANNERS[award.state]) if award.state in _STATE_BANNERS else ""
    issued: tuple[Fact, ...] = (
        (_("Issued"), day(award.issued_at, language)),
        (_("Issued by"), award.issued_by),
    )
    return Document(
        language=language,
        title=_(KIND_WORDS[award.kind]),
        subtitle=said((content["units"][0] if award.kind == "unit" else content["programme"])["title"], language),
        facts=head(content, language) + issued,
        sections=_sections(content, language),
        made_at=award.issued_at,
        number=award.number,
        check_url=f"{base_url}/check/{award.number}",
        banner=banner,
        funding=funding,
        notes=(_("Points have no value apart from the learning outcomes that they stand for."),),
    )


def extract(content: Snapshot, at: datetime, language: str, funding: str) -> Document:
    """The record as it stands, on paper. It has no number, for nobody stands up for it, and says so at its head."""
    _ = translator(language)
    return Document(
        language=language,
        title=_("Record of learning"),
        subtitle=said(content["programme"]["title"], language),
        facts=(*head(content, language), (_("As of"), day(at, language))),
        sections=_sections(content, language),
        made_at=at,
        banner=_("Not an issued paper: nobody has certified this extract."),
        funding=funding,
    )


def head(content: Snapshot, language: str) -> tuple[Fact, ...]:
    """Who, what, at which level, by whom."""
    _, programme = translator(language), content["programme"]
    facts: list[Fact] = [
        (_("Learner"), content["learner"]["name"]),
        (_("Programme"), said(programme["title"], language)),
    ]
    if content["institution"]:
        one = content["institution"]
        facts.append((_("Institution that awards"), awarding(one, language)))
    if content["home"]:
        facts.append((_("Home institution"), said(content["home"]["title"], language)))
    facts.append((_("Level"), level(programme, _)))
    facts.append((_("Points"), points(content, language, _)))
    if content["since"]:
        facts.append((_("In the programme since"), day(content["since"], language)))
    facts.append((_("Learner's hours"), _recorded(content["hours"], language, _)))
    facts.append((_("Quality assurance"), content["quality"] or _("by the institution's own procedures")))
    return tuple(facts)


def awarding(institution: Snapshot, language: str) -> Said:
    """The institution that awards. Its name may be published; that it may award is another matter, and the sign tells
    of the less sure of both."""
    name = said(institution["title"], language)
    competent = marked("", institution["status"])
    order = list(MARKS.values())
    return Said(f"{name.text} ({institution['country']})", max(name.mark, competent.mark, key=order.index))


def level(programme: Snapshot, _: Translate) -> Said:
    """Never "qualification at level 5": no registration of these programmes in a national register is known."""
    return marked(
        _("aligned with EQF level %(level)s") % {"level": programme["eqf"]["value"]}, programme["eqf"]["status"]
    )


def points(content: Snapshot, language: str, _: Translate) -> Said:
    """Points awarded, of those of the whole programme, with the name of their scheme."""
    scheme = content["programme"]["scheme"]["title"]["text"][language]
    words = _("%(points)s of %(planned)s, %(scheme)s") % {
        "points": number(content["points"]["value"], language),
        "planned": number(content["programme"]["points"]["value"], language),
        "scheme": scheme,
    }
    return marked(words, content["points"]["status"])


def _recorded(lines: Mapping[str, Any], language: str, _: Translate) -> str:
    words = _("%(hours)s h recorded of %(planned)s h planned") % {
        "hours": number(sum(one["recorded"] for one in lines.values()), language),
        "planned": number(sum(one["planned"] for one in lines.values()), language),
    }
    return words + _by_learner(sum(one.get("declared", 0) for one in lines.values()), language, _)


def _by_learner(hours: float, language: str, _: Translate) -> str:
    """How much of it nobody but the learner has said; "" where that is nothing."""
    if not hours:
        return ""
    return " " + _("(%(hours)s h of it declared by the learner)") % {"hours": number(hours, language)}


def _sections(content: Snapshot, language: str) -> tuple[Section, ...]:
    _ = translator(language)
    told = [unit for unit in content["units"] if unit["state"] in DETAILED]
    others = [unit for unit in content["units"] if unit["state"] not in DETAILED]
    sections = [Section(_("Units")) if len(content["units"]) > 1 else Section(_("Unit"))]
    sections += [_unit(content, unit, language, _) for unit in told]
    if others:
        rows = tuple((unit["id"], said(unit["title"], language), state_text(unit["state"], _)) for unit in others)
        table = Table(_("Units without a decision yet"), (_("Code"), _("Unit"), _("State")), rows, (2, 7, 4))
        if not told:
            return (Section(_("Units"), tables=(table,)),)
        sections.append(Section(_("Other units of the programme"), 2, tables=(table,)))
    return tuple(sections)


def _unit(content: Snapshot, unit: Mapping[str, Any], language: str, _: Translate) -> Section:
    title = said(unit["title"], language)
    methods = ", ".join(word(METHODS, one["id"], _) for one in unit["assessment"]["methods"])
    facts: list[Fact] = [
        (_("State"), state_text(unit["state"], _)),
        (
            _("Points"),
            marked(
                _("%(points)s of %(planned)s")
                % {
                    "points": number(unit["points"]["awarded"], language),
                    "planned": number(unit["points"]["value"], language),
                },
                unit["points"]["status"],
            ),
        ),
        (_("Type of assessment"), methods),
        (_("Form of participation"), participation(content, unit, language)),
        (_("Workload"), workload(content, unit, language, _)),
        (_("Assessment criteria"), said(unit["assessment"]["criteria"], language)),
    ]
    if unit["validity"]:
        facts.append((_("Validity"), unit["validity"]))
    return Section(
        Said(f"{unit['id']} {title.text}", title.mark),
        2,
        facts=tuple(facts),
        tables=tuple(one for one in (_outcomes(unit, language, _), _acts(content, unit, language, _)) if one.rows),
    )


def participation(content: Snapshot, unit: Mapping[str, Any], language: str) -> str:
    """The modes of learning that the unit has hours for."""
    names = [mode["title"]["text"][language] for mode in content["modes"] if unit["hours"][mode["id"]]["planned"]]
    return ", ".join(names)


def workload(content: Snapshot, unit: Mapping[str, Any], language: str, _: Translate) -> Said:
    """What was recorded of what was planned: in all, then by mode, with what of it is declared."""
    names = {mode["id"]: mode["title"]["text"][language] for mode in content["modes"]}
    lines = [
        f"{names.get(mode, mode)} {number(unit['hours'][mode]['recorded'], language)}/{number(planned, language)}"
        + _by_learner(unit["hours"][mode].get("declared", 0), language, _)
        for mode in MODES
        if (planned := unit["hours"][mode]["planned"])
    ]
    total = _("%(hours)s h recorded of %(planned)s h planned") % {
        "hours": number(sum(one["recorded"] for one in unit["hours"].values()), language),
        "planned": number(sum(one["planned"] for one in unit["hours"].values()), language),
    }
    return marked(f"{total}: {', '.join(lines)}", unit["hours_status"])


def _outcomes(unit: Mapping[str, Any], language: str, _: Translate) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            one["id"],
            word(OUTCOME_KINDS, one["kind"], _),
            said(one["text"], language),
            state_text(one["state"], _),
        )
        for one in unit["outcomes"]
    )
    return Table(_("Learning outcomes"), (_("Code"), _("Kind"), _("Outcome"), _("State")), rows, (4, 6, 15, 6))


def _acts(content: Snapshot, unit: Mapping[str, Any], language: str, _: Translate) -> Table:
    names = {
        one["id"]: said(one["title"], language)
        for one in (content["institution"], content["home"], *content.get("deciding", ()))
        if one is not None
    }
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            word(ACT_WORDS, f"{act['kind']}:{act['result']}", _),
            act["by"],
            names.get(act["institution"], act["institution"]),
            day(act["at"], language),
        )
        for act in unit["decisions"]
    )
    return Table(_("Decisions"), (_("What"), _("By"), _("Institution"), _("Day")), rows, (11, 10, 19, 12))
