"""The papers of agreements: after the templates of the ECVET Users' Group, with what the 2009 Recommendation (OJ C 155,
8.7.2009, Annex II) asks of a memorandum of understanding and of a learning agreement."""

from __future__ import annotations

from datetime import date
from typing import Any

from lti_tool.agreements.content import DUTIES
from lti_tool.agreements.paper_parts import (
    banner,
    hours_table,
    outcomes_table,
    party_facts,
    period,
    points_of,
    signatures,
    units_table,
)
from lti_tool.agreements.terms import KIND_WORDS, SIDES, Agreement
from lti_tool.papers.document import Cell, Document, Fact, Section, Table, marked, said
from lti_tool.papers.numbers import show_number
from lti_tool.papers.transcript import awarding, level
from lti_tool.papers.words import Translate, day, translator


def paper(one: Agreement, language: str, base_url: str, funding: str, today: date) -> Document:
    """A version as a paper: what is typed as it was typed, all else in this language."""
    _ = translator(language)
    memorandum = one.kind == "memorandum"
    return Document(
        language=language,
        title=_(KIND_WORDS[one.kind]),
        subtitle=said(one.snapshot["programme"]["title"], language),
        facts=_head(one, language, _),
        sections=(
            *(_memorandum if memorandum else _learning)(one, language, _),
            *_notes(one.snapshot["wish"], _),
            signatures(one, language, _),
        ),
        made_at=one.made_at,
        number=one.number,
        check_url=f"{base_url}/check/{one.number}",
        banner=banner(one, today, _),
        funding=funding,
        notes=(_("Points have no value apart from the learning outcomes that they stand for."),),
    )


def _head(one: Agreement, language: str, _: Translate) -> tuple[Fact, ...]:
    content = one.snapshot
    programme = content["programme"]
    facts: list[Fact] = []
    if one.kind == "learning":
        facts.append((_("Learner"), content["wish"]["name"]))
        if content["wish"]["email"]:
            facts.append((_("E-mail"), content["wish"]["email"]))
    national = ", ".join(
        f"{each['framework']} {each['level']} ({each['country']})" for each in programme["levels"]["value"]
    )
    facts += [
        (_("Programme"), said(programme["title"], language)),
        (_("Level"), level(programme, _)),
        (_("National levels"), marked(national, programme["levels"]["status"])),
        (_("Period"), period(one, language, _)),
        (_("Points"), points_of(content, language)),
        (
            _("Version of the agreement"),
            _("%(number)s of %(day)s") % {"number": one.version, "day": day(one.made_at, language)},
        ),
    ]
    under = content["memorandum"]
    if under:
        words = _("%(number)s of %(day)s") % {
            "number": show_number(under["number"]),
            "day": day(under["day"], language),
        }
        facts.append((_("Memorandum of understanding"), words))
    return tuple(facts)


def _memorandum(one: Agreement, language: str, _: Translate) -> tuple[Section, ...]:
    content, wish = one.snapshot, one.snapshot["wish"]
    aim = wish["objectives"] or _(
        "Learners achieve units of the programme at one party, and have them validated and recognised at another."
    )
    return (
        Section(_("Objectives"), text=(aim,)),
        Section(_("Parties")),
        *(
            Section(awarding(party, language), 2, facts=party_facts(content, place, _))
            for place, party in enumerate(content["parties"])
        ),
        Section(
            _("What the parties confirm"),
            text=(
                _("They accept each other as competent institutions."),
                _(
                    "They accept each other's criteria and procedures of quality assurance, assessment, validation and "
                    "recognition as good enough for credit to be transferred."
                ),
                _("They hold the levels of the programme named above to be comparable."),
                _("They agree on what this memorandum is for, how long it holds and how it is reviewed."),
            ),
        ),
        Section(
            _("Assessment, validation and recognition"),
            facts=(
                (
                    _("Assessment"),
                    wish["assessment"]
                    or _("by the host institution, by the criteria of the unit; kept in the personal transcript"),
                ),
                (_("Validation"), wish["validation"] or _("by the home institution")),
                (_("Recognition"), wish["recognition"] or _("by the home institution, which awards units and points")),
                (_("Quality assurance"), wish["quality"] or _("by the institution's own procedures")),
                (_("Review"), wish["review"] or _("before the last day of the period")),
            ),
        ),
        Section(_("Units that it covers"), tables=(units_table(content, language, _),)),
        Section(_("Learning outcomes"), tables=(outcomes_table(content, language, _),)),
    )


def _learning(one: Agreement, language: str, _: Translate) -> tuple[Section, ...]:
    content, wish = one.snapshot, one.snapshot["wish"]
    parts = {"home": _("Home institution"), "host": _("Host institution")}
    return (
        *(
            Section(parts[side], facts=((_("Institution"), awarding(party, language)), *party_facts(content, place, _)))
            for place, (side, party) in enumerate(zip(SIDES, content["parties"], strict=True))
        ),
        Section(_("Units to be achieved at the host institution"), tables=(units_table(content, language, _),)),
        Section(_("Learning outcomes"), tables=(outcomes_table(content, language, _),)),
        Section(
            _("Learning activities"),
            text=(wish["activities"],) if wish["activities"] else (),
            tables=(hours_table(content, language, _),),
        ),
        Section(
            _("Assessment, validation and recognition"),
            tables=(_duties(content, language, _),),
            text=(
                _(
                    "What the host institution assesses as achieved is validated and recognised as agreed here, "
                    "and not assessed again."
                ),
            ),
        ),
    )


def _duties(content: Any, language: str, _: Translate) -> Table:
    names = {"assess": _("Assessment"), "validate": _("Validation"), "recognise": _("Recognition")}
    rows: list[tuple[Cell, ...]] = []
    for duty in DUTIES:
        told = content["wish"][duty]
        party = content["parties"][SIDES.index(told["side"])]
        rows.append((names[duty], awarding(party, language), told["who"] or "–", told["how"] or "–"))
    return Table(_("Who does what"), (_("What"), _("Institution"), _("Person"), _("How")), tuple(rows), (4, 6, 5, 6))


def _notes(wish: Any, _: Translate) -> tuple[Section, ...]:
    return (Section(_("Further agreements"), text=(wish["notes"],)),) if wish["notes"] else ()
