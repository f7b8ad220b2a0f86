"""Rubrics: read with every fault told, and scored as the weighted share of what could be had."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.ecvet.check import check
from lti_tool.ecvet.facts import stated
from lti_tool.ecvet.judge import judge
from lti_tool.ecvet.problems import ProgrammeInvalid
from lti_tool.ecvet.programme import read
from lti_tool.ecvet.terms import LANGUAGES, Criterion, Programme, Rubric, RubricLevel, Text
from lti_tool.ecvet.versions import changes
from tests.ecvet.builders import NOW, TRUSTED, ceco, digy, said
from tests.ecvet.small import SMALL, texts

RUBRIC = """\
rubrics:
- id: R1
  title: {en: Rubric, lv: Rubrika}
  levels:
  - {id: low, points: 0, title: {en: Low, lv: Zems}}
  - {id: high, points: 2, title: {en: High, lv: Augsts}}
  criteria:
  - {id: c1, weight: 2, title: {en: First, lv: Pirmais}}
  - {id: c2, title: {en: Second, lv: Otrais}, levels: {low: {en: l, lv: l}, high: {en: h, lv: h}}}
"""
WITH = SMALL.replace("  modules: [M1]\n", "  modules: [M1]\n  rubric: R1\n") + RUBRIC


def rubric_of(text: str) -> Rubric:
    (rubric,) = read("small.yaml", texts(text)).rubrics
    return rubric


def small(weights: Sequence[float], points: Sequence[float]) -> Rubric:
    title = Text({"en": "x"})
    levels = tuple(RubricLevel(f"l{number}", title, one) for number, one in enumerate(sorted(points)))
    return Rubric("R", title, levels, tuple(Criterion(f"c{n}", title, one) for n, one in enumerate(weights)))


rubrics = st.builds(
    small,
    st.lists(st.floats(0.1, 10), min_size=1, max_size=6),
    st.lists(st.integers(0, 20), min_size=2, max_size=5, unique=True),
)


@st.composite
def rated(draw: st.DrawFn) -> tuple[Rubric, dict[str, str]]:
    rubric = draw(rubrics)
    level = st.sampled_from([one.id for one in rubric.levels])
    return rubric, {one.id: draw(level) for one in rubric.criteria}


@given(rated())
def test_a_score_is_a_share_and_its_ends_are_the_lowest_and_the_highest_levels(
    one: tuple[Rubric, dict[str, str]],
) -> None:
    rubric, chosen = one
    assert 0 <= rubric.scaled(chosen) <= 1
    assert rubric.scaled(dict.fromkeys(chosen, rubric.levels[-1].id)) == 1
    if rubric.levels[0].points == 0:
        assert rubric.scaled(dict.fromkeys(chosen, rubric.levels[0].id)) == 0


@given(rated(), st.data())
def test_a_higher_level_never_lowers_the_score(one: tuple[Rubric, dict[str, str]], data: st.DataObject) -> None:
    rubric, chosen = one
    criterion = data.draw(st.sampled_from(sorted(chosen)))
    names = [level.id for level in rubric.levels]
    higher = data.draw(st.sampled_from(names[names.index(chosen[criterion]) :]))
    assert rubric.scaled({**chosen, criterion: higher}) >= rubric.scaled(chosen)


@given(rated(), st.floats(0.5, 4))
def test_only_the_share_of_a_weight_and_of_points_counts(one: tuple[Rubric, dict[str, str]], factor: float) -> None:
    rubric, chosen = one
    weights = [criterion.weight * factor for criterion in rubric.criteria]
    points = [level.points * factor for level in rubric.levels]
    assert small(weights, points).scaled(chosen) == pytest.approx(rubric.scaled(chosen), abs=2e-6)


@given(rated(), st.data())
def test_there_is_no_score_without_one_known_level_for_each_criterion(
    one: tuple[Rubric, dict[str, str]], data: st.DataObject
) -> None:
    rubric, chosen = one
    criterion = data.draw(st.sampled_from(sorted(chosen)))
    less = {id: level for id, level in chosen.items() if id != criterion}
    for wrong in (less, {**chosen, criterion: "none"}, {**chosen, "surplus": rubric.levels[0].id}):
        with pytest.raises(ValueError, match="not one level for each"):
            rubric.scaled(wrong)


def test_weights_count() -> None:
    rubric = rubric_of(WITH)
    assert rubric.scaled({"c1": "high", "c2": "low"}) == pytest.approx(2 / 3, abs=1e-6)
    assert rubric.scaled({"c1": "low", "c2": "high"}) == pytest.approx(1 / 3, abs=1e-6)


@pytest.mark.parametrize(
    ("before", "after", "code", "told"),
    [
        ("rubric: R1", "rubric: R2", "PROGRAMME-REFERENCE", 'no rubric "R2"'),
        ("weight: 2", "weight: 0", "PROGRAMME-FIELD", "counts nothing"),
        ("weight: 2", "weight: -1", "PROGRAMME-FIELD", "-1"),
        ("id: c2", "id: c1", "PROGRAMME-TWICE", '"c1" stands here twice'),
        ("id: high", "id: low", "PROGRAMME-TWICE", '"low" stands here twice'),
        ("levels: {low: {en: l, lv: l}", "levels: {middle: {en: l, lv: l}", "PROGRAMME-REFERENCE", 'no level "middle"'),
        ("points: 2", "points: many", "PROGRAMME-FIELD", "not a number"),
        ("id: c1", "id: 'c 1'", "PROGRAMME-FIELD", "cannot be used"),
        ("  - {id: high, points: 2, title: {en: High, lv: Augsts}}\n", "", "PROGRAMME-FIELD", "1 levels"),
        ("title: {en: First, lv: Pirmais}", "title: {lv: Pirmais}", "PROGRAMME-FIELD", "no English"),
    ],
)
def test_what_is_wrong_with_a_rubric_is_told_with_its_line(before: str, after: str, code: str, told: str) -> None:
    assert before in WITH
    with pytest.raises(ProgrammeInvalid) as caught:
        read("small.yaml", texts(WITH.replace(before, after)))
    found = [one for one in caught.value.problems if one.code == code and told in one.what]
    assert found, caught.value.problems
    assert found[0].where.line > 1


def test_levels_must_rise_and_words_are_looked_for_in_every_language() -> None:
    falling = read("small.yaml", texts(WITH.replace("points: 0", "points: 3")))
    assert [one.code for one in check(falling) if "R1" in one.what] == ["PROGRAMME-SUM"]
    missing = read(
        "small.yaml",
        texts(WITH.replace("lv: Otrais", "en: Second").replace("{en: Second, en: Second}", "{en: Second}")),
    )
    assert [one.what for one in check(missing) if "R1" in one.what] == [
        "R1: the title of criterion c2 is missing in lv"
    ]
    half = read("small.yaml", texts(WITH.replace(", high: {en: h, lv: h}", "")))
    assert [one.code for one in check(half) if "R1" in one.what] == ["PROGRAMME-FIELD"]


def test_a_rubric_is_part_of_the_version_only_where_a_unit_names_it() -> None:
    plain = read("small.yaml", texts())
    assert read("small.yaml", texts(SMALL + RUBRIC)).version == plain.version
    with_it = read("small.yaml", texts(WITH))
    assert with_it.version != plain.version
    assert read("small.yaml", texts(WITH.replace("weight: 2", "weight: 3"))).version != with_it.version
    assert [(one.id, one.field, one.after) for one in changes(plain, with_it)] == [("U1", "rubric", "Rubric")]


@pytest.mark.parametrize("programme", [ceco(), digy()], ids=lambda one: one.id)
def test_both_programmes_rate_digital_materials_and_tools_in_five_languages(programme: Programme) -> None:
    unit = programme.unit("BIB-U7")
    assert unit is not None
    rubric = unit.rubric
    assert rubric is not None
    assert str(rubric.title) == "A library's digital materials and tools"
    said = [rubric.title, *(one.title for one in rubric.levels), *(one.title for one in rubric.criteria)]
    said += [text for one in rubric.criteria for text in one.levels.values()]
    assert len(said) == 1 + 4 + 5 + 20
    assert all(set(one) == set(LANGUAGES) for one in said)
    assert all(len(set(one.values())) == len(one) for one in said)
    told = [one for one in stated(programme) if one.kind == "rubric"]
    assert {one.status for one in told} == {"reconstructed"}
    assert {one.value for one in told if one.language == "lv"} == {one["lv"] for one in said}


@pytest.mark.parametrize(("scaled", "state"), [(0.59, "not_started"), (0.6, "demonstrated"), (1.0, "demonstrated")])
def test_a_rule_counts_rated_work_from_the_tool_alone(scaled: float, state: str) -> None:
    for by, reached in (("lti-tool", state), ("page", "not_started")):
        rating = said("scored", "unit/BIB-U7/project/work-1", scaled=scaled, by=by)
        unit = judge(ceco(), [rating], (), NOW, TRUSTED).unit("BIB-U7")
        assert unit is not None
        assert {one.state for one in unit.outcomes} == {reached}
        assert unit.state == "in_progress"  # the seminar is left


def test_the_best_rating_counts_and_a_later_lower_one_takes_nothing_away() -> None:
    ratings = [said("scored", f"unit/BIB-U7/project/{n}", scaled=n / 10, minute=n) for n in (3, 9, 2)]
    unit = judge(ceco(), ratings, (), NOW, TRUSTED).unit("BIB-U7")
    assert unit is not None
    assert {one.state for one in unit.outcomes} == {"demonstrated"}
    low = judge(ceco(), ratings[::2], (), NOW, TRUSTED).unit("BIB-U7")
    assert low is not None
    (why, *_rest) = low.outcomes[0].why
    assert (why.code, why.params["scaled"], why.params["needed"]) == ("project_below", 0.3, 0.6)
