"""What the judge promises, on the programme that ships."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lti_tool.ecvet.acts import Decision
from lti_tool.ecvet.judge import judge
from lti_tool.ecvet.programme import read
from tests.ecvet.builders import (
    NOW,
    START,
    TRUSTED,
    act,
    ceco,
    digy,
    enough,
    judged,
    said,
    states,
    voiding,
)
from tests.ecvet.small import SMALL, texts

U1 = "BIB-U1"


def test_nothing_done_is_not_started_and_says_what_comes_first() -> None:
    found = judged(ceco())
    assert set(states(found).values()) == {"not_started"}
    assert found.points == 0
    unit = found.units[0]
    assert unit.next is not None
    assert (unit.next.code, dict(unit.next.params)) == ("module_left", {"module": "M01"})


def test_a_module_evidences_the_outcomes_it_shares_a_reference_with() -> None:
    found = states(judged(ceco(), said("passed", "module/M06")))
    assert found["BIB-U1-K3"] == "demonstrated"
    assert found[U1] == "in_progress"
    assert found["BIB-U1-K2"] == "not_started"


def test_an_outcome_of_several_modules_needs_each_and_names_the_ones_left() -> None:
    unit = judged(ceco(), said("passed", "module/M01")).units[0]
    outcome = next(one for one in unit.outcomes if one.id == "BIB-U1-S1")
    assert outcome.state == "in_progress"
    assert [(one.code, one.params["module"]) for one in outcome.why] == [("module_left", "M04")]
    assert outcome.evidence == (said("passed", "module/M01")["id"],)


def test_reading_a_module_with_a_quiz_is_not_enough() -> None:
    found = judged(ceco(), said("completed", "module/M06"))
    assert states(found)["BIB-U1-K3"] == "in_progress"
    assert found.units[0].outcomes[2].why[0].code == "quiz_left"


def test_a_failed_quiz_is_named() -> None:
    module = judged(ceco(), said("failed", "module/M06", scaled=0.4)).module("M06")
    assert module is not None
    assert (module.state, module.why[0].code) == ("in_progress", "quiz_failed")


def test_an_opened_module_is_in_progress_by_the_page_alone() -> None:
    found = judged(ceco(), said("initialized", "module/M06", by="page"))
    assert states(found)["BIB-U1-K3"] == "in_progress"
    assert states(found)[U1] == "in_progress"


@pytest.mark.parametrize("programme", [ceco(), digy()], ids=lambda one: one.id)
def test_every_unit_can_be_demonstrated_and_no_further_by_statements(programme: Any) -> None:
    for unit in programme.units:
        found = judged(programme, *enough(programme, unit.id)).unit(unit.id)
        assert found is not None
        assert found.state == "demonstrated", (unit.id, found.why)
        assert {one.state for one in found.outcomes} == {"demonstrated"}
        assert found.points == 0
        assert found.next is not None
        assert found.next.code == "waits_for_assessment"


def test_without_attendance_the_outcomes_are_shown_but_not_the_unit() -> None:
    statements = [one for one in enough(ceco(), U1) if "attended" not in one["verb"]["id"]]
    unit = judged(ceco(), *statements).units[0]
    assert {one.state for one in unit.outcomes} == {"demonstrated"}
    assert unit.state == "in_progress"
    assert [(one.code, dict(one.params)) for one in unit.why] == [
        ("hours_left", {"mode": "face_to_face", "hours": 1.6})
    ]


def test_attendance_counts_by_the_unit_as_parent_too() -> None:
    statements = [one for one in enough(ceco(), U1) if "attended" not in one["verb"]["id"]]
    seminar = said("attended", "https://moodle.example/seminar/4", hours=2, parent="unit/BIB-U1")
    assert judged(ceco(), *statements, seminar).units[0].state == "demonstrated"


def test_the_mentor_confirms_what_the_learner_entered() -> None:
    entered = [said("performed-offline", "unit/CECO-U8/work_based/1", hours=12, by="page")]
    unit = judged(ceco(), *entered).unit("CECO-U8")
    assert unit is not None
    assert ("hours_wait", {"mode": "work_based", "hours": 12}) in [(one.code, dict(one.params)) for one in unit.why]
    assert unit.hours["work_based"].recorded == 0
    assert unit.hours["work_based"].waiting == 12
    confirmed = [*entered, said("completed", "unit/CECO-U8/work_based/1", hours=10)]
    line = judged(ceco(), *confirmed).hours["work_based"]
    assert (line.planned, line.recorded, line.waiting) == (165, 10, 0)


def test_a_projects_outcomes_follow_from_the_project() -> None:
    unit = judged(ceco(), said("completed", "unit/BIB-U7/project")).unit("BIB-U7")
    assert unit is not None
    assert {one.state for one in unit.outcomes} == {"demonstrated"}
    before = judged(ceco()).unit("BIB-U7")
    assert before is not None
    assert before.outcomes[0].why[0].code == "project_left"


# whose word counts


@pytest.mark.parametrize(
    "forged",
    [
        {"by": "page"},
        {"by": "credential:moodle"},
        {"by": "lti-tool", "home": "https://evil.example"},
        {"by": ""},
    ],
    ids=["page", "foreign credential", "same name elsewhere", "no authority"],
)
def test_nobody_else_can_say_passed(forged: dict[str, str]) -> None:
    found = judged(ceco(), said("passed", "module/M06", **forged))
    assert states(found)["BIB-U1-K3"] != "demonstrated"
    module = found.module("M06")
    assert module is not None
    assert "not_trusted" in [one.code for one in module.why]


def test_statements_about_decisions_are_never_read_as_decisions() -> None:
    statement = said("passed", "unit/BIB-U1")
    statement["verb"]["id"] = "https://tool.example/verbs/validated"
    assert judged(ceco(), statement).points == 0
    assert states(judged(ceco(), statement))[U1] == "in_progress"


def test_a_forged_copy_under_the_same_id_hides_nothing() -> None:
    real = said("passed", "module/M06")
    forged = {**said("failed", "module/M06", by="page"), "id": real["id"]}
    for order in ([real, forged], [forged, real]):
        assert states(judged(ceco(), *order))["BIB-U1-K3"] == "demonstrated"


def test_a_copy_by_the_learners_page_cannot_take_the_place_of_the_tools_statement() -> None:
    real = said("passed", "module/M06")
    copy = {"a": 1, **said("failed", "module/M06", by="page"), "id": real["id"]}  # sorts first by its content
    for order in ([real, copy], [copy, real]):
        assert states(judged(ceco(), *order))["BIB-U1-K3"] == "demonstrated"


def test_a_failed_attempt_after_a_passed_one_takes_nothing_away() -> None:
    later = said("failed", "module/M06", minute=9, scaled=0.1)
    assert states(judged(ceco(), said("passed", "module/M06"), later))["BIB-U1-K3"] == "demonstrated"


def test_an_outcome_that_no_module_shares_a_reference_with_is_not_shown_by_nothing() -> None:
    alone = SMALL.replace('    references: {frame: ["1.1"]}\nmodules', "modules")
    programme = read("small.yaml", texts(alone))
    outcome = judged(programme).units[0].outcomes[0]
    assert (outcome.state, [one.code for one in outcome.why]) == ("not_started", ["no_evidence_rule"])


# voiding


def test_a_voided_statement_does_not_count_in_either_order() -> None:
    real = said("passed", "module/M06")
    for order in ([real, voiding(real)], [voiding(real), real]):
        assert states(judged(ceco(), *order))["BIB-U1-K3"] == "not_started"


@pytest.mark.parametrize("by", [{"by": "page"}, {"by": "lti-tool", "home": "https://evil.example"}])
def test_only_the_tool_and_the_author_may_void(by: dict[str, str]) -> None:
    real = said("passed", "module/M06")
    assert states(judged(ceco(), real, voiding(real, **by)))["BIB-U1-K3"] == "demonstrated"


def test_ids_are_the_same_in_upper_and_lower_case() -> None:
    real = said("passed", "module/M06")
    target = {**real, "id": real["id"].upper()}
    assert states(judged(ceco(), real, voiding(target)))["BIB-U1-K3"] == "not_started"


def test_what_is_later_than_the_moment_of_judging_does_not_count() -> None:
    real = said("passed", "module/M06", minute=60)
    early = judge(ceco(), [real], [], START + timedelta(minutes=59), TRUSTED)
    assert states(early)["BIB-U1-K3"] == "not_started"
    exact = judge(ceco(), [real], [], START + timedelta(minutes=60), TRUSTED)
    assert states(exact)["BIB-U1-K3"] == "demonstrated"


# people decide


def test_assess_validate_recognise_are_three_acts() -> None:
    statements = enough(ceco(), "BIB-U4")
    acts: tuple[Decision, ...] = ()
    expected = [
        ("demonstrated", 0, "waits_for_assessment"),
        ("assessed_achieved", 0, "waits_for_validation"),
        ("validated", 2, "waits_for_recognition"),
        ("recognised", 2, None),
    ]
    following = [act("assess", "BIB-U4", day=1), act("validate", "BIB-U4", day=2), act("recognise", "BIB-U4", day=3)]
    for number, (state, points, code) in enumerate(expected):
        unit = judged(ceco(), *statements, acts=tuple(following[:number])).unit("BIB-U4")
        assert unit is not None
        assert (unit.state, unit.points) == (state, points)
        assert (unit.next.code if unit.next else None) == code
    acts = tuple(following)
    assert judged(ceco(), *statements, acts=acts).points == 2


def test_points_add_up_over_validated_units() -> None:
    acts = tuple(act(kind, unit.id) for unit in ceco().units for kind in ("assess", "validate"))
    assert judged(ceco(), acts=acts).points == 16


def test_a_validation_without_assessment_does_not_count_and_says_so() -> None:
    unit = judged(ceco(), *enough(ceco(), U1), acts=(act("validate", U1),)).units[0]
    assert unit.state == "demonstrated"
    assert "out_of_turn" in [one.code for one in unit.why]


def test_a_later_assessment_reverses_an_earlier_one_and_what_rested_on_it() -> None:
    acts = (
        act("assess", U1, day=1),
        act("validate", U1, day=2),
        act("assess", U1, "not_yet", day=3, reason="the log is missing"),
    )
    unit = judged(ceco(), *enough(ceco(), U1), acts=acts).units[0]
    assert (unit.state, unit.points) == ("assessed_not_yet", 0)
    assert unit.why[0].params["reason"] == "the log is missing"


def test_a_withdrawn_act_counts_as_if_it_had_never_been() -> None:
    validated = act("validate", U1, day=2, id="v")
    acts = (act("assess", U1, day=1), validated, act("withdraw", U1, day=3, supersedes="v"))
    assert judged(ceco(), acts=acts).units[0].state == "assessed_achieved"
    again = (*acts, act("validate", U1, day=4, id="v2"))
    assert judged(ceco(), acts=again).units[0].state == "validated"


def test_a_withdrawal_can_itself_be_withdrawn() -> None:
    acts = (
        act("assess", U1, day=1, id="a"),
        act("withdraw", U1, day=2, id="w", supersedes="a"),
        act("withdraw", U1, day=3, id="x", supersedes="w"),
    )
    assert judged(ceco(), acts=acts).units[0].state == "assessed_achieved"


def test_a_refusal_keeps_the_state_before_and_is_told() -> None:
    acts = (act("assess", U1, day=1), act("validate", U1, "refused", day=2, reason="wrong institution"))
    unit = judged(ceco(), acts=acts).units[0]
    assert unit.state == "assessed_achieved"
    assert "refused" in [one.code for one in unit.why]


def test_some_outcomes_assessed_are_not_the_unit() -> None:
    acts = (act("assess", U1, outcomes=("BIB-U1-K1",)),)
    unit = judged(ceco(), acts=acts).units[0]
    assert unit.outcomes[0].state == "assessed_achieved"
    assert unit.state == "in_progress"
    assert "assessed_in_part" in [one.code for one in unit.why]


def test_acts_of_the_future_and_of_other_units_change_nothing() -> None:
    later = (act("assess", U1, day=400), act("assess", "BIB-U2"), act("assess", "NO-SUCH"))
    assert judged(ceco(), acts=later).units[0].state == "not_started"


def test_the_same_act_twice_is_one_and_order_does_not_matter() -> None:
    acts = (act("assess", U1, day=1), act("validate", U1, day=2))
    once = judged(ceco(), acts=acts)
    assert judged(ceco(), acts=(*reversed(acts), *acts)) == once


@pytest.mark.parametrize(
    ("kind", "result", "supersedes"),
    [("promote", "granted", None), ("assess", "granted", None), ("validate", "", None), ("withdraw", "", None)],
)
def test_an_act_that_makes_no_sense_cannot_be_made(kind: str, result: str, supersedes: str | None) -> None:
    with pytest.raises(ValueError, match=r"act|withdraw"):
        Decision("1", kind, U1, (), result, "Anna", "LV-KISC", NOW, "", supersedes)


def test_garbage_in_a_statement_counts_for_nothing_and_breaks_nothing() -> None:
    good = said("passed", "module/M06")
    broken: list[dict[str, Any]] = [
        {},
        {"id": 3, "verb": None, "object": [], "authority": "lti-tool", "timestamp": 5},
        {**good, "id": "b", "object": {"objectType": "Agent", "mbox": "mailto:a@b.example"}},
        {**good, "id": "c", "object": {"id": {"x": 1}}},
        {**good, "id": "d", "verb": {"id": ["passed"]}},
        {**said("passed", "module/M03"), "result": {"score": {"scaled": "1"}, "duration": 7, "success": "yes"}},
        {**said("attended", "unit/BIB-U1/face_to_face/1"), "result": {"duration": "P1Y"}, "context": {"parent": 4}},
        {**said("attended", "unit/BIB-U1/face_to_face/2"), "result": {"duration": "-PT5H"}},
    ]
    found = judged(ceco(), *broken, good)
    assert states(found)["BIB-U1-K3"] == "demonstrated"
    assert found.hours["face_to_face"].recorded == 0
