"""Points: split by weight to the last one, checked against weights and hours, or not there at all."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.ecvet.check import OF_PAGES, check
from lti_tool.ecvet.credit import largest_remainder
from lti_tool.ecvet.problems import Problem, ProgrammeInvalid
from lti_tool.ecvet.programme import read
from lti_tool.ecvet.rules import VERBS
from lti_tool.launch.session import PAGE_VERBS
from tests.ecvet.builders import ceco, digy
from tests.ecvet.small import BASE, SMALL, texts

WEIGHTS = st.lists(st.integers(0, 5000).map(lambda n: n / 1000), min_size=1, max_size=12).filter(any)


def found(small: str = SMALL, base: str = BASE) -> tuple[Problem, ...]:
    return check(read("small.yaml", texts(small, base)))


@given(total=st.integers(0, 200), weights=WEIGHTS)
def test_the_shares_add_up_and_none_is_off_by_a_whole_point(total: int, weights: list[float]) -> None:
    shares = largest_remainder(total, weights)
    exact = [Fraction(str(weight)) for weight in weights]
    assert sum(shares) == total
    for share, weight in zip(shares, exact, strict=True):
        assert abs(share - total * weight / sum(exact)) < 1


@given(total=st.integers(0, 200), weights=WEIGHTS, factor=st.sampled_from([2, 10]))
def test_more_weight_is_never_less_points_and_scale_does_not_matter(
    total: int, weights: list[float], factor: int
) -> None:
    shares = largest_remainder(total, weights)
    ranked = sorted(zip(weights, shares, strict=True))
    assert all(low[1] <= high[1] for low, high in pairwise(ranked) if low[0] < high[0])
    assert largest_remainder(total, [round(weight * factor, 3) for weight in weights]) == shares


def test_ties_go_in_order() -> None:
    assert largest_remainder(2, [1, 1, 1]) == (1, 1, 0)
    assert largest_remainder(5, [0.1, 0.2, 0.3]) == (1, 2, 2)


def test_the_points_of_ceco_and_digy_are_the_split_of_their_weights() -> None:
    for programme in (ceco(), digy()):
        assert largest_remainder(16, [unit.weight for unit in programme.units]) == tuple(
            unit.points for unit in programme.units
        )


def test_points_that_no_line_names_are_split_by_weight() -> None:
    two = SMALL.replace("- {unit: U1, points: 2}", "- {unit: U1, weight: 1.5}\n  - {unit: U2, weight: 0.4}")
    two = two.replace(
        "modules:\n- id: M1",
        "- id: U2\n  title: {en: V, lv: V}\n  eqf_level: 5\n  hours: {}\n"
        "  assessment: {methods: [{id: quiz}], criteria: {en: A, lv: A}, grading: g}\n"
        "  outcomes: [{id: O2, kind: skill, text: {en: T, lv: T}, rule: {statement: {verb: completed,"
        ' activity: "{outcome}"}}}]\nmodules:\n- id: M1',
    )
    programme = read("small.yaml", texts(two))
    assert [(unit.id, unit.points, unit.weight) for unit in programme.units] == [("U1", 2, 1.5), ("U2", 0, 0.4)]
    assert check(programme) == ()


def test_points_that_can_not_be_split_are_told() -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        read("small.yaml", texts(SMALL.replace("points: 2}\n", "weight: 0}\n").replace("points: 2}", "points: 2.5}")))
    assert any("can't be split by weight" in one.what for one in caught.value.problems)


def test_points_that_are_not_the_split_of_the_weights_are_warned_of() -> None:
    programme = ceco()
    first, second, *others = programme.units
    units = (replace(first, points=first.points + 1), replace(second, points=second.points - 1), *others)
    warned = [one for one in check(replace(programme, units=units)) if one.code == "PROGRAMME-SUM"]
    assert [one.severity for one in warned] == ["warning"]
    assert "BIB-U1 1, BIB-U2 1" in warned[0].do


def test_a_scheme_without_points_takes_none() -> None:
    base = BASE.replace(
        "{id: points, title: {en: Points, lv: Punkti}}", "{id: points, kind: none, title: {en: N, lv: N}}"
    )
    none = SMALL.replace("{scheme: points, points: 2}", "{scheme: points}").replace(
        "{unit: U1, points: 2}", "{unit: U1}"
    )
    assert found(none, base) == ()
    assert read("small.yaml", texts(none, base)).points == 0
    assert [one.code for one in found(SMALL, base)] == ["PROGRAMME-SUM"]


def test_points_far_from_the_hours_are_warned_of() -> None:
    base = BASE.replace("{id: points, ", "{id: points, hours_per_point: 1, ")
    assert [(one.code, one.severity) for one in found(SMALL, base)] == [("PROGRAMME-SUM", "warning")]


def test_an_act_for_which_nobody_is_competent_is_out_of_reach() -> None:
    institutions = "\ninstitutions: [{id: I, title: {en: I}, country: LV, competent: [assess, validate]}]\n"
    problems = found(SMALL, BASE + institutions)
    assert [one.code for one in problems] == ["PROGRAMME-REACH"]
    assert "recognise" in problems[0].what


@pytest.mark.parametrize(("verb", "reached"), [("passed", False), ("[passed, progressed]", True), ("answered", True)])
def test_what_only_a_page_could_say_and_may_not_is_out_of_reach(verb: str, reached: bool) -> None:
    base = BASE.replace("verb: passed, ", f"verb: {verb}, source: page, ")
    codes = {one.code for one in found(SMALL, base)}
    assert codes == (set() if reached else {"PROGRAMME-REACH"})


def test_what_pages_may_say_is_what_they_may_say() -> None:
    # The check is pure and can't ask the part that hands out the tokens.
    assert PAGE_VERBS | {VERBS["performed-offline"]} == OF_PAGES


@pytest.mark.parametrize("text", ["P5Y", "P18M", "P90D"])
def test_a_time_of_validity_is_an_iso_duration(text: str) -> None:
    small = SMALL.replace("  eqf_level: 5\n  hours", f"  eqf_level: 5\n  validity: {text}\n  hours")
    assert read("small.yaml", texts(small)).units[0].validity == text


@pytest.mark.parametrize("text", ["5 years", "P0Y", "PT5H", "P5Y6M", "five"])
def test_other_times_of_validity_are_refused(text: str) -> None:
    small = SMALL.replace("  eqf_level: 5\n  hours", f'  eqf_level: 5\n  validity: "{text}"\n  hours')
    with pytest.raises(ProgrammeInvalid) as caught:
        read("small.yaml", texts(small))
    assert [one.code for one in caught.value.problems] == ["PROGRAMME-FIELD"]
    assert "P5Y" in caught.value.problems[0].do
