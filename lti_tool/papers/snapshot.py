"""The snapshot of an award: all that its papers and credentials say, as plain data in every language.

It stands for itself: a programme that changes, a renamed institution or a new release of this tool alters no paper.
Every text and figure carries how sure it is (`published`, `inferred`, `draft`, `reconstructed`), for nothing that
is not published may be printed as official.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lti_tool.ecvet.acts import in_force
from lti_tool.ecvet.facts import least_sure
from lti_tool.ecvet.hours import HoursLine
from lti_tool.ecvet.record import Record, UnitRecord, act
from lti_tool.ecvet.terms import LANGUAGES, Fact, Institution, Outcome, Programme, Reference, Status, Text, Unit
from lti_tool.papers.award import Kind
from xapi.scalars import write_time

FORMAT = 1
Plain = dict[str, Any]


def snapshot(
    record: Record, kind: Kind, units: Iterable[UnitRecord], name: str, institution: Institution | None, quality: str
) -> Plain:
    """`units` of a record as they stand at `record.at`, for the learner called `name`, awarded by `institution` (None
    for an extract that nobody issues). `quality`: how it assures quality, as it says; "" where it says nothing."""
    programme = record.programme
    taken = list(units)
    told = [_unit(record, one) for one in taken]
    return {
        "format": FORMAT,
        "kind": kind,
        "learner": {"name": name},
        "institution": institution_part(institution) if institution else None,
        "home": next((institution_part(one) for one in programme.institutions if one.id == record.institution), None),
        "deciding": _deciding(programme, told),
        "since": write_time(record.enrolment.since) if record.enrolment else None,
        "quality": quality,
        "programme": programme_part(programme),
        "modes": modes_part(programme),
        "points": {
            "value": sum(one.judged.points for one in taken) if kind == "unit" else record.judgement.points,
            "status": status_of(programme.facts, programme.status, "credit.points"),
        },
        "hours": _hours(record.judgement.hours if kind == "transcript" else taken[0].judged.hours),
        "units": told,
    }


def extract_of(record: Record, name: str) -> Plain:
    """The record as it stands, for a paper that nobody issues."""
    return snapshot(record, "transcript", record.units, name, None, "")


def status_of(facts: Iterable[Fact], status: Status, *about: str) -> Status:
    """How sure a field is: what is said of it by the first of these names, else what is said of the whole."""
    known = {fact.about: fact.status for fact in facts}
    return next((known[name] for name in about if name in known), status)


def text_part(text: Text, facts: Iterable[Fact], status: Status, about: str) -> Plain:
    """A text in all languages, each with how sure it is. Where a language is missing, the English stands in. What is
    published in English is a draft of ours in another language, unless a fact says otherwise of that very language."""
    kept = tuple(facts)
    named = {fact.about for fact in kept}
    spoken = {language: language if language in text else "en" for language in LANGUAGES}

    def sure(language: str) -> Status:
        found = status_of(kept, status, f"{about}.{language}", about)
        return found if language == "en" or f"{about}.{language}" in named else least_sure((found, "draft"))

    return {
        "text": {language: text.in_(language) for language in LANGUAGES},
        "status": {language: sure(spoken[language]) for language in LANGUAGES},
    }


def institution_part(one: Institution) -> Plain:
    """An institution as papers name it; `status`: how sure it is that it may award."""
    return {
        "id": one.id,
        "title": text_part(one.title, one.facts, one.status, "title"),
        "country": one.country,
        "status": status_of(one.facts, one.status, "competent"),
    }


def programme_part(programme: Programme) -> Plain:
    """A programme as papers name it."""
    scheme, facts, status = programme.scheme, programme.facts, programme.status
    return {
        "id": programme.id,
        "version": programme.version,
        "iri": programme.activity,
        "title": text_part(programme.title, facts, status, "title"),
        "profile": text_part(programme.profile, facts, status, "profile") if programme.profile else None,
        "eqf": {"value": programme.eqf_level, "status": status_of(facts, status, "eqf")},
        "levels": {
            "value": [
                {"country": one.country, "framework": one.framework, "level": one.level} for one in programme.levels
            ],
            "status": status_of(facts, status, "nqf"),
        },
        "occupations": {
            "value": [
                {"uri": one.uri, "label": str(one.label), "labels": {each: one.label.in_(each) for each in LANGUAGES}}
                for one in programme.occupations
            ],
            "status": status_of(facts, status, "occupations"),
        },
        "points": {"value": programme.points, "status": status_of(facts, status, "credit.points")},
        "scheme": {
            "id": scheme.id,
            "title": text_part(scheme.title, scheme.facts, scheme.status, "title"),
            "elm": scheme.elm_framework,
        },
        "hours": {"value": dict(programme.hours), "status": status_of(facts, status, "hours")},
        "units": len(programme.units),
    }


def modes_part(programme: Programme) -> list[Plain]:
    """The modes of learning hours, with their names."""
    return [
        {"id": mode.id, "title": text_part(mode.title, mode.facts, mode.status, "title"), "elm": mode.elm_mode}
        | {"elm_activity": mode.elm_activity_type}
        for mode in programme.modes
    ]


def _hours(lines: Mapping[str, HoursLine]) -> Plain:
    """By mode; `declared` is that part of `recorded` which only the learner has said (papers of before have no such
    part: nothing could be declared then)."""
    return {
        mode: {"planned": one.planned, "recorded": one.recorded, "declared": one.declared}
        for mode, one in lines.items()
    }


def unit_part(unit: Unit, programme: Programme) -> Plain:
    """A unit as the programme defines it, whoever learns it."""
    return {
        "id": unit.id,
        "iri": unit.iri,
        "title": text_part(unit.title, unit.facts, unit.status, "title"),
        "eqf": {"value": unit.eqf_level, "status": status_of(unit.facts, unit.status, "eqf_level")},
        "points": {
            "value": unit.points,
            "status": status_of(programme.facts, programme.status, "credit.points"),
        },
        "hours_status": status_of(unit.facts, unit.status, "hours"),
        "assessment": {
            "methods": [{"id": method.id, "elm": method.elm_type} for method in unit.assessment.methods],
            "criteria": text_part(unit.assessment.criteria, unit.facts, unit.status, "assessment.criteria"),
            "grading": unit.assessment.grading,
        },
        "validity": unit.validity,
        "outcomes": [
            {
                "id": outcome.id,
                "iri": outcome.iri,
                "kind": outcome.kind,
                "text": text_part(outcome.text, outcome.facts, outcome.status, "text"),
                "references": _references(outcome, programme),
            }
            for outcome in unit.outcomes
        ],
    }


def _deciding(programme: Programme, units: Iterable[Plain]) -> list[Plain]:
    """The institutions for which somebody decided about these units: a host need be neither the institution that awards
    nor the learner's own (papers of before have no such part)."""
    named = {act["institution"] for unit in units for act in unit["decisions"]}
    return [institution_part(one) for one in programme.institutions if one.id in named]


def _unit(record: Record, one: UnitRecord) -> Plain:
    part = unit_part(one.unit, record.programme)
    states = [judged.state for _outcome, judged in one.outcomes]
    return part | {
        "state": one.judged.state,
        "points": part["points"] | {"awarded": one.judged.points},
        "hours": _hours(one.judged.hours),
        "outcomes": [said | {"state": state} for said, state in zip(part["outcomes"], states, strict=True)],
        "decisions": _decisions(record, one),
    }


def _references(outcome: Outcome, programme: Programme) -> list[Plain]:
    return [_reference(one, programme) for one in outcome.references]


def _reference(one: Reference, programme: Programme) -> Plain:
    framework = programme.framework(one.framework)
    competence = framework.competence(one.competence) if framework else None
    return {
        "framework": one.framework,
        "name": str(framework.title) if framework else one.framework,
        "version": framework.version if framework else "",
        "competence": one.competence,
        "title": dict(competence.title) if competence else {},
        "level": one.level,
        "uri": one.competence if one.framework == "esco" else competence.esco if competence else "",
    }


def _decisions(record: Record, one: UnitRecord) -> list[Plain]:
    """The acts in force on this unit, in their order: what the state of the unit rests on."""
    rows = in_force([act(row) for row in record.decisions], one.unit, record.at)
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "result": row.result,
            "outcomes": list(row.outcomes),
            "by": row.by,
            "institution": row.institution,
            "at": write_time(row.at),
            "reason": row.reason,
        }
        for row in rows
        if row.kind != "withdraw"
    ]
