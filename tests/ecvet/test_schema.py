"""The JSON Schema and the reader of `programme check` agree: each is asked about what the other takes or refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lti_tool.ecvet.cli import programme
from lti_tool.ecvet.problems import Problem, ProgrammeInvalid
from lti_tool.ecvet.programme import read
from lti_tool.ecvet.rules import KINDS
from lti_tool.ecvet.schema import WHYS, schema
from lti_tool.ecvet.sections import LISTED, NAMED, NOTES
from tests.ecvet.builders import PROGRAMMES
from tests.ecvet.small import BASE, SMALL

SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)
AS_PROGRAMME = Draft202012Validator({"$ref": "#/$defs/programme_file", "$defs": SCHEMA["$defs"]})
SHAPE = ("PROGRAMME-FIELD", "PROGRAMME-FORMAT", "PROGRAMME-RULE")
# What a schema can't say: it depends on another place of the file.
MEANING = (
    "names what is not known here",
    "can never be met",
    "says nothing here",
    "in a circle",
    "no rule can rest on hours",
    "is no reason code",
    "can't be split by weight",
    '"description" is not known here',
    "reference: `level` is",
    # A section that is read as another's scope: the mode decides which placeholders there are.
    "`points` is missing",
)


def whole_document() -> dict[str, Any]:
    """One file with everything in it that a programme can have, all of it in use."""
    document: dict[str, Any] = yaml.safe_load(SMALL) | yaml.safe_load(BASE)
    document["include"] = []
    facts = {"title": {"status": "published", "source": ["S1"], "note": "n", "value": [1, "x"], "alternative": "y"}}
    head, unit, module = document["programme"], document["units"][0], document["modules"][0]
    head |= {
        "qualification": {"en": "Q"},
        "profile": {"en": "P"},
        "eqf": {"level": 5, "uri": "http://data.europa.eu/snb/eqf/5"},
        "nqf": [{"country": "LV", "framework": "LKI", "level": 5, "uri": "https://example.org/5"}],
        "occupations": [
            {"uri": "https://example.org/o", "label": "librarian", "isco": "2622"},
            {"uri": "https://example.org/p", "label": {"en": "archivist", "lv": "arhivārs"}},
        ],
        "translations": "draft",
        "status": "reconstructed",
        "facts": facts,
    }
    head["units"][0] |= {"weight": 1.5, "compulsory": True}
    unit |= {"validity": "P5Y", "outcome_rule": {"use": "many"}, "status": "draft", "facts": facts}
    unit["assessment"] |= {"procedure": {"en": "Look"}, "by_person": True}
    unit["assessment"]["methods"][0]["elm_type"] = "https://example.org/quiz"
    unit["rule"]["all"] += [{"hours": {"mode": "work_based", "min": 3}}, {"module": "M1"}]
    second = copy.deepcopy(unit["outcomes"][0]) | {"id": "O2", "references": {"frame": [{"competence": "1.1"}]}}
    second["rule"] = {
        "any": [{"use": "outcome"}, {"modules": ["M1"]}, {"at_least": {"count": 1, "of": [{"modules": "sharing"}]}}]
    }
    # A part as a module, one as a statement; with a weight, and without.
    mean = [{"weight": 2, "module": "M1"}, {"statement": {"verb": "scored", "activity": "{outcome}"}}]
    second["rule"]["any"].append({"weighted_mean": {"least": 0.6, "of": mean}})
    second |= {"status": "inferred", "facts": facts}
    unit["outcomes"].append(second)
    module |= {
        "description": {"en": "D"},
        "group": "g",
        "languages": ["en"],
        "graded": True,
        "evidence": {"use": "module"},
        "status": "published",
        "facts": facts,
    }
    document["rules"]["many"] = {
        "statement": {
            "verb": ["completed", "https://example.org/verb"],
            "activity": ["{unit}/*", "{outcome}"],
            "parent": "{unit}",
            "type": "https://example.org/type",
            "source": ["tool", "credential:moodle"],
            "min_scaled": 0.5,
            "success": True,
            "times": 2,
            "min_hours": 1.5,
            "valid_months": 24,
            "why": "entry_left",
        }
    }
    document["frameworks"][0] |= {"areas": [{"id": "1", "title": {"en": "A"}}], "levels": 8, "source": "s"}
    document["frameworks"][0] |= {"languages": ["en"], "status": "draft"}
    document["frameworks"][0]["competences"][0] |= {"area": "1", "esco": "https://example.org/s"}
    document["credit_schemes"][0] |= {
        "kind": "ecvet-2009",
        "hours_per_point": 25,
        "elm_framework": "https://example.org/f",
        "rule": "r",
        "note": "n",
        "facts": facts,
    }
    online, work = document["modes"][1], document["modes"][4]
    online["sessions"] |= {"source": "tool"}
    online |= {"declared": [{"verb": "performed-offline", "activity": "{module}/*"}], "elm_mode": "https://e.org/m"}
    work |= {"declared": [{"parent": "{unit}"}], "elm_activity_type": "https://e.org/t", "facts": facts}
    document["institutions"] = [
        {
            "id": "I1",
            "title": {"en": "I"},
            "country": "LV",
            "competent": ["assess", "validate"],
            "address": "Riga",
            "website": "https://example.org",
            "email": "i@example.org",
            "identifiers": {"eidas": "VATLV-1"},
            "facts": facts,
        }
    ]
    unit["rubric"] = "R1"
    document["rubrics"] = [
        {
            "id": "R1",
            "title": {"en": "R"},
            "levels": [
                {"id": "no", "points": 0, "title": {"en": "No"}},
                {"id": "yes", "points": 1, "title": {"en": "Y"}},
            ],
            "criteria": [
                {"id": "c1", "title": {"en": "C"}, "weight": 2, "levels": {"no": {"en": "n"}, "yes": {"en": "y"}}},
                {"id": "c2", "title": {"en": "D"}},
            ],
            "status": "draft",
            "facts": facts,
        }
    ]
    document["project"] = {"name": {"value": "x", "status": "published", "source": "S1"}}
    document["statuses"] = {"draft": "ours"}
    document["conflicts"] = [{"topic": "t"}]
    return document


WHOLE = whole_document()


def paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from paths(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from paths(part, (*path, index))


ALL_PATHS = list(paths(WHOLE))
JUNK = [
    None,
    "",
    "  ",
    "x",
    "1.1",
    "tag:x",
    "tag:x:",
    "tag:x:\n",
    "U1",
    "M1",
    0,
    1,
    2,
    6,
    -1,
    1.5,
    2_000_000,
    True,
    False,
]
JUNK += [[], {}, ["x"], [None], [1], [[]], [{}], {"en": "x"}, {"lv": "x"}, {"en": None}, {"en": "x", "x1": "y"}]
JUNK += ["{unit}/a", "{module}", "{outcome}*", "{nothing}:x", "a*b*c:", "}:", "P5Y", "P5", "passed", "mooc", "skill"]
JUNK += [{"status": "draft"}, {"modules": "all"}, {"all": []}, {"hours": {"mode": "work_based"}}, {"use": "module"}]
JUNK += [{"statement": {"times": 2}}, {"statement": {"verb": []}}, {"hours": {"mode": "x", "min": 1, "min_share": 1}}]


def spoil(
    document: dict[str, Any], path: tuple[str | int, ...], how: str, junk: object, key: str = "surplus"
) -> dict[str, Any]:
    """The same document with one thing changed under `path`."""
    spoilt = copy.deepcopy(document)
    holder: Any = spoilt
    for step in path[:-1]:
        holder = holder[step]
    last = path[-1]
    if how == "drop":
        del holder[last]
    elif how == "replace":
        holder[last] = copy.deepcopy(junk)
    elif how == "add" and isinstance(holder[last], dict):
        holder[last].setdefault(key, copy.deepcopy(junk))
    elif how == "rename" and isinstance(last, str):
        holder[last + "s"] = holder.pop(last)
    return spoilt


def faults(document: dict[str, Any]) -> tuple[Problem, ...]:
    try:
        read("whole.yaml", {"whole.yaml": json.dumps(document)})  # JSON is YAML too, and never has anchors
    except ProgrammeInvalid as invalid:
        return invalid.problems
    return ()


def shape_only(problems: tuple[Problem, ...]) -> list[Problem]:
    return [one for one in problems if one.code in SHAPE and not any(part in str(one) for part in MEANING)]


def test_the_whole_document_is_valid_for_both() -> None:
    assert faults(WHOLE) == ()
    assert list(AS_PROGRAMME.iter_errors(WHOLE)) == []


def agree(spoilt: dict[str, Any]) -> None:
    """Fails where one refuses the document for its shape and the other takes it."""
    refused, by_reader = not AS_PROGRAMME.is_valid(spoilt), faults(spoilt)
    if refused and not by_reader:
        alone = next(iter(AS_PROGRAMME.iter_errors(spoilt)))
        raise AssertionError(f"the schema alone refuses: {alone.json_path} {alone.message[:200]}")
    if not refused and shape_only(by_reader):
        raise AssertionError(f"the reader alone refuses: {shape_only(by_reader)}")


@pytest.mark.parametrize("junk", [None, "", 0], ids=repr)
def test_what_is_empty_is_taken_or_refused_by_both_wherever_it_stands(junk: object) -> None:
    for path in ALL_PATHS:
        agree(spoil(WHOLE, path, "replace", junk))


@settings(max_examples=250, deadline=None)
@given(
    path=st.sampled_from(ALL_PATHS),
    how=st.sampled_from(["drop", "replace", "replace", "replace", "add", "rename"]),
    junk=st.sampled_from(JUNK),
)
@example(path=("units", 0, "outcome_rule"), how="replace", junk=["x"])
@example(path=("iri",), how="replace", junk="tag:x:\n")
@example(path=("modes", 4, "recorded", 0, "activity"), how="replace", junk="{module}")
def test_what_one_refuses_the_other_refuses(path: tuple[str | int, ...], how: str, junk: object) -> None:
    assume((path, how) != (("rules",), "add"))  # a rule that nobody uses is not read
    assume(path[-2:] != (0, "rubric") or how == "replace")  # nor is a rubric
    assume(path != ("units", 0, "rubric") or junk not in (None, "", "R1"))
    agree(spoil(WHOLE, path, how, junk))


def test_every_key_that_the_reader_knows_the_schema_knows_too() -> None:
    # What a key may be called stands in what the reader says of one that it doesn't know.
    for path in ALL_PATHS:
        with_surplus = spoil(WHOLE, path, "add", None)
        if with_surplus == WHOLE:
            continue  # no mapping
        told = [one.do for one in faults(with_surplus) if "surplus" in one.what]
        names = {name for do in told if "one of: " in do for name in do.split("one of: ")[1].split(", ")}
        for name in sorted(names):
            with_it = spoil(WHOLE, path, "add", None, name)
            if not faults(with_it):
                assert AS_PROGRAMME.is_valid(with_it), (path, name)


def test_the_files_that_ship_are_valid() -> None:
    for path in PROGRAMMES.rglob("*.yaml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        if path.name == "module-descriptions.yaml":  # included as one section
            document = {"module_descriptions": document}
        assert list(VALIDATOR.iter_errors(document)) == [], path


def test_every_section_rule_and_reason_is_in_the_schema() -> None:
    assert {*SCHEMA["$defs"]["shared_file"]["properties"]} == {*LISTED, *NAMED, *NOTES, "include"}
    assert {*SCHEMA["$defs"]["rule"]["properties"]} == set(KINDS)
    assert len(WHYS) == 5


def test_the_command_prints_a_sound_schema() -> None:
    done = CliRunner().invoke(programme, ["schema"])
    assert done.exit_code == 0
    printed = json.loads(done.output)
    Draft202012Validator.check_schema(printed)
    assert printed == SCHEMA


@pytest.mark.parametrize("broken", ["programme: {}", "units: {}", "surplus: 1"])
def test_a_broken_file_is_refused_under_the_root_of_the_schema(broken: str) -> None:
    assert list(VALIDATOR.iter_errors(yaml.safe_load(broken)))


def test_no_file_of_the_schema_is_read_from_elsewhere() -> None:
    assert "http" not in json.dumps(SCHEMA).replace(SCHEMA["$schema"], "")
