"""What a record is worth in a gradebook: pure rules, told by examples and by properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.gradebook.score import ModuleResult, Score, message, module_result, results_url, score, scores_url
from xapi.vocabulary import VERBS

TOOL = {"objectType": "Agent", "account": {"homePage": "https://tool.example", "name": "lti-tool"}}
PAGE = {"objectType": "Agent", "account": {"homePage": "https://tool.example", "name": "page"}}
FOREIGN = {"objectType": "Agent", "account": {"homePage": "https://evil.example", "name": "lti-tool"}}
M01 = "tag:biblio-project.eu,2022:module/M01"
NOW = datetime(2022, 10, 13, 9, 30, 15, 400_000, tzinfo=UTC)


def said(verb: str, scaled: float | None = None, activity: str = M01, by: dict[str, Any] = TOOL) -> dict[str, Any]:
    result = {} if scaled is None else {"score": {"scaled": scaled}}
    return {"verb": {"id": VERBS[verb]}, "object": {"id": activity}, "result": result, "authority": by}


def test_the_best_attempt_counts_and_a_later_worse_one_takes_nothing_away() -> None:
    found = module_result([said("failed", 0.4), said("passed", 0.9), said("failed", 0.1)], M01, TOOL)
    assert found == ModuleResult(Decimal("0.9"), passed=True, completed=True)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(said("passed", 1.0, by=PAGE), id="written with a page's token"),
        pytest.param(said("passed", 1.0, by=FOREIGN), id="an authority of the same name at another home"),
        pytest.param(
            {**said("passed", 1.0), "authority": {"mbox": "mailto:x@example.org"}}, id="another kind of authority"
        ),
        pytest.param({k: v for k, v in said("passed", 1.0).items() if k != "authority"}, id="no authority"),
        pytest.param(said("passed", 1.0, activity=M01 + "2"), id="another module"),
        pytest.param(said("answered", 1.0), id="a verb that decides nothing"),
    ],
)
def test_what_this_tool_did_not_say_of_this_module_makes_no_grade(statement: dict[str, Any]) -> None:
    assert module_result([statement], M01, TOOL) is None


statements = st.lists(
    st.builds(
        said,
        st.sampled_from(["passed", "failed", "completed"]),
        st.sampled_from([None, 0, 0.5, 1]),
        by=st.sampled_from([TOOL, PAGE]),
    ),
    max_size=6,
)


@given(statements, st.randoms())
def test_order_and_repeats_make_no_difference(given_: list[dict[str, Any]], chance: Any) -> None:
    shuffled = given_ + given_[:2]
    chance.shuffle(shuffled)
    assert module_result(shuffled, M01, TOOL) == module_result(given_, M01, TOOL)


@given(statements, statements)
def test_more_evidence_never_lowers_a_grade(some: list[dict[str, Any]], more: list[dict[str, Any]]) -> None:
    before = score(module_result(some, M01, TOOL), Decimal(100), None, NOW)
    after = score(module_result(some + more, M01, TOOL), Decimal(100), None, NOW)
    # Points, once there are any, replace the flat maximum of a module that was merely completed.
    if before is not None and any(s["result"] and s["authority"] == TOOL for s in some):
        assert after is not None
        assert after.given >= before.given


def test_zero_is_a_grade_and_nothing_is_none() -> None:
    zero = score(module_result([said("failed", 0.0)], M01, TOOL), Decimal(100), None, NOW)
    assert zero is not None
    assert zero.given == 0
    assert score(module_result([], M01, TOOL), Decimal(100), None, NOW) is None


def test_a_module_without_points_gives_the_maximum_when_completed() -> None:
    full = score(module_result([said("completed")], M01, TOOL), Decimal("12.5"), None, NOW)
    assert full is not None
    assert full.given == Decimal("12.5")


def test_what_the_platform_knows_is_not_sent_again() -> None:
    result = ModuleResult(Decimal("0.8"), passed=True, completed=True)
    first = score(result, Decimal(100), None, NOW)
    assert score(result, Decimal(100), first, NOW + timedelta(hours=1)) is None


def test_a_new_score_is_a_whole_second_later_than_the_last_even_when_the_clock_stood() -> None:
    first = score(ModuleResult(Decimal("0.4"), False, False), Decimal(100), None, NOW)
    assert first is not None
    assert first.timestamp.microsecond == 0
    second = score(ModuleResult(Decimal("0.8"), True, True), Decimal(100), first, NOW)
    assert second is not None
    assert second.timestamp - first.timestamp == timedelta(seconds=1)


def test_the_message_never_erases_a_grade_on_moodle() -> None:
    sent = message(Score(Decimal("80"), Decimal("100"), completed=False, timestamp=NOW.replace(microsecond=0)), "4")
    assert sent == {
        "userId": "4",
        "scoreGiven": 80.0,
        "scoreMaximum": 100.0,
        "activityProgress": "InProgress",
        "gradingProgress": "FullyGraded",
        "timestamp": "2022-10-13T09:30:15.000Z",
    }


@pytest.mark.parametrize(
    ("item", "scores", "results"),
    [
        (
            "https://m.example/mod/lti/services.php/2/lineitems/5/lineitem?type_id=3",
            "https://m.example/mod/lti/services.php/2/lineitems/5/lineitem/scores?type_id=3",
            "https://m.example/mod/lti/services.php/2/lineitems/5/lineitem/results?type_id=3",
        ),
        ("https://c.example/items/7", "https://c.example/items/7/scores", "https://c.example/items/7/results"),
        ("https://c.example/items/7/", "https://c.example/items/7/scores", "https://c.example/items/7/results"),
    ],
)
def test_service_addresses_go_below_the_path_and_before_the_query(item: str, scores: str, results: str) -> None:
    assert (scores_url(item), results_url(item)) == (scores, results)
