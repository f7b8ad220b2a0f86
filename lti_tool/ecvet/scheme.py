"""The scheme that programmes share: frameworks, modes of hours, credit schemes, institutions."""

from __future__ import annotations

from lti_tool.ecvet.common import take_facts, take_status, take_text
from lti_tool.ecvet.fields import Fields
from lti_tool.ecvet.frozen import Frozen
from lti_tool.ecvet.problems import Log
from lti_tool.ecvet.rules import PAGE, TOOL, Matcher, read_matcher
from lti_tool.ecvet.terms import (
    LANGUAGES,
    MODES,
    SCHEMES,
    Competence,
    Framework,
    Institution,
    Mode,
    Scheme,
    Sessions,
    Text,
    tidy,
)

COMPETENT = ("assess", "validate", "recognise")


def read_framework(fields: Fields, log: Log) -> Framework:
    fields.what = f"framework {fields.text('id')}"
    areas: dict[str, Text] = {}
    for node in fields.rows("areas"):
        if area := Fields.of(node, f"{fields.what}: area", log):
            areas[area.text("id")] = take_text(area, "title", log)
            area.end()
    competences: dict[str, Competence] = {}
    for node in fields.rows("competences", required=True):
        if part := Fields.of(node, f"{fields.what}: competence", log):
            competence = _competence(part, areas, log)
            if competence.id in competences:
                do = "take one out"
                log.error(part.where, "PROGRAMME-TWICE", f'{fields.what}: "{competence.id}" stands here twice', do)
            competences[competence.id] = competence
    framework = Framework(
        id=fields.text("id"),
        title=take_text(fields, "title", log),
        version=fields.text("version"),
        competences=tuple(competences.values()),
        areas=Frozen(areas),
        levels=fields.whole("levels", least=1, most=20) if fields.has("levels") else None,
        source=fields.text("source", ""),
        status=take_status(fields),
        languages=fields.words("languages") or LANGUAGES,
        where=fields.where,
    )
    fields.end()
    return framework


def _competence(fields: Fields, areas: dict[str, Text], log: Log) -> Competence:
    competence = Competence(
        id=fields.text("id"),
        title=take_text(fields, "title", log),
        area=fields.text("area", ""),
        esco=fields.text("esco", ""),
    )
    if competence.area and competence.area not in areas:
        do = "write one of: " + ", ".join(areas)
        log.error(fields.where_of("area"), "PROGRAMME-REFERENCE", f'there is no area "{competence.area}"', do)
    fields.end()
    return competence


def read_mode(fields: Fields, sources: Frozen[str], log: Log) -> Mode:
    id = fields.choice("id", MODES)
    fields.what = f"mode {id}"
    sessions = None
    if inner := fields.fields("sessions"):
        cut = inner.number("idle_cut_minutes", 5, least=0, most=60)
        sessions = Sessions(inner.words("source") or (TOOL, PAGE), cut * 60)
        inner.end()
    # Time in sessions belongs to a module; what somebody enters belongs to a unit, and to a module only online.
    names = frozenset({"unit", "module"} if sessions else {"unit"})
    mode = Mode(
        id=id,
        title=take_text(fields, "title", log),
        recorded=_matchers(fields, "recorded", names, log),
        declared=_matchers(fields, "declared", names, log),
        sessions=sessions,
        elm_mode=fields.text("elm_mode", ""),
        elm_activity_type=fields.text("elm_activity_type", ""),
        status=take_status(fields),
        facts=take_facts(fields, sources, log),
        where=fields.where,
    )
    if sessions and mode.recorded:
        do = "take `recorded` or `sessions` out"
        log.error(fields.where, "PROGRAMME-FIELD", f"{fields.what} has both `sessions` and `recorded`", do)
    fields.end()
    return mode


def _matchers(fields: Fields, key: str, names: frozenset[str], log: Log) -> tuple[Matcher, ...]:
    found = []
    for node in fields.rows(key):
        if inner := Fields.of(node, f"{fields.what}: {key}", log):
            found.append(read_matcher(inner, names, log))
            inner.end()
    return tuple(found)


def read_scheme(fields: Fields, sources: Frozen[str], log: Log) -> Scheme:
    fields.what = f"credit scheme {fields.text('id')}"
    scheme = Scheme(
        id=fields.text("id"),
        title=take_text(fields, "title", log),
        kind=fields.choice("kind", SCHEMES, "ecvet-2009"),
        hours_per_point=tidy(fields.number("hours_per_point")) if fields.has("hours_per_point") else None,
        elm_framework=fields.text("elm_framework", ""),
        rule=fields.text("rule", ""),
        note=fields.text("note", ""),
        status=take_status(fields),
        facts=take_facts(fields, sources, log),
    )
    fields.end()
    return scheme


def read_institution(fields: Fields, sources: Frozen[str], log: Log) -> Institution:
    fields.what = f"institution {fields.text('id')}"
    institution = Institution(
        id=fields.text("id"),
        title=take_text(fields, "title", log),
        country=fields.text("country"),
        competent=fields.words("competent"),
        address=fields.text("address", ""),
        website=fields.text("website", ""),
        email=fields.text("email", ""),
        identifiers=_identifiers(fields),
        status=take_status(fields),
        facts=take_facts(fields, sources, log),
    )
    for act in institution.competent:
        if act not in COMPETENT:
            do = "write one of: " + ", ".join(COMPETENT)
            log.error(fields.where_of("competent"), "PROGRAMME-FIELD", f'{fields.what}: "{act}" is no act', do)
    fields.end()
    return institution


def _identifiers(fields: Fields) -> Frozen[str]:
    inner = fields.fields("identifiers")
    if inner is None:
        return Frozen()
    found = {name: inner.text(name) for name in inner.keys}
    inner.end()
    return Frozen(found)
