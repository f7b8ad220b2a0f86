"""The programmes that ship: complete, in sum, and honest about what is known."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lti_tool.ecvet.check import check
from lti_tool.ecvet.load import load_all
from lti_tool.ecvet.terms import MODES, STATUSES, Programme
from tests.ecvet.builders import PROGRAMMES, ceco, digy

LANGUAGES = {"en", "lv", "bg", "el", "it"}
CONTENT = Path(__file__).parents[2] / "config" / "modules"
both = pytest.mark.parametrize("programme", [ceco(), digy()], ids=lambda one: one.id)


@both
def test_hours_and_points(programme: Programme) -> None:
    assert [programme.hours[mode] for mode in MODES] == [20, 160, 40, 20, 165]
    assert programme.hours.total == 405
    assert programme.points == sum(unit.points for unit in programme.units) == 16
    assert [unit.position for unit in programme.units] == list(range(1, 9))
    assert len(programme.modules) == 34


@both
def test_no_errors_and_only_translations_to_warn_of(programme: Programme) -> None:
    assert {(one.code, one.severity) for one in check(programme)} <= {("PROGRAMME-TRANSLATION", "warning")}


def test_38_modules_and_67_outcomes_in_all() -> None:
    found = load_all(PROGRAMMES)
    assert [one.id for one in found] == ["CECO", "DIGY"]
    assert {module.id for one in found for module in one.modules} == {f"M{number:02}" for number in range(1, 39)}
    assert len({outcome.id for one in found for unit in one.units for outcome in unit.outcomes}) == 67
    shared = {module.id for module in found[0].modules} & {module.id for module in found[1].modules}
    assert len(shared) == 30


@both
def test_titles_outcomes_criteria_and_competences_are_in_five_languages(programme: Programme) -> None:
    texts = [
        programme.title,
        programme.profile,
        *(one.title for one in programme.modules),
        *(one.title for one in programme.modes),
    ]
    texts += [text for unit in programme.units for text in (unit.title, unit.assessment.criteria)]
    texts += [unit.assessment.procedure for unit in programme.units]
    texts += [programme.scheme.title]
    texts += [outcome.text for unit in programme.units for outcome in unit.outcomes]
    texts += [one.title for part in programme.frameworks if part.languages != ("en",) for one in part.competences]
    assert all(set(text) >= LANGUAGES for text in texts)
    assert [len(part.competences) for part in programme.frameworks[:3]] == [21, 15, 9]


@both
def test_every_competence_of_the_frameworks_is_covered(programme: Programme) -> None:
    used = {reference.key for unit in programme.units for one in unit.outcomes for reference in one.references}
    for part in programme.frameworks[:3]:
        covered = used | {reference.key for one in programme.modules for reference in one.references}
        assert {(part.id, one.id) for one in part.competences} <= covered


@both
def test_every_module_is_described_and_evidences_an_outcome(programme: Programme) -> None:
    for module in programme.modules:
        assert module.description.in_("en")
        assert any(module.outcomes(unit) for unit in programme.units_of(module.id))


@both
def test_nothing_reconstructed_passes_as_published(programme: Programme) -> None:
    assert programme.status == "reconstructed"
    assert {one.status for one in programme.units} == {"reconstructed"}
    published = {module.id for module in programme.modules for fact in module.facts if fact.status == "published"}
    assert published == {"M03", "M06", "M14", "M22", "M25"}
    facts = [fact for part in (programme, *programme.modules, *programme.institutions) for fact in part.facts]
    assert {fact.status for fact in facts} <= set(STATUSES)
    assert all(fact.sources for fact in facts if fact.status == "published")
    hours = next(fact for fact in programme.facts if fact.about == "hours")
    assert (hours.status, hours.sources) == ("published", ("S1",))
    grant = next(fact for fact in programme.project if fact.about == "grant_number")
    assert grant.alternative.startswith("612411")


@both
def test_one_institution_in_each_country_of_the_pilot(programme: Programme) -> None:
    assert sorted(one.country for one in programme.institutions) == ["BG", "EL", "IT", "LV"]


def test_the_typing_error_of_the_draft_is_gone() -> None:
    assert "is can be" not in "".join(path.read_text() for path in PROGRAMMES.rglob("*.yaml"))


def test_a_module_is_graded_where_it_has_a_quiz_and_names_the_languages_of_its_pages() -> None:
    modules = {module.id: module for one in (ceco(), digy()) for module in one.modules}
    quizzes: dict[str, set[str]] = {}
    for path in CONTENT.glob("*/*/quiz.yaml"):
        quizzes.setdefault(path.parts[-3], set()).add(path.parts[-2])
    assert {id: set(module.languages) for id, module in modules.items() if module.graded} == quizzes
    assert not [id for id, module in modules.items() if module.languages and id not in quizzes]


def test_the_files_are_what_any_yaml_reader_takes_them_for() -> None:
    for path in PROGRAMMES.rglob("*.yaml"):
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)
