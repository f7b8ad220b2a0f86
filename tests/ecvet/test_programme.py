"""Reading a programme: what is right gives values, what is wrong gives file, line and cure, all of it at once."""

from __future__ import annotations

import dataclasses

import pytest

from lti_tool.ecvet.check import check
from lti_tool.ecvet.problems import Problem, ProgrammeInvalid
from lti_tool.ecvet.programme import read
from lti_tool.ecvet.rules import AtLeast, HoursOf, Modules, Statements
from tests.ecvet.small import BASE, SMALL, texts


def problems(small: str = SMALL, base: str = BASE, **more: str) -> tuple[Problem, ...]:
    with pytest.raises(ProgrammeInvalid) as caught:
        read("small.yaml", texts(small, base, **more))
    return caught.value.problems


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_small_programme_is_sound() -> None:
    programme = read("small.yaml", texts())
    assert check(programme) == ()
    assert programme.units[0].outcomes[0].modules == ("M1",)
    assert programme.modules[0].iri == "tag:example.org,2026:module/M1"
    assert programme.activity == "tag:example.org,2026:programme/P"
    assert [one.id for one in programme.modules[0].outcomes(programme.units[0])] == ["O1"]
    assert str(programme.title) == "Small"
    assert programme.title.in_("lv_LV") == "Mazs"
    assert programme.title.in_("el") == "Small"


def test_values_are_frozen_and_hashable() -> None:
    programme = read("small.yaml", texts())
    hash(programme)
    with pytest.raises(dataclasses.FrozenInstanceError):
        programme.title = programme.title  # type: ignore[misc]  # that it cannot be set is the test
    with pytest.raises(TypeError):
        programme.title["en"] = "Other"  # type: ignore[index]  # the same


# (what is replaced, by what, code, part of the line it is reported on, words of the message)
FAULTS = [
    ("  id: P\n", "", "PROGRAMME-FIELD", None, "`id` is missing"),
    ("  id: P\n", "  id: a b\n", "PROGRAMME-FIELD", "id: a b", "cannot be used"),
    ("format: 1", "format: 2", "PROGRAMME-FORMAT", "format: 2", "not known"),
    ('iri: "tag:example.org,2026:"', "iri: example", "PROGRAMME-FIELD", "iri: example", "no beginning of an IRI"),
    ("hours: 3\n", 'hours: "3"\n', "PROGRAMME-FIELD", 'hours: "3"', "is not a number"),
    ("hours: 3\n", "hours: -3\n", "PROGRAMME-FIELD", "hours: -3", "from 0"),
    ("hours: 3\n", "hours: .inf\n", "PROGRAMME-FIELD", "hours: .inf", "is not a number"),
    ("delivery: mooc", "delivery: mook", "PROGRAMME-FIELD", "delivery: mook", 'is "mook"'),
    ("delivery: mooc", "delivry: mooc", "PROGRAMME-FIELD", "delivry", 'did you mean "delivery"'),
    ("kind: skill", "kind: habit", "PROGRAMME-FIELD", "kind: habit", "knowledge"),
    ("{en: Do it, lv: Dari}", "{lv: Dari}", "PROGRAMME-FIELD", "text: {lv", "no English"),
    ("{en: Do it, lv: Dari}", "Do it", "PROGRAMME-FIELD", "text: Do it", "not a mapping"),
    ("{en: Do it, lv: Dari}", "{en: 5}", "PROGRAMME-FIELD", "text: {en: 5}", "not a text"),
    ("{en: Do it, lv: Dari}", "{en: Do, english: Do}", "PROGRAMME-FIELD", "english", "no language"),
    ("modules: [M1]", "modules: [M1, M9]", "PROGRAMME-REFERENCE", "modules: [M1, M9]", 'no module "M9"'),
    ("unit: U1,", "unit: U9,", "PROGRAMME-REFERENCE", "unit: U9", 'no unit "U9"'),
    ("scheme: points,", "scheme: stars,", "PROGRAMME-REFERENCE", "scheme: stars", 'no credit scheme "stars"'),
    ('{frame: ["1.1"]}\nmodules', '{frame: ["9.9"]}\nmodules', "PROGRAMME-REFERENCE", '"9.9"', 'no competence "9.9"'),
    ('{frame: ["1.1"]}\nmodules', "{frame: [1.1]}\nmodules", "PROGRAMME-FIELD", "[1.1]", 'in quotes: "1.1"'),
    ('{frame: ["1.1"]}\nmodules', '{fame: ["1.1"]}\nmodules', "PROGRAMME-REFERENCE", "fame", 'no framework "fame"'),
    ("- modules: all", "- moduls: all", "PROGRAMME-RULE", "moduls", "is no rule"),
    ("- modules: all", "- modules: sharing", "PROGRAMME-RULE", "modules: sharing", "says nothing here"),
    ("- modules: all", "- modules: [M7]", "PROGRAMME-REFERENCE", "[M7]", 'no module "M7"'),
    ("- modules: all", "- use: nothing", "PROGRAMME-REFERENCE", "use: nothing", 'no rule "nothing"'),
    ("- modules: all", "- all", "PROGRAMME-RULE", "- all", "mapping with one key"),
    ("- modules: all", "- any: []", "PROGRAMME-RULE", "any: []", "list of rules is missing"),
    (
        "- modules: all",
        "- at_least: {count: 2, of: [{module: M1}]}",
        "PROGRAMME-RULE",
        "at_least",
        "can never be met",
    ),
    ("- modules: all", "- statement: {verb: passt, activity: 'x:1'}", "PROGRAMME-RULE", "passt", "no known verb"),
    ("- modules: all", "- statement: {verb: passed, activity: M1}", "PROGRAMME-RULE", "activity: M1", "no activity id"),
    ("- modules: all", "- statement: {activity: '{modul}'}", "PROGRAMME-RULE", "{modul}", "{unit}"),
    ("- modules: all", "- statement: {activity: 'x:*a*'}", "PROGRAMME-RULE", "x:*a*", "too many *"),
    ("- modules: all", "- statement: {source: tool}", "PROGRAMME-RULE", "source: tool", "fits every statement"),
    ("- modules: all", "- statement: {verb: passed, min_scaled: 70}", "PROGRAMME-FIELD", "min_scaled", "from -1 to 1"),
    ("- modules: all", "- statement: {verb: passed, why: because}", "PROGRAMME-RULE", "because", "no reason code"),
    ("mode: face_to_face", "mode: online_and_self_study", "PROGRAMME-RULE", "mode: online", "no rule can rest on"),
    ("min_share: 0.5", "min_share: 0.5, min: 2", "PROGRAMME-RULE", "min: 2", "either"),
    ("min_share: 0.5", "min_share: 80", "PROGRAMME-FIELD", "min_share: 80", "from 0 to 1"),
    ("- {unit: U1, points: 2}", "- {unit: U1, points: 2}\n  - {unit: U1, points: 2}", "PROGRAMME-TWICE", None, "twice"),
    ("hours: 3\n", "hours: 3\n  hours: 4\n", "YAML-TWICE", "hours: 4", "second time"),
    ("title: {en: Unit", "title: &t {en: Unit", "YAML-ANCHOR", "&t", "anchors"),
    ("kind: skill", "kind: *t", "YAML-ANCHOR", "*t", "aliases"),
    ("kind: skill", "kind: !!python/name:os.system x", "YAML-TAG", "!!python", "tag"),
    ("kind: skill", "kind: [skill", "YAML-SYNTAX", None, ""),
    ("kind: skill", "kind: skill\n---\na: 1", "YAML-SHAPE", None, "second document"),
    ("kind: skill", "? [a]\n    : b", "YAML-KEY", "? [a]", "no plain word"),
    ("include: [", "include: [/etc/x.yaml, ", "PROGRAMME-INCLUDE", "include", "cannot be included"),
    ("include: [", "include: [../x.yaml, ", "PROGRAMME-INCLUDE", "include", "cannot be included"),
    ("include: [", "include: [shared/../../x.yaml, ", "PROGRAMME-INCLUDE", "include", "cannot be included"),
    ("include: [", "include: ['c:\\x.yaml', ", "PROGRAMME-INCLUDE", "include", "cannot be included"),
    ("include: [", "include: [shared/none.yaml, ", "PROGRAMME-INCLUDE", "include", "no file shared/none.yaml"),
    ("include: [", "include: [small.yaml, ", "PROGRAMME-INCLUDE", "include", "circle"),
]


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "words"), FAULTS, ids=[fault[1][:50] or "gone" for fault in FAULTS]
)
def test_a_fault_is_named_with_its_line_and_cure(old: str, new: str, code: str, line: str | None, words: str) -> None:
    assert old in SMALL
    spoilt = SMALL.replace(old, new, 1)
    found = [one for one in problems(spoilt) if one.code == code and words in f"{one.what}; {one.do}"]
    assert found, problems(spoilt)
    assert found[0].do
    if line is not None:
        assert str(found[0].where) == f"small.yaml:{line_of(spoilt, line)}"


def test_all_faults_are_told_at_once_with_the_file_each_stands_in() -> None:
    spoilt = SMALL.replace("hours: 3\n", "hours: x\n").replace("kind: skill", "kind: habit")
    found = problems(spoilt, BASE.replace('version: "1"', "version: 1"))
    assert {one.where.file for one in found} == {"small.yaml", "shared/base.yaml"}
    assert len(found) == 3


def test_a_definition_that_stands_in_two_files_names_the_other() -> None:
    more = "modules:\n- {id: M1, title: {en: Other}, hours: 1, delivery: mooc}\n"
    found = problems(SMALL.replace("[shared/base.yaml]", "[shared/base.yaml, shared/more.yaml]"), more=more)
    assert [one.code for one in found] == ["PROGRAMME-TWICE"]
    assert "small.yaml:" in found[0].do


def test_named_rules_cannot_use_one_another_in_a_circle() -> None:
    base = BASE.replace("    modules: sharing\n", "    any: [{use: other}]\n  other: {use: outcome}\n")
    assert any("circle" in one.what for one in problems(base=base))


def test_included_files_may_include_each_other_but_not_in_a_circle() -> None:
    base = "include: [more.yaml]\n" + BASE
    assert read("small.yaml", texts(base=base, more="sources: {S2: x}\n")).sources["S2"] == "x"
    found = problems(base=base, more="include: [base.yaml]\n")
    assert [one.code for one in found] == ["PROGRAMME-INCLUDE"]
    assert "shared/base.yaml → shared/more.yaml → shared/base.yaml" in found[0].what


def test_a_file_included_twice_is_read_once() -> None:
    small = SMALL.replace("[shared/base.yaml]", "[shared/base.yaml, shared/base.yaml]")
    assert read("small.yaml", texts(small)).id == "P"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: " + "[" * 30 + "]" * 30, "YAML-DEPTH"),
        ("[" * 100_000, "YAML-DEPTH"),
        ("a: [" + "1," * 200_000 + "]", "YAML-SIZE"),
        ("#" * 1_000_001, "YAML-SIZE"),
        ("- a", "YAML-SHAPE"),
        ("", "YAML-SHAPE"),
        ("a: \x07", "YAML-SYNTAX"),
    ],
    ids=["deep", "very deep", "many", "long", "list", "empty", "control character"],
)
def test_what_is_no_reasonable_yaml_is_refused(text: str, code: str) -> None:
    assert code in [one.code for one in problems(text)]


def test_plain_words_stay_words() -> None:
    small = SMALL.replace("{en: Unit, lv: Vienība}", "{en: no, lv: 2022-11-22}")
    assert dict(read("small.yaml", texts(small)).units[0].title) == {"en": "no", "lv": "2022-11-22"}


# the version


def test_the_version_depends_on_content_and_not_on_layout() -> None:
    before = read("small.yaml", texts()).version
    assert len(before) == 12
    moved = SMALL.replace(
        "modules:\n- id: M1\n  title: {en: Module, lv: Modulis}\n",
        "modules:  # moved\n- title:\n    lv: Modulis\n    en: Module\n  id: M1\n",
    )
    assert moved != SMALL
    assert read("small.yaml", texts(moved.replace("hours: 3\n", "hours: 3.0\n"))).version == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lv: Modulis", "lv: Cits"),
        ("points: 2}\nunits", "points: 3}\nunits"),
        ("min_share: 0.5", "min_share: 0.6"),
        ("verb: passed", "verb: completed"),
        ("lv: Meklēt", "lv: Rast"),
    ],
)
def test_any_change_of_content_is_another_version(old: str, new: str) -> None:
    assert old in SMALL or old in BASE
    changed = read("small.yaml", texts(SMALL.replace(old, new), BASE.replace(old, new)))
    assert changed.version != read("small.yaml", texts()).version


def test_what_the_programme_does_not_use_is_no_part_of_its_version() -> None:
    unused = SMALL + "- {id: M2, title: {en: Spare}, hours: 1, delivery: mooc}\n"
    assert read("small.yaml", texts(unused)).version == read("small.yaml", texts()).version


# the rule language


def test_rules_are_resolved_where_they_stand() -> None:
    small = SMALL.replace(
        "    - modules: all\n",
        "    - at_least: {count: 1, of: [{module: M1}, {use: other}]}\n",
    )
    base = (
        BASE
        + """\
  other:
    statement:
      verb: [passed, "urn:x"]
      activity: "{unit}/x*"
      type: "t:1"
      parent: "{unit}"
      source: [tool, "credential:m"]
      min_scaled: 0.7
      times: 2
      min_hours: 1.5
      success: true
"""
    )
    rule = read("small.yaml", texts(small, base)).units[0].rule
    chosen, hours = rule.of  # type: ignore[union-attr]  # an `all`
    assert isinstance(chosen, AtLeast)
    assert chosen.of[0] == Modules(("M1",))
    statement = chosen.of[1]
    assert isinstance(statement, Statements)
    assert str(statement.matcher.activities[0]) == "tag:example.org,2026:unit/U1/x*"
    assert statement.matcher.parents == ("tag:example.org,2026:unit/U1",)
    assert statement.matcher.sources == ("tool", "credential:m")
    assert (statement.times, statement.min_hours, statement.matcher.min_scaled) == (2, 1.5, 0.7)
    assert hours == HoursOf("face_to_face", 1.0)


# check


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("work_based: 4}\n  credit", "work_based: 5}\n  credit", "PROGRAMME-SUM", "the units have 4 h"),
        ("points: 2}\n  languages", "points: 3}\n  languages", "PROGRAMME-SUM", "give 2 points"),
        ("hours: 3\n", "hours: 2.5\n", "PROGRAMME-SUM", "the modules of U1 have 2.5 h"),
        ('    references: {frame: ["1.1"]}\nmodules', "modules", "PROGRAMME-REACH", "no evidence can show O1"),
        (
            "    kind: skill",
            "    kind: skill\n    rule: {hours: {mode: work_based, min: 0}}",
            "PROGRAMME-REACH",
            "without",
        ),
        ("- hours: {mode: face_to_face, min_share: 0.5}", "- modules: []", "PROGRAMME-REACH", "rule of U1"),
    ],
)
def test_check_finds_what_cannot_be(old: str, new: str, code: str, words: str) -> None:
    assert old in SMALL
    found = check(read("small.yaml", texts(SMALL.replace(old, new, 1))))
    errors = [one for one in found if one.severity == "error"]
    assert [one.code for one in errors] == [code]
    assert words in errors[0].what
    assert errors[0].where.line > 0


def test_optional_units_do_not_add_to_the_points_of_the_programme() -> None:
    small = SMALL.replace("{unit: U1, points: 2}", "{unit: U1, points: 2, compulsory: false}")
    assert ["give 0 points" in one.what for one in check(read("small.yaml", texts(small)))] == [True]


@pytest.mark.parametrize("text", ["lv: Mazs", "lv: Vienība", "lv: Dari", "lv: Modulis", "lv: Sasniegts", "lv: Meklēt"])
def test_missing_translations_are_warnings(text: str) -> None:
    small, base = SMALL.replace(f", {text}", ""), BASE.replace(f", {text}", "")
    found = check(read("small.yaml", texts(small, base)))
    assert [(one.code, one.severity) for one in found] == [("PROGRAMME-TRANSLATION", "warning")]
    assert "lv" in found[0].what
