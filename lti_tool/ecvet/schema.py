"""The JSON Schema of programme files, for editors and for other programs. Pure.

`lti-tool programme check` does not use it: its own reader names line and cure, and sees what no schema can (references,
sums, reachability). The two agree on shapes: what the schema refuses, the reader refuses, and what is wrong with a
shape in the reader's eyes is wrong in the schema's (tests/ecvet/test_schema.py asks both).
"""

from __future__ import annotations

from lti_tool.ecvet.definitions import DELIVERIES, KINDS
from lti_tool.ecvet.reasons import REASONS
from lti_tool.ecvet.rubrics import CRITERIA, LEVELS, MOST_POINTS
from lti_tool.ecvet.schema_parts import (
    ANYTHING,
    END,
    FACTS,
    FLAG,
    FULL,
    ID,
    LOOSE,
    REFERENCES,
    STATED,
    TEXT,
    Schema,
    by_name,
    choice,
    mapping,
    matcher,
    number,
    or_null,
    ref,
    rows,
    rule,
    whole,
    words,
)
from lti_tool.ecvet.scheme import COMPETENT
from lti_tool.ecvet.sections import FORMAT, LISTED, NAMED, NOTES
from lti_tool.ecvet.terms import MODES, SCHEMES, STATUSES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
WHYS = sorted({*REASONS} & {"module_left", "quiz_left", "entry_left", "project_left", "statement_left"})


def schema(address: str = "") -> Schema:
    """The schema of a file: of a programme, or (where `programme` is missing) of what programmes share. `address`:
    where it is served, for `$id`."""
    return {
        "$schema": DIALECT,
        **({"$id": address} if address else {}),
        "title": "ECVET programme, format 1",
        "description": "A programme file, or a file that programmes include.",
        "if": {"type": "object", "required": ["programme"]},
        "then": ref("programme_file"),
        "else": ref("shared_file"),
        "$defs": _parts(),
    }


def _parts() -> dict[str, Schema]:
    sections: dict[str, Schema] = {
        "frameworks": rows(ref("framework")),
        "modes": rows(ref("mode")),
        "credit_schemes": rows(ref("credit_scheme")),
        "institutions": rows(ref("institution")),
        "units": rows(ref("unit")),
        "modules": rows(ref("module")),
        "rubrics": rows(ref("rubric")),
        "statuses": or_null(by_name(ANYTHING)),
        "sources": or_null(by_name(FULL)),
        "project": or_null(ref("facts")),
        "rules": or_null(by_name(ref("rule"))),
        "module_descriptions": or_null(by_name(ref("text"))),
        "conflicts": ANYTHING,
    }
    shared = {name: sections[name] for name in (*LISTED, *NAMED, *NOTES)} | {"include": rows(_include(), needed=True)}
    return {
        "programme_file": mapping({"format": {"const": FORMAT}, "iri": _iri(), "programme": ref("programme")}, shared),
        "shared_file": mapping({}, shared),
        "programme": _programme(),
        "unit": _unit(),
        "outcome": mapping(
            {"id": ID, "kind": choice(KINDS), "text": ref("text")},
            {"references": or_null(ref("references")), "rule": or_null(ref("rule")), **STATED},
        ),
        "rubric": _rubric(),
        "module": mapping(
            {"id": ID, "title": ref("text"), "hours": number(), "delivery": choice(DELIVERIES)},
            {
                "description": or_null(ref("text")),
                "group": LOOSE,
                "languages": words(),
                "graded": FLAG,
                "references": or_null(ref("references")),
                "evidence": or_null(ref("rule")),
                **STATED,
            },
        ),
        "framework": _framework(),
        "mode": _mode(),
        "credit_scheme": mapping(
            {"id": FULL, "title": ref("text")},
            {
                "kind": choice(SCHEMES, needed=False),
                "hours_per_point": number(needed=False),
                "elm_framework": LOOSE,
                "rule": LOOSE,
                "note": LOOSE,
                **STATED,
            },
        ),
        "institution": mapping(
            {"id": FULL, "title": ref("text"), "country": FULL},
            {
                "competent": words(choice(COMPETENT)),
                "address": LOOSE,
                "website": LOOSE,
                "email": LOOSE,
                "identifiers": or_null(by_name(FULL)),
                **STATED,
            },
        ),
        "text": TEXT,
        "hours": mapping({}, {mode: number(needed=False) for mode in MODES}),
        "facts": FACTS,
        "references": REFERENCES,
        "rule": rule(WHYS),
    }


def _include() -> Schema:
    path: Schema = {"type": "string", "pattern": rf"^[^/\\:\x00][^\\:\x00]*{END}"}
    return {"anyOf": [path, mapping({"file": path, "as": choice((*LISTED, *NAMED))})]}


def _iri() -> Schema:
    return {"type": "string", "allOf": [{"pattern": ":"}, {"pattern": f"[:/#]{END}"}, {"pattern": r"\S"}]}


def _programme() -> Schema:
    link = mapping(
        {"unit": FULL},
        {"points": number(needed=False), "weight": number(needed=False), "compulsory": FLAG},
    )
    return mapping(
        {
            "id": ID,
            "title": ref("text"),
            "eqf": mapping({"level": whole(1, 8)}, {"uri": LOOSE}),
            "hours": ref("hours"),
            "credit": mapping({"scheme": FULL}, {"points": number(needed=False)}),
            "units": rows(link, needed=True),
        },
        {
            "qualification": or_null(ref("text")),
            "profile": or_null(ref("text")),
            "nqf": rows(mapping({"country": FULL, "framework": FULL, "level": whole(0, 8)}, {"uri": LOOSE})),
            "occupations": rows(mapping({"uri": FULL, "label": {"anyOf": [FULL, ref("text")]}}, {"isco": LOOSE})),
            "languages": words(),
            "translations": choice(STATUSES, needed=False),
            "four_eyes": FLAG,
            "four_eyes_recognition": FLAG,
            **STATED,
        },
    )


def _unit() -> Schema:
    assessment = mapping(
        {
            "methods": rows(mapping({"id": FULL}, {"elm_type": LOOSE}), needed=True),
            "criteria": ref("text"),
            "grading": FULL,
        },
        {"procedure": or_null(ref("text")), "by_person": FLAG},
    )
    return mapping(
        {
            "id": ID,
            "title": ref("text"),
            "eqf_level": whole(1, 8),
            "hours": ref("hours"),
            "assessment": assessment,
            "outcomes": rows(ref("outcome"), needed=True),
        },
        {
            "modules": words(),
            "rule": or_null(ref("rule")),
            "outcome_rule": or_null(ref("rule")),
            "validity": {"type": ["string", "null"], "pattern": f"^(P[1-9][0-9]{{0,3}}[YMD])?{END}"},
            "rubric": LOOSE,
            **STATED,
        },
    )


def _rubric() -> Schema:
    def some(row: Schema, bounds: tuple[int, int]) -> Schema:
        return {**rows(row, needed=True), "minItems": bounds[0], "maxItems": bounds[1]}

    weight: Schema = {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": MOST_POINTS}
    level = mapping({"id": ID, "title": ref("text"), "points": number(0, MOST_POINTS)})
    criterion = mapping({"id": ID, "title": ref("text")}, {"weight": weight, "levels": or_null(by_name(ref("text")))})
    return mapping(
        {"id": ID, "title": ref("text"), "levels": some(level, LEVELS), "criteria": some(criterion, CRITERIA)}, STATED
    )


def _framework() -> Schema:
    area = mapping({"id": FULL, "title": ref("text")})
    competence = mapping({"id": FULL, "title": ref("text")}, {"area": LOOSE, "esco": LOOSE})
    return mapping(
        {"id": FULL, "title": ref("text"), "version": FULL, "competences": rows(competence, needed=True)},
        {
            "areas": rows(area),
            "levels": whole(1, 20, needed=False),
            "source": LOOSE,
            "languages": words(),
            "status": choice(STATUSES, needed=False),
        },
    )


def _mode() -> Schema:
    def matchers(*names: str) -> Schema:
        keys, says = matcher(names)
        return rows({**mapping({}, keys), **says})

    sessions = mapping({}, {"source": words(), "idle_cut_minutes": number(0, 60, needed=False)})
    may = {
        "sessions": or_null(sessions),
        "recorded": matchers("unit", "module"),
        "declared": matchers("unit", "module"),
        "elm_mode": LOOSE,
        "elm_activity_type": LOOSE,
        **STATED,
    }
    none: Schema = {"properties": {"recorded": {"maxItems": 0}}}
    unit: Schema = {"properties": {"recorded": matchers("unit"), "declared": matchers("unit")}}
    timed: Schema = {"required": ["sessions"], "properties": {"sessions": {"type": "object"}}}
    return {**mapping({"id": choice(MODES), "title": ref("text")}, may), "if": timed, "then": none, "else": unit}
