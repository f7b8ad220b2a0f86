"""What a list of members means, and what it changes: pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.gradebook.membership import WORD, Told, difference, read, vanished
from lti_tool.people.roster import Change, Known

NOW = datetime(2022, 10, 13, 9, 30, tzinfo=UTC)
URI = "http://purl.imsglobal.org/vocab/lis/v2/membership"


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        (["Learner"], "learner"),
        ([f"{URI}#Learner"], "learner"),
        (["Instructor"], "instructor"),
        ([f"{URI}#Instructor", f"{URI}#Learner"], "instructor"),
        ([f"{URI}/Instructor#TeachingAssistant"], "instructor"),
        (["Learner", "http://purl.imsglobal.org/vocab/lis/v2/person#Administrator"], "learner"),
        (["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"], None),
        ([f"{URI}#Mentor"], None),
        ([], None),
        ("Learner", None),
        ([7, "Learner"], "learner"),
    ],
)
def test_roles_short_and_long(roles: object, role: str | None) -> None:
    told = read({"user_id": "7", "roles": roles})
    assert told is not None
    assert told.role == role


@pytest.mark.parametrize(
    ("status", "here"),
    [("Active", True), (None, True), ("", True), ("Inactive", False), ("Deleted", False), ("deleted", False)],
)
def test_status(status: str | None, here: bool) -> None:
    told = read({"user_id": "7", "roles": ["Learner"], "status": status})
    assert told is not None
    assert told.here is here


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ({"name": "Anna Bērziņa"}, "Anna Bērziņa"),
        ({"given_name": "Anna", "family_name": "Bērziņa"}, "Anna Bērziņa"),
        ({"family_name": "Bērziņa"}, "Bērziņa"),
        ({"name": " Anna\x00\n Bērziņa "}, "Anna Bērziņa"),
        ({"name": ""}, None),
        ({"name": ["Anna"]}, None),
        ({}, None),
    ],
)
def test_names_where_there_are_any(member: dict[str, Any], name: str | None) -> None:
    told = read({"user_id": 7, "roles": ["Learner"], **member})
    assert told == Told("7", "learner", True, name)


@pytest.mark.parametrize("member", [None, 7, "x", {}, {"user_id": ""}, {"user_id": "x" * 256}, {"user_id": "a\x00"}])
def test_whom_nobody_can_keep_is_passed_over(member: object) -> None:
    assert read(member) is None


def test_a_launch_stands_against_the_list_for_a_day() -> None:
    # Moodle's non-editing teacher: Instructor in the launch, Learner in the list.
    launched = Known("7", "instructor", NOW)
    told = [Told("7", "learner")]
    assert difference({"7": launched}, told, NOW + WORD - timedelta(seconds=1)) == []
    assert difference({"7": launched}, told, NOW + WORD) == [Change("7", "learner")]


def test_who_comes_back_is_there_again_and_who_is_inactive_has_left() -> None:
    gone = Known("7", "learner", left_at=NOW)
    assert difference({"7": gone}, [Told("7", "learner")], NOW) == [Change("7", "learner")]
    assert difference({"7": Known("7", "learner")}, [Told("7", "learner", False)], NOW) == [
        Change("7", "learner", True)
    ]
    assert difference({}, [Told("7", "learner", False), Told("8", None)], NOW) == []


def test_a_name_that_is_told_no_more_is_kept() -> None:
    named = Known("7", "learner", name="Anna", email="a@b.example")
    assert difference({"7": named}, [Told("7", "learner")], NOW) == []
    assert difference({"7": named}, [Told("7", "learner", name="Anna B.")], NOW) == [
        Change("7", "learner", name="Anna B.")
    ]


def test_who_launched_while_the_list_was_read_has_not_vanished() -> None:
    present = {"a": None, "b": NOW - timedelta(days=3), "c": NOW, "d": None}
    assert vanished(present, {"d"}, NOW) == ["a", "b"]


IDS = st.sampled_from("abc")
ROLES = st.sampled_from(["learner", "instructor"])
TIMES = st.sampled_from([None, NOW - timedelta(days=2), NOW - timedelta(hours=2)])
NAMES = st.sampled_from([None, "Anna", "Boris"])
KNOWN = st.dictionaries(IDS, st.tuples(ROLES, TIMES, TIMES, NAMES)).map(
    lambda found: {id: Known(id, *rest) for id, rest in found.items()}
)
TOLD = st.lists(st.builds(Told, IDS, st.one_of(st.none(), ROLES), st.booleans(), NAMES), max_size=5)


def applied(known: dict[str, Known], changes: list[Change]) -> dict[str, Known]:
    """What is known afterwards, as the store keeps it."""
    after = dict(known)
    for change in changes:
        before = known.get(change.user_id)
        after[change.user_id] = Known(
            change.user_id,
            change.role,
            before.launched_at if before else None,
            ((before.left_at if before else None) or NOW) if change.left else None,
            change.name or (before.name if before else None),
            change.email or (before.email if before else None),
        )
    return after


@given(KNOWN, TOLD)
def test_the_same_list_again_changes_nothing(known: dict[str, Known], told: list[Told]) -> None:
    after = applied(known, difference(known, told, NOW))
    assert difference(after, told, NOW) == []


@given(KNOWN, TOLD)
def test_the_list_decides_who_is_there_and_nothing_about_others(known: dict[str, Known], told: list[Told]) -> None:
    changes = difference(known, told, NOW)
    assert len({change.user_id for change in changes}) == len(changes)
    after = applied(known, changes)
    last = {one.user_id: one for one in told}
    for id, before in known.items():
        if id not in last:
            assert after[id] == before
    for id, one in last.items():
        if not one.here:
            assert id not in after or after[id].left_at is not None
        elif one.role is not None:
            assert after[id].left_at is None
            fresh = id in known and known[id].launched_at == NOW - timedelta(hours=2)
            assert after[id].role == (known[id].role if fresh else one.role)
    assert all(after[id].name for id, before in known.items() if before.name)
