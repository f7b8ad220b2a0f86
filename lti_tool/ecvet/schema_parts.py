"""JSON Schema for what stands in many places of a programme file: texts, words, facts, references, rules. Pure.

Each part says what the reader of the same name in fields.py, common.py and rules.py takes; null stands for "not given".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lti_tool.ecvet.rules import KINDS, VERBS
from lti_tool.ecvet.terms import STATUSES

Schema = dict[str, Any]
MOST = 1_000_000
PLACEHOLDERS = ("unit", "module", "outcome")
# Not `$`, which in some engines also stands before a last line break.
END = r"(?![\s\S])"
ANYTHING: Schema = {}
FULL: Schema = {"type": "string", "pattern": r"\S"}
LOOSE: Schema = {"type": ["string", "null"]}
FLAG: Schema = {"type": ["boolean", "null"]}


def number(least: float = 0, most: float = MOST, *, needed: bool = True) -> Schema:
    return {"type": "number" if needed else ["number", "null"], "minimum": least, "maximum": most}


def whole(least: int = 0, most: int = MOST, *, needed: bool = True) -> Schema:
    return {"type": "integer" if needed else ["integer", "null"], "minimum": least, "maximum": most}


def choice(among: Iterable[str], *, needed: bool = True) -> Schema:
    return {"enum": [*among] if needed else [*among, "", None]}


def words(word: Schema | None = None) -> Schema:
    """One text or a list of texts; nothing is an empty list."""
    one = word or {"type": "string"}
    return {"anyOf": [{"type": "null"}, one, {"type": "array", "items": one}]}


def some(word: Schema | None = None) -> Schema:
    """As `words`, of which there is at least one."""
    one = word or {"type": "string"}
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def rows(row: Schema, *, needed: bool = False) -> Schema:
    return {"type": "array" if needed else ["array", "null"], "items": row}


def mapping(needed: dict[str, Schema], may: dict[str, Schema] | None = None) -> Schema:
    """A mapping with these keys and no others."""
    return {
        "type": "object",
        "properties": {**needed, **(may or {})},
        "required": sorted(needed),
        "additionalProperties": False,
    }


def by_name(value: Schema, *, name: str | None = None) -> Schema:
    """A mapping from names to values of one kind."""
    if name is None:
        return {"type": "object", "additionalProperties": value}
    return {"type": "object", "patternProperties": {name: value}, "additionalProperties": False}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [{"type": "null"}, schema]}


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


TEXT: Schema = {
    **by_name(FULL, name=f"^[a-z]{{2,3}}{END}"),
    "required": ["en"],
    "description": "The same words by language; English is required.",
}
ID: Schema = {"type": "string", "pattern": f"^[A-Za-z0-9][A-Za-z0-9._-]*{END}"}
FACT: Schema = mapping(
    {"status": choice(STATUSES)},
    {"source": words(), "note": LOOSE, "value": ANYTHING, "alternative": LOOSE},
)
FACTS: Schema = by_name(or_null(FACT))
STATED: dict[str, Schema] = {"status": choice(STATUSES, needed=False), "facts": or_null(ref("facts"))}
REFERENCE: Schema = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        mapping({"competence": FULL}, {"level": whole(1, 20, needed=False)}),
    ]
}
REFERENCES: Schema = by_name(rows(REFERENCE))


def activity(names: Sequence[str], stars: int) -> Schema:
    """An activity id with these placeholders and at most so many `*`."""
    held = "|".join(names)
    return {
        "type": "string",
        "allOf": [
            {"pattern": rf"^([^{{}}]|\{{({held})\}})*{END}"},
            {"pattern": rf":|\{{({held})\}}"},
            {"pattern": rf"^[^*]*(\*[^*]*){{0,{stars}}}{END}"},
        ],
    }


def matcher(names: Sequence[str] = PLACEHOLDERS) -> tuple[dict[str, Schema], Schema]:
    """The keys of a matcher, and that one of them must say something."""
    verb: Schema = {"type": "string", "anyOf": [{"enum": sorted(VERBS)}, {"pattern": ":"}]}
    keys = {
        "verb": words(verb),
        "activity": words(activity(names, 1)),
        "parent": words(activity(names, 0)),
        "type": words({"type": "string", "pattern": ":"}),
        "source": words(),
        "min_scaled": number(-1, 1, needed=False),
        "success": FLAG,
        "valid_months": whole(1, needed=False),
    }
    says: Schema = {
        "anyOf": [
            {"required": [key], "properties": {key: some(keys[key]["anyOf"][1])}}
            for key in ("verb", "activity", "parent", "type")
        ]
    }
    return keys, says


def statement(whys: Sequence[str]) -> Schema:
    keys, says = matcher()
    return {
        **mapping(
            {},
            {
                **keys,
                "times": whole(1, needed=False),
                "min_hours": number(needed=False),
                "why": choice(whys, needed=False),
            },
        ),
        **says,
    }


def mean_part(whys: Sequence[str]) -> Schema:
    """A part of a weighted mean: a statement, or a module."""
    weight: Schema = {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": MOST}
    keys = {"weight": weight, "statement": or_null(statement(whys)), "module": words()}
    return {
        **mapping({}, keys),
        "oneOf": [
            {"required": ["statement"], "properties": {"statement": {"type": "object"}}},
            {"required": ["module"], "properties": {"module": {"type": ["string", "array"]}}},
        ],
    }


def rule(whys: Sequence[str]) -> Schema:
    """A rule of evidence: a mapping with one key."""
    parts: Schema = {"type": "array", "items": ref("rule"), "minItems": 1}
    least, share = number(), number(0, 1)
    hours = {
        **mapping({"mode": FULL}, {"min": or_null(least), "min_share": or_null(share)}),
        "oneOf": [
            {"required": ["min"], "properties": {"min": least}},
            {"required": ["min_share"], "properties": {"min_share": share}},
        ],
    }
    kinds: dict[str, Schema] = {
        "all": parts,
        "any": parts,
        "at_least": mapping({"count": whole(1), "of": parts}),
        "weighted_mean": mapping({"least": number(0, 1), "of": {**rows(mean_part(whys), needed=True), "minItems": 1}}),
        "statement": statement(whys),
        "module": words(),
        "modules": words(),
        "hours": hours,
        "use": FULL,
    }
    return {
        "type": "object",
        "properties": {kind: kinds[kind] for kind in KINDS},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
