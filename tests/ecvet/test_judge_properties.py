"""Properties of the judge, over few statements and acts, so that generated ones collide."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lti_tool.ecvet.acts import Decision
from lti_tool.ecvet.judge import STATES, Judgement
from tests.ecvet.builders import act, ceco, judged, said, states, voiding

# The machines that run this are shared and slow at times: how long one example takes says nothing.
few = settings(deadline=None, max_examples=60)

MODULES = ("M01", "M04", "M06")
UNITS = ("BIB-U1", "CECO-U8")

evidence = st.builds(
    said,
    verb=st.sampled_from(["passed", "completed", "failed", "waived"]),
    about=st.sampled_from([*(f"module/{id}" for id in MODULES), "outcome/BIB-U1-K1", "unit/BIB-U7/project"]),
    minute=st.sampled_from([0, 1]),
    scaled=st.sampled_from([None, 0.5, 1]),
)
hours = st.builds(
    said,
    verb=st.sampled_from(["attended", "completed", "performed-offline"]),
    about=st.sampled_from(["unit/BIB-U1/face_to_face/1", "unit/CECO-U8/work_based/1", "unit/CECO-U8/work_based/2"]),
    hours=st.sampled_from([1, 100]),
    minute=st.sampled_from([0, 1]),
    by=st.sampled_from(["lti-tool", "page"]),
)
time_spent = st.builds(
    said,
    verb=st.sampled_from(["initialized", "progressed", "terminated"]),
    about=st.sampled_from(["module/M01", "module/M01/page-2"]),
    minute=st.sampled_from([0, 3, 20, 21]),
    by=st.just("page"),
    hours=st.sampled_from([0, 0.25]),
)
statement = st.one_of(evidence, hours, time_spent)
statements = st.lists(statement, max_size=12)

forger = st.sampled_from(
    [{"by": "page"}, {"by": "credential:x"}, {"by": ""}, {"by": "lti-tool", "home": "https://evil.example"}]
)


@st.composite
def forged(draw: st.DrawFn) -> dict[str, Any]:
    """A statement that claims what only the tool may say; under a new id, or under that of a real one."""
    who = draw(forger)
    if draw(st.booleans()):
        return voiding(draw(evidence), **who)
    about = draw(
        st.sampled_from([*(f"module/{id}" for id in MODULES), "outcome/BIB-U1-K1", "unit/CECO-U8/work_based/1"])
    )
    one = said(draw(st.sampled_from(["passed", "completed", "waived"])), about, hours=50, **who)
    return {**one, "id": draw(evidence)["id"]} if draw(st.booleans()) else one


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    kind = draw(st.sampled_from(["assess", "validate", "recognise"]))
    second = "not_yet" if kind == "assess" else "refused"
    return act(
        kind,
        draw(st.sampled_from(UNITS)),
        draw(st.sampled_from(["", second])),
        day=draw(st.sampled_from([1, 2])),
        outcomes=draw(st.sampled_from([(), ("BIB-U1-K1",)])),
        supersedes=draw(st.sampled_from([None, "a", "b"])),
        id=draw(st.sampled_from(["a", "b", "c"])),
    )


acts = st.lists(decisions(), max_size=4).map(tuple)


def shown(found: Judgement) -> set[str]:
    """Units and outcomes that statements have brought to demonstrated."""
    return {id for id, state in states(found).items() if state == "demonstrated"}


def settled(found: Judgement) -> object:
    """All but the explanations."""
    units = [(unit.id, unit.state, unit.points, unit.next, unit.hours) for unit in found.units]
    outcomes = [(one.id, one.state, one.evidence) for unit in found.units for one in unit.outcomes]
    return units, outcomes, found.points, found.hours, [(one.id, one.evidence) for one in found.modules]


@few
@given(st.data(), statements, acts)
def test_order_makes_no_difference(data: st.DataObject, some: list[dict[str, Any]], given_acts: Any) -> None:
    some = some + [voiding(one) for one in some[:1]]
    mixed = data.draw(st.permutations(some))
    mixed_acts = tuple(data.draw(st.permutations(given_acts)))
    assert judged(ceco(), *mixed, acts=mixed_acts) == judged(ceco(), *some, acts=given_acts)


@few
@given(st.data(), statements)
def test_two_different_statements_with_one_id_are_heard_alike_in_any_order(
    data: st.DataObject, some: list[dict[str, Any]]
) -> None:
    same_id = [{**one, "id": str(number % 2)} for number, one in enumerate(some)]
    assert judged(ceco(), *data.draw(st.permutations(same_id))) == judged(ceco(), *same_id)


@few
@given(statements, acts)
def test_repeats_make_no_difference(some: list[dict[str, Any]], given_acts: Any) -> None:
    assert judged(ceco(), *some, *some, acts=given_acts + given_acts) == judged(ceco(), *some, acts=given_acts)


@few
@given(statements, statement)
def test_a_voided_statement_is_as_if_it_had_never_been(some: list[dict[str, Any]], one: dict[str, Any]) -> None:
    without = [other for other in some if other["id"] != one["id"]]
    by = one["authority"]["account"]["name"]
    assert judged(ceco(), voiding(one, by=by), *without, one) == judged(ceco(), *without)


# Two activities only, so that most examples speak several times, and against each other, of the same one.
contrary = st.builds(
    said,
    verb=st.sampled_from(["passed", "completed", "failed"]),
    about=st.sampled_from(["module/M06", "outcome/BIB-U1-K1"]),
    minute=st.sampled_from([0, 1, 2]),
    scaled=st.sampled_from([None, 0, 1]),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(contrary, max_size=5), contrary)
def test_more_evidence_never_lowers_what_was_shown_even_where_it_says_otherwise(
    some: list[dict[str, Any]], one: dict[str, Any]
) -> None:
    assert shown(judged(ceco(), *some)) <= shown(judged(ceco(), *some, one))


@few
@given(statements, statement, acts)
def test_more_evidence_never_lowers_anything(some: list[dict[str, Any]], one: dict[str, Any], given_acts: Any) -> None:
    before, after = (states(judged(ceco(), *these, acts=given_acts)) for these in (some, [*some, one]))
    for id, state in before.items():
        assert STATES.index(after[id]) >= STATES.index(state)


@few
@given(statements, statements)
def test_evidence_of_two_halves_shows_what_each_half_shows(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    both = shown(judged(ceco(), *one, *other))
    assert shown(judged(ceco(), *one)) | shown(judged(ceco(), *other)) <= both


@few
@given(statements, st.lists(forged(), min_size=1, max_size=4), acts)
def test_forged_authority_changes_nothing(
    some: list[dict[str, Any]], lies: list[dict[str, Any]], given_acts: Any
) -> None:
    # That a page was at work on a module is the page's word, and counts as begun: so it speaks here already.
    opened = [said("initialized", f"module/{id}", by="page") for id in MODULES]
    opened.append(said("performed-offline", "unit/CECO-U8/work_based/1", by="page"))
    before, after = (
        judged(ceco(), *opened, *some, acts=given_acts),
        judged(ceco(), *opened, *some, *lies, acts=given_acts),
    )
    assert states(before) == states(after)
    assert before.points == after.points
    assert [one.evidence for unit in before.units for one in unit.outcomes] == [
        one.evidence for unit in after.units for one in unit.outcomes
    ]
    for mode, line in before.hours.items():
        if mode != "online_and_self_study":  # time spent is what the page says, by design
            assert after.hours[mode] == line


@few
@given(statements, acts)
def test_statements_alone_never_lead_beyond_demonstrated(some: list[dict[str, Any]], given_acts: Any) -> None:
    found = states(judged(ceco(), *some))
    assert set(found.values()) <= {"not_started", "in_progress", "demonstrated"}


@few
@given(statements, acts)
def test_points_and_hours_are_sums_of_their_units(some: list[dict[str, Any]], given_acts: Any) -> None:
    found = judged(ceco(), *some, acts=given_acts)
    assert found.points == sum(unit.points for unit in found.units)
    for unit, link in zip(found.units, ceco().units, strict=True):
        assert unit.points == (link.points if unit.state in ("validated", "recognised") else 0)
    for mode, line in found.hours.items():
        assert line.planned == sum(unit.hours[mode].planned for unit in found.units)
        assert abs(line.recorded - sum(unit.hours[mode].recorded for unit in found.units)) < 0.05
        assert 0 <= line.declared <= line.recorded
    assert found.hours["online_and_self_study"].recorded <= 160


@few
@given(statements, acts)
def test_every_state_says_why(some: list[dict[str, Any]], given_acts: Any) -> None:
    for unit in judged(ceco(), *some, acts=given_acts).units:
        assert unit.why
        assert all(outcome.why for outcome in unit.outcomes)
        assert (unit.next is None) == (unit.state == "recognised")


def test_the_moment_of_an_act_decides_not_the_offset_it_was_written_in() -> None:
    first, second = act("assess", "BIB-U1", day=1), act("assess", "BIB-U1", "not_yet", day=2)
    moved = replace(first, at=first.at.astimezone(timezone(timedelta(hours=12))))
    assert states(judged(ceco(), acts=(second, moved)))["BIB-U1"] == "assessed_not_yet"
