"""Programmes as cmi5 course structures: the rules of section 13, there and back, and nothing taken from strangers."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lxml import etree

from lti_tool.ecvet.cmi5_programme import course_of, document_of, mastery, move_on
from lti_tool.ecvet.cmi5_xml import MOVE_ON, NS, OURS, Au, Block, Course, Objective, read, write
from lti_tool.ecvet.documents import as_yaml
from lti_tool.ecvet.exchange_cli import cmi5
from lti_tool.ecvet.problems import Problem, ProgrammeInvalid
from lti_tool.ecvet.programme import read as read_programme
from lti_tool.ecvet.rules import VERBS, All, AtLeast, Matcher, Mean, Statements
from lti_tool.ecvet.schema import schema
from lti_tool.ecvet.terms import Programme, Text
from lti_tool.errors import BadInput
from tests.ecvet.builders import PROGRAMMES, ceco, digy
from tests.ecvet.small import BASE, SMALL

both = pytest.mark.parametrize("programme", [ceco(), digy()], ids=lambda one: one.id)
ADDRESS = "https://lms.example.org/{module}/index.html"
SHARED = Draft202012Validator(schema())
EXTENSION = etree.XMLSchema(etree.parse(Path(__file__).parents[2] / "docs" / "cmi5-extension.xsd"))


@both
def test_objectives_are_outcomes_blocks_units_and_aus_modules(programme: Programme) -> None:
    course = course_of(programme, ADDRESS)
    outcomes = [outcome for unit in programme.units for outcome in unit.outcomes]
    assert [(one.id, one.title) for one in course.objectives] == [(one.iri, one.text) for one in outcomes]
    assert [(block.id, block.title) for block in course.parts] == [(unit.iri, unit.title) for unit in programme.units]
    aus = {part.id: part for block in course.parts if isinstance(block, Block) for part in block.parts}
    for module in programme.modules:
        au = aus[module.iri]
        assert isinstance(au, Au)
        assert (au.title, au.description) == (module.title, module.description)
        assert au.url == f"https://lms.example.org/{module.id}/index.html"
        assert set(au.objectives) == {one.iri for unit in programme.units for one in module.outcomes(unit)}
        assert au.move_on == ("Passed" if module.graded else "CompletedOrPassed")
    # Units without modules have one AU for what is done in them, as a block needs one.
    assert len(aus) == len(programme.modules) + 2


@both
def test_a_programme_comes_back_as_it_went(programme: Programme) -> None:
    course = course_of(programme, ADDRESS)
    data = write(course)
    assert read(data) == course
    document, notes = document_of(read(data), "credential:cmi5")
    assert [unit["id"] for unit in document["units"]] == [unit.id for unit in programme.units]
    for unit, back in zip(programme.units, document["units"], strict=True):
        assert (back["title"], back["eqf_level"]) == (unit.title, unit.eqf_level)
        assert back["hours"] == {mode: hours for mode, hours in unit.hours.items() if hours}
        assert tuple(back["modules"]) == unit.modules
        assert f"points: {unit.points}, weight: {unit.weight}" in "\n".join(notes)
        for outcome, one in zip(unit.outcomes, back["outcomes"], strict=True):
            assert (one["id"], one["kind"], one["text"]) == (outcome.id, outcome.kind, outcome.text)
            found = [
                (f, r if isinstance(r, str) else r["competence"]) for f, rs in one["references"].items() for r in rs
            ]
            assert sorted(found) == sorted(reference.key for reference in outcome.references)
    modules = {module["id"]: module for module in document["modules"]}
    assert set(modules) == {module.id for module in programme.modules}
    for module in programme.modules:
        back = modules[module.id]
        assert (back["hours"], back["delivery"], back["graded"]) == (module.hours, module.delivery, module.graded)
        assert tuple(back["languages"]) == module.languages
    assert list(SHARED.iter_errors(document)) == []


@both
def test_the_extension_keeps_its_own_schema(programme: Programme) -> None:
    root = etree.fromstring(write(course_of(programme, ADDRESS)))
    extras = root.find(f"{{{OURS}}}extras")
    assert extras is not None
    EXTENSION.assertValid(etree.fromstring(etree.tostring(extras)))
    assert list(root)[-1] is extras


def test_what_comes_back_can_be_a_programme_again() -> None:
    document, notes = document_of(course_of(ceco(), ADDRESS), "tool")
    head = yaml.safe_load((PROGRAMMES / "ceco.yaml").read_text(encoding="utf-8"))
    del head["units"], head["modules"]
    shared = {f"shared/{path.name}": path.read_text(encoding="utf-8") for path in (PROGRAMMES / "shared").iterdir()}
    head["include"] = [f"shared/{name}.yaml" for name in ("sources", "frameworks", "scheme", "rules", "institutions")]
    texts = {**shared, "ceco.yaml": as_yaml(head | document, notes)}
    again = read_programme("ceco.yaml", texts)
    for was, now in zip(ceco().units, again.units, strict=True):
        assert (was.hours, was.points, was.modules) == (now.hours, now.points, now.modules)
        assert [(one.id, one.text, one.modules) for one in was.outcomes] == [
            (one.id, one.text, one.modules) for one in now.outcomes
        ]


# Any structure

WORDS = st.text(alphabet=st.sampled_from("aāčßжΩ&<>\"' ]"), min_size=1, max_size=12).map(str.strip).filter(bool)
TEXTS = st.builds(lambda en, lv: Text({"en": en, **({"lv": lv} if lv else {})}), WORDS, st.none() | WORDS)


@st.composite
def courses(draw: st.DrawFn) -> Course:
    numbers = iter(range(1000))

    def iri(kind: str) -> str:
        return f"https://example.org/{kind}/{next(numbers)}"

    objectives = tuple(Objective(iri("o"), draw(TEXTS), draw(TEXTS)) for _ in range(draw(st.integers(0, 3))))
    ids = [one.id for one in objectives]
    wanted = st.lists(st.sampled_from(ids), max_size=2, unique=True).map(tuple) if ids else st.just(())

    def part(depth: int) -> Au | Block:
        if depth and draw(st.booleans()):
            inner = tuple(part(depth - 1) for _ in range(draw(st.integers(1, 3))))
            return Block(iri("b"), draw(TEXTS), draw(TEXTS), draw(wanted), inner)
        return Au(
            iri("a"),
            draw(TEXTS),
            draw(TEXTS),
            iri("u"),
            draw(wanted),
            draw(st.sampled_from(MOVE_ON)),
            draw(st.sampled_from(["", "0", "0.5", "0.8125", "1"])),
            draw(st.sampled_from(["AnyWindow", "OwnWindow"])),
            draw(st.sampled_from(["", "http://adlnet.gov/expapi/activities/media"])),
            draw(st.just("") | WORDS),
            draw(st.just("") | WORDS),
        )

    parts = tuple(part(2) for _ in range(draw(st.integers(1, 3))))
    return Course(iri("c"), draw(TEXTS), draw(TEXTS), objectives, parts)


@given(course=courses())
def test_whatever_a_structure_holds_is_read_as_it_was_written(course: Course) -> None:
    assert read(write(course)) == course


@given(course=courses())
def test_any_structure_becomes_a_file_that_the_schema_takes_and_no_module_is_lost(course: Course) -> None:
    document, notes = document_of(course, "credential:other")
    assert list(SHARED.iter_errors(document)) == []
    assert yaml.safe_load(as_yaml(document, notes)) == document
    activities = {activity for module in document["modules"] for activity in _activities(module["evidence"])}
    assert activities == {au for part in course.parts for au in _aus(part)}
    ids = [one["id"] for unit in document["units"] for one in unit["outcomes"]]
    assert len(set(ids)) == len(ids)


def _aus(part: Au | Block) -> set[str]:
    return {part.id} if isinstance(part, Au) else {id for inner in part.parts for id in _aus(inner)}


def _activities(rule: dict[str, object]) -> set[str]:
    if "all" in rule:
        return {id for part in rule["all"] for id in _activities(part)}  # type: ignore[attr-defined]  # a list of rules
    return {rule["statement"]["activity"]}  # type: ignore[index]  # a mapping


# What strangers send

TEXT = '<title><langstring lang="en">T</langstring></title><description><langstring>D</langstring></description>'
AU = f'<au id="https://e.org/a">{TEXT}<url>https://e.org/start</url></au>'
COURSE = f'<course id="https://e.org/c">{TEXT}</course>'
OBJECTIVES = f'<objectives><objective id="https://e.org/o">{TEXT}</objective></objectives>'


def structure(inner: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<courseStructure xmlns="{NS}">\n{inner}\n</courseStructure>'


SOUND = structure(f"{COURSE}{OBJECTIVES}<block id='https://e.org/b'>{TEXT}{AU}</block>")


def problems(text: str | bytes, packed: bool = False) -> tuple[Problem, ...]:
    try:
        read(text.encode() if isinstance(text, str) else text, packed=packed)
    except ProgrammeInvalid as invalid:
        return invalid.problems
    return ()


def test_a_sound_structure_is_sound_in_either_encoding_and_with_a_byte_order_mark() -> None:
    assert problems(SOUND) == ()
    assert problems(SOUND.encode("utf-8-sig")) == ()
    assert problems(SOUND.replace("utf-8", "utf-16").encode("utf-16")) == ()


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("<course id=", "<coarse id=", "XML"),
        (COURSE, "", "no <course>"),
        (COURSE, COURSE + COURSE.replace("org/c", "org/d"), "wrong place"),
        (COURSE + OBJECTIVES, OBJECTIVES + COURSE, "wrong place"),
        ('id="https://e.org/c"', 'id="course 1"', "no IRI"),
        ('id="https://e.org/c"', "", "no IRI"),
        ('id="https://e.org/a"', 'id="https://e.org/b"', "second time"),
        (AU, "", "no <au> or <block>"),
        (AU, AU.replace("<url>https://e.org/start</url>", ""), "no <url>"),
        (AU, AU.replace("https://e.org/start", ""), "no address"),
        (AU, AU.replace("https://e.org/start", "index.html"), "index.html"),
        (AU, AU.replace("<url>", '<objectives><objective idref="https://e.org/x"/></objectives><url>'), "no objective"),
        (AU, AU.replace("<url>", "<objectives></objectives><url>"), "empty"),
        (AU, AU.replace("<url>", "<price>5</price><url>"), "may not stand in <au>"),
        (AU, AU.replace("<au ", '<au moveOn="Maybe" '), "moveOn"),
        (AU, AU.replace("<au ", '<au masteryScore="80" '), "masteryScore"),
        (AU, AU.replace("<au ", '<au masteryScore="0.12345" '), "masteryScore"),
        (AU, AU.replace("<au ", '<au launchMethod="Tab" '), "launchMethod"),
        (AU, AU.replace("<au ", '<au activityType="quiz" '), "activityType"),
        (AU, AU.replace("<au ", '<au moveon="Passed" '), "no attribute"),
        (AU, AU.replace("T</langstring>", " </langstring>"), "says nothing"),
        (AU, AU.replace('lang="en"', 'lang="in English"'), "no language"),
        (f'<objective id="https://e.org/o">{TEXT}', '<objective id="https://e.org/o"><title>T</title>', "needs one"),
        (NS, "https://example.org/other", "no cmi5 course structure"),
    ],
)
def test_a_broken_rule_is_told_with_line_and_cure(was: str, now: str, words: str) -> None:
    spoilt = SOUND.replace(was, now)
    assert spoilt != SOUND
    found = problems(spoilt)
    assert any(words in one.what for one in found), found
    assert all(one.where.line >= 1 and one.do and one.code in ("STRUCTURE-RULE", "STRUCTURE-XML") for one in found)


def test_in_a_package_addresses_may_be_relative() -> None:
    relative = SOUND.replace("https://e.org/start", "m01/index.html")
    assert problems(relative) and problems(relative, packed=True) == ()


def test_extensions_of_others_are_ignored_and_stand_last() -> None:
    foreign = '<k:keyword xmlns:k="https://e.org/k" id="1"><k:x/></k:keyword>'
    assert problems(SOUND.replace("</au>", f"{foreign}</au>")) == ()
    assert problems(SOUND.replace("<au ", '<au xmlns:k="https://e.org/k" k:note="x" ')) == ()
    assert problems(SOUND.replace("<url>", f"{foreign}<url>"))


def test_languages_are_ours_and_white_space_is_gone() -> None:
    text = '<langstring lang="lv-LV">\n  Sveiki  \n</langstring><langstring lang="el">Γεια</langstring>'
    course = read(SOUND.replace('<langstring lang="en">T</langstring>', text).encode())
    assert course.title == {"en": "Sveiki", "lv": "Sveiki", "el": "Γεια"}


@pytest.mark.parametrize("entity", ["file", "http", "parameter"])
def test_no_entity_of_a_stranger_is_resolved(entity: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden", encoding="utf-8")
    types = {
        "file": f'<!DOCTYPE c [<!ENTITY x SYSTEM "file://{secret}">]>',
        "http": '<!DOCTYPE c [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>',
        "parameter": f'<!DOCTYPE c [<!ENTITY % p SYSTEM "file://{secret}"> %p;]>',
    }
    evil = SOUND.replace("?>\n", f"?>\n{types[entity]}\n", 1).replace(
        ">T<", ">&x;<" if entity != "parameter" else ">T<"
    )
    found = problems(evil)
    assert [(one.code, one.where.line) for one in found] == [("STRUCTURE-XML", 2)]
    assert "hidden" not in str(found)
    # Nor where the encoding hides it from who looks for the words.
    assert [one.code for one in problems(evil.replace("utf-8", "utf-16").encode("utf-16"))] == ["STRUCTURE-XML"]
    assert [one.code for one in problems(evil.replace("utf-8", "utf-7").encode("utf-7"))] == ["STRUCTURE-XML"]


def test_a_billion_laughs_are_no_laughs() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    laughs = SOUND.replace("?>\n", f'?>\n<!DOCTYPE c [<!ENTITY l0 "ha">{levels}]>\n', 1).replace(">T<", ">&l9;<")
    assert [one.code for one in problems(laughs)] == ["STRUCTURE-XML"]
    inside = SOUND.replace("<au ", '<au launchMethod="&l9;" ')
    assert [one.code for one in problems(inside)] == ["STRUCTURE-XML"]


def test_nothing_is_fetched_and_what_is_deep_or_large_is_refused() -> None:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="http://127.0.0.1:9/x"/>'
    assert problems(SOUND.replace("</au>", f"{include}</au>")) == ()
    deep = f"<block id='https://e.org/b'>{TEXT}" * 400 + "</block>" * 400
    assert [one.code for one in problems(structure(COURSE + deep))] == ["STRUCTURE-XML"]
    assert [one.code for one in problems(b" " * 10_000_001)] == ["STRUCTURE-XML"]
    assert [one.code for one in problems(b"\xff\xff\xff")] == ["STRUCTURE-XML"]


def test_the_extension_of_a_stranger_does_no_harm() -> None:
    extras = (
        f'<e:extras xmlns:e="{OURS}"><e:unit about="https://e.org/b" code="../x" eqf="99" work_based="1e9"/>'
        '<e:module about="https://e.org/a" code="&lt;M&gt;" hours="-5" delivery="drone" graded="maybe"/>'
        '<e:outcome about="https://e.org/o" code="" kind="habit"><e:reference framework="f" level="x"/></e:outcome>'
        "</e:extras></courseStructure>"
    )
    course = read(SOUND.replace("</courseStructure>", extras).encode())
    document, _ = document_of(course, "credential:x")
    unit, module = document["units"][0], document["modules"][0]
    assert (unit["id"], unit["eqf_level"], unit["hours"]) == ("x", 5, {"work_based": 0})
    assert (module["id"], module["hours"], module["delivery"]) == ("M-", 0, "specialisation")


# The criterion for "done"


def rule(*verbs: str, scaled: float | None = None) -> Statements:
    return Statements(Matcher(verbs=tuple(VERBS[verb] for verb in verbs), min_scaled=scaled))


def test_the_rule_of_a_module_becomes_the_nearest_criterion() -> None:
    assert move_on(rule("passed")) == "Passed"
    assert move_on(rule("completed")) == "Completed"
    assert move_on(rule("completed", "passed")) == "CompletedOrPassed"
    assert move_on(AtLeast(1, (rule("completed"), rule("passed")))) == "CompletedOrPassed"
    assert move_on(All((rule("completed"), rule("passed")))) == "CompletedAndPassed"
    assert move_on(rule("attended")) == "NotApplicable"
    assert mastery(rule("passed", scaled=0.8)) == "0.8"
    assert mastery(rule("passed", scaled=1)) == "1"
    assert mastery(rule("passed")) == ""
    mean = Mean(0.6, ((1, rule("passed")), (2, rule("passed"))))
    assert (move_on(mean), mastery(mean)) == ("Passed", "0.6")


def test_a_module_in_two_units_has_an_id_in_each_and_is_one_again() -> None:
    small = SMALL.replace("  - {unit: U1, points: 2}", "  - {unit: U1, points: 2}\n  - {unit: U2, points: 0}")
    second = SMALL[SMALL.index("- id: U1") : SMALL.index("modules:\n- id: M1")].replace("U1", "U2").replace("O1", "O2")
    programme = read_programme(
        "small.yaml",
        {"small.yaml": small.replace("modules:\n- id", f"{second}modules:\n- id"), "shared/base.yaml": BASE},
    )
    course = course_of(programme, ADDRESS)
    assert read(write(course)) == course
    document, _ = document_of(course, "tool")
    assert [unit["modules"] for unit in document["units"]] == [["M1"], ["M1"]]
    assert [module["id"] for module in document["modules"]] == ["M1"]


# The commands


def test_the_commands_go_there_and_back_as_file_and_as_package(tmp_path: Path) -> None:
    run, source = CliRunner(), str(PROGRAMMES / "digy.yaml")
    printed = run.invoke(cmi5, ["export", source, "--au-url", ADDRESS])
    assert printed.exit_code == 0 and printed.output.startswith("<?xml")
    package, out = tmp_path / "digy.zip", tmp_path / "units.yaml"
    assert run.invoke(cmi5, ["export", source, "--au-url", "{module}/index.html", "--out", str(package)]).exit_code == 0
    with zipfile.ZipFile(package) as inner:
        assert inner.namelist() == ["cmi5.xml"]
    assert run.invoke(cmi5, ["import", str(package), "--out", str(out)]).exit_code == 0
    assert len(yaml.safe_load(out.read_text(encoding="utf-8"))["modules"]) == 34
    relative = run.invoke(cmi5, ["export", source, "--au-url", "{module}/index.html"])
    assert isinstance(relative.exception, ProgrammeInvalid)


def test_a_package_without_structure_and_one_that_swells_are_refused(tmp_path: Path) -> None:
    empty, bomb = tmp_path / "empty.zip", tmp_path / "bomb.zip"
    with zipfile.ZipFile(empty, "w") as package:
        package.writestr("other.xml", "x")
    found = CliRunner().invoke(cmi5, ["import", str(empty)])
    assert isinstance(found.exception, BadInput) and found.exception.code == "FILE"
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("cmi5.xml", b" " * 30_000_000)
    bomb.write_bytes(held.getvalue())
    swollen = CliRunner().invoke(cmi5, ["import", str(bomb)])
    assert isinstance(swollen.exception, ProgrammeInvalid)
