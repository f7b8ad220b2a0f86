"""Evidence counts for as long as the validity of its unit says; what people decided stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_tool.db import writing
from lti_tool.ecvet import store, validity
from lti_tool.ecvet.acts import Decision
from lti_tool.ecvet.judge import STATES, Judgement, judge
from lti_tool.ecvet.live import LATEST, runs_out
from lti_tool.ecvet.programme import read
from lti_tool.ecvet.terms import Programme
from tests.ecvet.builders import START, TRUSTED, act, ceco, judged, said, states
from tests.ecvet.revised import UNITS
from tests.ecvet.revised import texts as revised_texts
from tests.ecvet.small import SMALL, texts
from tests.ecvet.test_decisions import decide
from tests.ecvet.test_judge_properties import acts, statements
from tests.ecvet.test_summaries import differences, settle, stale
from tests.learning import Place

HOME = "tag:example.org,2026:"
END = datetime(2028, 3, 2, 9, tzinfo=UTC)
"""Two years after what is said in these tests."""


@cache
def small(validity: str | None = "P2Y", by_person: bool = True) -> Programme:
    text = SMALL.replace("  assessment:\n", f"  validity: {validity}\n  assessment:\n") if validity else SMALL
    return read(
        "small.yaml", texts(text.replace("    methods:", f"    by_person: {str(by_person).lower()}\n    methods:"))
    )


def told(verb: str, about: str, **more: Any) -> dict[str, Any]:
    one = said(verb, about, **more)
    one["object"]["id"] = HOME + about
    return one


ALL = (told("passed", "module/M1"), told("attended", "unit/U1/face_to_face/1", hours=2))


def at(now: datetime, *some: dict[str, Any], acts: tuple[Decision, ...] = (), of: Programme | None = None) -> Judgement:
    return judge(of or small(), some or ALL, acts, now, TRUSTED)


@pytest.mark.parametrize(
    ("validity", "end"),
    [
        ("P2Y", datetime(2028, 3, 2, 9, tzinfo=UTC)),
        ("P18M", datetime(2027, 9, 2, 9, tzinfo=UTC)),
        ("P90D", datetime(2026, 5, 31, 9, tzinfo=UTC)),
        ("P9999Y", LATEST),
        ("P9999D", START + timedelta(days=9999)),
    ],
)
def test_a_time_of_validity_is_counted_from_the_moment(validity: str, end: datetime) -> None:
    assert runs_out(START, validity) == end


def test_evidence_shows_a_unit_until_it_runs_out_and_not_at_that_moment() -> None:
    assert states(at(END - timedelta(seconds=1))) == {"U1": "demonstrated", "O1": "demonstrated"}
    unit = at(END).units[0]
    assert (unit.state, unit.outcomes[0].state) == ("in_progress", "in_progress")
    assert unit.next is not None
    assert (unit.next.code, dict(unit.next.params)) == (
        "module_ran_out",
        {"module": "M1", "since": "2028-03-02T09:00:00.000000Z"},
    )


def test_without_validity_it_never_runs_out() -> None:
    assert states(at(START + timedelta(days=36500), of=small(None)))["U1"] == "demonstrated"


def test_fresh_evidence_takes_the_place_of_what_ran_out() -> None:
    again = told("passed", "module/M1", minute=60 * 24 * 400)
    found = at(END, *ALL, again).units[0]
    assert found.outcomes[0].state == "demonstrated"
    assert found.outcomes[0].evidence == (again["id"],)
    assert [one.code for one in found.why] == ["hours_left"]


def test_hours_that_were_recorded_stay_recorded() -> None:
    before, after = at(END - timedelta(days=1)), at(END + timedelta(days=900))
    assert after.hours == before.hours and after.units[0].hours["face_to_face"].recorded == 2


@pytest.mark.parametrize("kinds", [("assess",), ("assess", "validate"), ("assess", "validate", "recognise")])
def test_what_people_decided_stays_and_the_record_says_until_when_it_rested_on_evidence(kinds: tuple[str, ...]) -> None:
    done = tuple(act(kind, "U1", day=day) for day, kind in enumerate(kinds, 1))
    before, after = at(START + timedelta(days=10), acts=done).units[0], at(END + timedelta(days=9), acts=done).units[0]
    assert (after.state, after.points) == (before.state, before.points)
    assert {one.code for one in before.why} < {one.code for one in after.why}
    assert "evidence_ran_out" not in {one.code for one in before.why} and after.why[-1].code == "evidence_ran_out"
    assert after.why[-1].params["since"] == "2028-03-02T09:00:00.000000Z"


def test_a_record_says_it_ninety_days_ahead_and_not_before() -> None:

    def codes(days: int) -> list[str]:
        return [one.code for one in at(END - timedelta(days=days)).units[0].why]

    assert "evidence_lasts" in codes(90) and "evidence_lasts" not in codes(91)
    assert at(END - timedelta(days=1)).units[0].why[-1].params["until"] == "2028-03-02T09:00:00.000000Z"


def test_a_validation_without_assessment_is_measured_by_what_was_shown_on_its_day() -> None:
    programme = small(by_person=False)
    given_in_time, too_late = act("validate", "U1", day=5), act("validate", "U1", day=740)
    late = END + timedelta(days=30)
    assert at(late, acts=(given_in_time,), of=programme).units[0].state == "validated"
    found = at(late, acts=(too_late,), of=programme).units[0]
    assert found.state == "in_progress" and "out_of_turn" in [one.code for one in found.why]


def test_prior_learning_that_a_person_accepted_does_not_run_out() -> None:
    accepted = told("waived", "module/M1")
    found = at(END + timedelta(days=900), accepted).units[0]
    assert found.outcomes[0].state == "demonstrated"


def test_a_rule_and_a_unit_may_both_set_an_end_and_the_earlier_one_counts() -> None:
    base = texts()["shared/base.yaml"].replace(
        'activity: "{module}", why', 'activity: "{module}", valid_months: 6, why'
    )
    text = SMALL.replace("  assessment:\n", "  validity: P2Y\n  assessment:\n")
    programme = read("small.yaml", texts(text, base))
    end = runs_out(START, "P6M")
    assert (
        at(end - timedelta(seconds=1), of=programme).units[0].why[-1].params["until"] == "2026-09-02T09:00:00.000000Z"
    )
    unit = at(end, of=programme).units[0]
    assert unit.next is not None
    assert dict(unit.next.params) == {"module": "M1", "since": "2026-09-02T09:00:00.000000Z"}


@cache
def lasting() -> Programme:
    """CECO, with units whose evidence lasts for different times."""
    spans = ("P1Y", "P13M", "P366D", None)
    return replace(ceco(), units=tuple(replace(unit, validity=spans[n % 4]) for n, unit in enumerate(ceco().units)))


few = settings(deadline=None, max_examples=40)
moments = st.sampled_from([364, 365, 366, 367, 394, 395, 396, 397, 800]).map(lambda day: START + timedelta(days=day))


def shown(found: Judgement) -> set[str]:
    return {id for id, state in states(found).items() if state == "demonstrated"}


@few
@given(statements, statements, moments)
def test_more_evidence_never_lowers_anything_at_one_moment(
    some: list[dict[str, Any]], more: list[dict[str, Any]], now: datetime
) -> None:
    before, after = (states(judge(lasting(), these, (), now, TRUSTED)) for these in (some, [*some, *more]))
    assert [id for id, state in before.items() if STATES.index(after[id]) < STATES.index(state)] == []


@few
@given(statements, acts, moments)
def test_time_takes_what_was_shown_and_nothing_that_was_decided(
    some: list[dict[str, Any]], given_acts: tuple[Decision, ...], now: datetime
) -> None:
    forever = judged(ceco(), *some, acts=given_acts)
    early = judge(lasting(), some, given_acts, START + timedelta(days=300), TRUSTED)
    late = judge(lasting(), some, given_acts, now, TRUSTED)
    assert states(early) == states(forever), "within a year nothing has run out"
    assert shown(late) <= shown(early)
    decided = STATES[STATES.index("demonstrated") + 1 :]
    before, after = states(early), states(late)
    assert {id: after[id] for id, state in before.items() if state in decided} == {
        id: state for id, state in before.items() if state in decided
    }
    assert late.points == early.points and late.hours == early.hours


@few
@given(statements, moments)
def test_the_end_that_is_told_is_the_moment_at_which_it_ends(some: list[dict[str, Any]], now: datetime) -> None:
    for unit in judge(lasting(), some, (), now, TRUSTED).units:
        for one in unit.why:
            if one.code == "evidence_lasts":
                end = datetime.fromisoformat(str(one.params["until"]))
                before, after = (
                    judge(lasting(), some, (), when, TRUSTED).unit(unit.id)
                    for when in (end - timedelta.resolution, end)
                )
                assert before and after
                assert (before.state, after.state != "demonstrated") == ("demonstrated", True)
                assert end - now <= validity.NEAR


def test_what_is_kept_for_lists_notices_the_end(place: Place) -> None:
    found = revised_texts()
    found[UNITS] = found[UNITS].replace("validity: null", "validity: P1Y", 1)
    with writing(place.engine) as conn:
        first = store.import_programme(conn, "ceco.yaml", found, place.clock()).programme.units[0]
    assert (first.id, first.validity) == ("BIB-U1", "P1Y")
    anna, boris = place.learner("Anna", "CECO"), place.learner("Boris", "CECO", home="https://two.example")
    coordinator = place.holder("coordinator")
    for who in (anna, boris):
        place.demonstrates_u1(who)
    decide(place, coordinator, boris, "assess", "achieved")
    settle(place)
    assert differences(place) == (2, 0, []) and stale(place) == set()
    place.clock.forward(days=365, minutes=10)
    assert stale(place) == {anna.person, boris.person}
    settle(place)
    assert differences(place) == (2, 0, [])
    record = place.record(anna)
    found = record.unit("BIB-U1")
    assert found is not None and found.judged.state == "in_progress"
    kept = place.record(boris).unit("BIB-U1")
    assert kept is not None and kept.judged.state == "assessed_achieved"
