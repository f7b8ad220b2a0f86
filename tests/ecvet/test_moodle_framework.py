"""Programmes as Moodle competency frameworks: the columns of Moodle's own tool, there and back without loss."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lti_tool.ecvet.documents import as_yaml, framework_document, units_document, usable_ids
from lti_tool.ecvet.exchange_cli import framework as group
from lti_tool.ecvet.marked import parse, plain
from lti_tool.ecvet.moodle_csv import BOM, DELIMITERS, HEADERS, SHORT, Line, read, write
from lti_tool.ecvet.moodle_framework import FoundUnit, framework_of, from_framework, from_programme, units_of
from lti_tool.ecvet.problems import Log
from lti_tool.ecvet.schema import schema
from lti_tool.ecvet.terms import Programme
from lti_tool.errors import BadInput
from tests.ecvet.builders import PROGRAMMES, ceco, digy

both = pytest.mark.parametrize("programme", [ceco(), digy()], ids=lambda one: one.id)
delimiters = pytest.mark.parametrize("delimiter", DELIMITERS.values(), ids=list(DELIMITERS))
SHARED = Draft202012Validator(schema())

# Letters of five languages, and whatever CSV, HTML and PHP could stumble over.
WORDS = st.text(alphabet=st.sampled_from("aāčßжΩ ,;:\t\n\"'<>&\\%=-|"), min_size=1, max_size=60)
IDS = st.text(alphabet=st.sampled_from("abcAB12.-_ āя,;"), min_size=1, max_size=8).map(str.strip).filter(bool)


def as_moodle_reads(text: str, delimiter: str = ",") -> list[list[str]]:
    assert text.startswith(BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(BOM)), delimiter=delimiter))


@both
def test_the_columns_are_those_of_moodles_tool_and_every_row_has_them(programme: Programme) -> None:
    rows = as_moodle_reads(write(from_programme(programme)))
    assert rows[0] == list(HEADERS)
    assert len(HEADERS) == 14
    assert {len(row) for row in rows} == {14}
    assert [row[12] for row in rows[1:]] == ["1"] + [""] * (len(rows) - 2)


@both
def test_moodle_would_take_it(programme: Programme) -> None:
    lines = from_programme(programme)
    known = {""} | {line.id for line in lines[1:]}
    assert len(known) == len(lines)
    for line in lines:
        assert line.parent in known and len(line.id) <= SHORT and 0 < len(line.short) <= SHORT
        # validate_param(…, PARAM_TEXT): nothing that looks like a tag.
        assert not {"<", ">"} & set(line.short)
        assert line.rule_outcome in ("", "0", "1", "2", "3")
    config = json.loads(lines[0].scale_config)
    assert set(config[0]) == {"scaleid"} and config[1]["scaledefault"] and config[1]["proficient"]
    assert len(lines[0].scale_values.split(",")) == config[1]["id"]
    rule = json.loads(lines[1].rule_config)
    exported = {line.export_id for line in lines if line.parent == programme.id}
    assert {str(one["id"]) for one in rule["competencies"]} == exported
    assert rule["base"]["points"] == sum(one["points"] for one in rule["competencies"]) == 16


@both
@delimiters
@pytest.mark.parametrize("languages", [(), ("en", "lv", "bg", "el", "it")])
def test_a_programme_comes_back_as_it_went(programme: Programme, delimiter: str, languages: tuple[str, ...]) -> None:
    found = units_of(read(write(from_programme(programme, "en", languages), delimiter)))
    assert [(one.id, one.points) for one in found] == [(unit.id, unit.points) for unit in programme.units]
    for unit, one in zip(programme.units, found, strict=True):
        assert one.title == (unit.title if languages else {"en": unit.title["en"]})
        assert [(o.id, o.kind, o.text) for o in one.outcomes] == [
            (o.id, o.kind, o.text if languages else {"en": o.text["en"]}) for o in unit.outcomes
        ]


def test_a_programme_in_latvian_comes_back_in_latvian() -> None:
    found = units_of(read(write(from_programme(ceco(), "lv"))), "lv")
    assert found[0].title["lv"] == ceco().units[0].title["lv"]


@pytest.mark.parametrize("id", ["digcomp", "entrecomp", "lifecomp", "esco", "ecf"])
def test_a_framework_comes_back_as_it_went(id: str) -> None:
    was = ceco().framework(id)
    assert was is not None
    now = framework_of(read(write(from_framework(was, "en", was.languages))))
    assert [(one.id, one.area, one.title) for one in now.competences] == [
        (one.id, one.area, one.title) for one in was.competences
    ]
    assert {id: was.areas[id] for id in now.areas} == dict(now.areas)


@st.composite
def frameworks(draw: st.DrawFn) -> tuple[Line, ...]:
    ids = draw(st.lists(IDS, min_size=1, max_size=8, unique=True))
    lines = [Line("fw", "Framework", draw(WORDS), is_framework=True)]
    for number, id in enumerate(ids):
        parent = draw(st.sampled_from(["", *ids[:number]]))
        related = tuple(draw(st.lists(st.sampled_from(ids), max_size=2, unique=True)))
        lines.append(
            Line(id, draw(IDS), draw(WORDS).replace("\\", "/"), parent, related=related, export_id=str(number))
        )
    return tuple(lines)


@given(lines=frameworks(), delimiter=st.sampled_from(list(DELIMITERS.values())))
def test_whatever_a_framework_holds_is_read_as_it_was_written(lines: tuple[Line, ...], delimiter: str) -> None:
    lines = (Line("fw", "Framework", lines[0].description.replace("\\", "/"), is_framework=True), *lines[1:])
    back = read(write(lines, delimiter))
    assert [(one.id, one.short, one.description, one.parent, one.related, one.export_id) for one in back] == [
        (one.id, one.short, one.description, one.parent, one.related, one.export_id) for one in lines
    ]


@given(lines=frameworks())
def test_any_framework_becomes_a_file_that_the_schema_takes_and_no_outcome_is_lost(lines: tuple[Line, ...]) -> None:
    back = read(write(tuple(line if not line.is_framework else Line("fw", "F", is_framework=True) for line in lines)))
    units = units_of(back)
    parents = {line.parent for line in back}
    leaves = {line.id for line in back if not line.is_framework and line.id not in parents and line.parent}
    assert {outcome.id for unit in units for outcome in unit.outcomes} == leaves
    for document in (units_document(units, 5), framework_document(framework_of(back))):
        text = as_yaml(document, ["a note"])
        log = Log()
        table = parse(text, "x.yaml", log)
        assert table is not None and log.problems == (), log.problems
        assert plain(table) == document == yaml.safe_load(text)
        assert list(SHARED.iter_errors(document)) == []


@given(names=st.lists(st.text(max_size=6), unique=True))
def test_ids_are_usable_and_no_two_become_one(names: list[str]) -> None:
    found = usable_ids(names)
    assert len(set(found.values())) == len(names)
    for name, id in found.items():
        assert id and id.isascii() and not set(id) - set("._-") <= set()
        if name == id:
            assert found[name] == name


def test_phps_way_to_write_a_backslash_is_read_too() -> None:
    # fputcsv leaves \" as it is, where others write \"".
    row = r'"","a","A","<p>C:\"x\" and ""y""</p>","1","","","","0","null","","7","",""'
    head = '"","f","F","","1","Not yet,Yes","[{""scaleid"":""2""}]","","","","","","1",""'
    found = read(",".join(f'"{name}"' for name in HEADERS) + f"\n{head}\n{row}\n")
    assert found[1].description == r'<p>C:\"x\" and "y"</p>'


def test_headers_in_another_language_count_by_place_and_english_ones_by_name() -> None:
    lines = from_programme(digy())
    rows = as_moodle_reads(write(lines))
    foreign = io.StringIO()
    csv.writer(foreign).writerows([[f"Spalte {n}" for n in range(14)], *rows[1:]])
    assert [line.id for line in read(foreign.getvalue())] == [line.id for line in lines]
    mixed = io.StringIO()
    csv.writer(mixed).writerows([list(reversed(row)) for row in rows])
    assert [line.short for line in read(mixed.getvalue())] == [line.short for line in lines]
    older = write(lines).replace("Parent ID number", "Parent id number").replace("Cross-referenced", "Cross referenced")
    assert read(older)[1].id == "DIGY"


HEAD = ",".join(HEADERS)
FRAMEWORK = ",f,F,,1,,,,,,,,1,"


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("", "line 1", "empty"),
        ("a,b,c\n1,2,3", "line 1", "no columns of a Moodle framework"),
        (HEAD, "line 1", "no row is the framework"),
        (f"{HEAD}\n{FRAMEWORK}\n{FRAMEWORK}", "line 3", "two frameworks"),
        (f"{HEAD}\n{FRAMEWORK}\n,a,A\n", "line 3", "3 columns"),
        (f"{HEAD}\n{FRAMEWORK}\n,a,A,,1,,,,,,,,,\n,a,B,,1,,,,,,,,,", "line 4", "second time"),
        (f"{HEAD}\n{FRAMEWORK}\nz,a,A,,1,,,,,,,,,", "line 3", 'no competency "z"'),
        (f"{HEAD}\n{FRAMEWORK}\nb,a,A,,1,,,,,,,,,\na,b,B,,1,,,,,,,,,", "line 3", "below itself"),
        (f"{HEAD}\n{FRAMEWORK}\n,a,,,1,,,,,,,,,", "line 3", "missing"),
    ],
)
def test_what_is_wrong_is_told_with_line_and_cure(text: str, where: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(text)
    assert caught.value.code == "FRAMEWORK-CSV"
    assert where in caught.value.what and words in caught.value.what and caught.value.do


def test_an_id_that_moodle_would_cut_is_refused() -> None:
    with pytest.raises(BadInput):
        write([Line("f", "F", is_framework=True), Line("x" * 101, "X")])


def test_descriptions_read_nothing_from_elsewhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    evil = f'<!DOCTYPE p [<!ENTITY x SYSTEM "file://{secret}">]><p class="ecvet-text">&x;<img src="http://127.0.0.1:9/"></p>'
    lines = (Line("f", "F", is_framework=True), Line("a", "A", evil))
    found: tuple[FoundUnit, ...] = units_of(read(write(lines)))
    assert "hidden" not in str(dict(found[0].title))


def test_the_commands_go_there_and_back(tmp_path: Path) -> None:
    run = CliRunner()
    out, units = tmp_path / "ceco.csv", tmp_path / "units.yaml"
    done = run.invoke(group, ["export", str(PROGRAMMES / "ceco.yaml"), "--multilang", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert run.invoke(group, ["import", str(out), "--as", "units", "--out", str(units)]).exit_code == 0
    text = units.read_text(encoding="utf-8")
    assert "- {unit: BIB-U7, points: 2}" in text
    assert len(yaml.safe_load(text)["units"]) == 8
    shown = run.invoke(
        group, ["export", str(PROGRAMMES / "ceco.yaml"), "--framework", "digcomp", "--delimiter", "semicolon"]
    )
    assert shown.output.startswith(BOM + ";".join(HEADERS))
    out.write_text(shown.output, encoding="utf-8")
    printed = run.invoke(group, ["import", str(out)])
    assert len(yaml.safe_load(printed.output)["frameworks"][0]["competences"]) == 21
    unknown = run.invoke(group, ["export", str(PROGRAMMES / "ceco.yaml"), "--framework", "nothing"])
    assert isinstance(unknown.exception, BadInput) and unknown.exception.code == "FRAMEWORK-UNKNOWN"
