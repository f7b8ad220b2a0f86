"""Hours by mode: session time with idle cut, self-study as declared, the rest as somebody confirmed."""

from __future__ import annotations

from typing import Any

import pytest

from lti_tool.ecvet.hours import HoursLine
from tests.ecvet.builders import ceco, judged, said

ONLINE = "online_and_self_study"
M1 = "module/M01"


def session(*events: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Statements of a page: (verb, minute) or (verb, minute, hours measured)."""
    return [said(verb, M1, minute=minute, hours=hours[0] if hours else 0, by="page") for verb, minute, *hours in events]


@pytest.mark.parametrize(
    ("events", "minutes"),
    [
        ([], 0),
        ([("initialized", 0)], 0),
        ([("initialized", 0), ("terminated", 4)], 4),
        ([("initialized", 0), ("terminated", 60)], 5),
        ([("initialized", 0), ("progressed", 4), ("terminated", 60)], 9),
        ([("initialized", 0), ("terminated", 60, 0.5)], 30),
        ([("initialized", 0), ("progressed", 20, 0.25), ("progressed", 40, 0.5), ("terminated", 45, 0.6)], 36),
        ([("progressed", 0, 0.1), ("terminated", 3)], 6),
        ([("initialized", 0), ("terminated", 4), ("initialized", 100), ("terminated", 104)], 8),
        ([("initialized", 0), ("initialized", 3), ("terminated", 7)], 4),
        ([("terminated", 0, 0.5), ("terminated", 1, 0.5)], 60),
        ([("initialized", 0), ("terminated", 300, 99)], 180),
    ],
    ids=[
        "nothing",
        "begun",
        "short",
        "a pause counts for five minutes",
        "each pause is cut",
        "what the page measured",
        "measured so far, not added up",
        "without a beginning",
        "two sessions",
        "a lost end",
        "two lost beginnings",
        "never more than planned",
    ],
)
def test_session_time(events: list[tuple[Any, ...]], minutes: float) -> None:
    line = judged(ceco(), *session(*events)).hours[ONLINE]
    assert line == HoursLine(160, round(minutes / 60, 2), 0, 0)


def test_parts_of_a_module_are_one_timeline() -> None:
    statements = [
        said("initialized", M1, by="page"),
        said("experienced", f"{M1}/page-1", minute=3, by="page"),
        said("experienced", f"{M1}#page-2", minute=6, by="page"),
        said("experienced", "module/M010", minute=8, by="page"),
    ]
    assert judged(ceco(), *statements).hours[ONLINE].recorded == 0.1


def test_self_study_is_declared_and_marked_so_and_fits_into_what_was_planned() -> None:
    declared = said("performed-offline", f"{M1}/self_study", hours=2, by="page", minute=900)
    unit = judged(ceco(), declared).units[0]
    assert unit.hours[ONLINE] == HoursLine(27, 2, 2, 0)
    both = judged(ceco(), declared, *session(("initialized", 0), ("terminated", 200, 2))).units[0]
    assert both.hours[ONLINE] == HoursLine(27, 3, 1, 0)


def test_time_from_nobody_known_is_no_time() -> None:
    assert judged(ceco(), said("terminated", M1, hours=1, by="credential:x")).hours[ONLINE].recorded == 0


def test_a_seminar_for_two_units_is_one_seminar() -> None:
    seminar = said("attended", "https://example.org/seminar", hours=2, parent="unit/BIB-U1")
    seminar["context"]["contextActivities"]["grouping"] = [{"id": "tag:biblio-project.eu,2022:unit/BIB-U2"}]
    found = judged(ceco(), seminar)
    assert [unit.hours["face_to_face"].recorded for unit in found.units[:3]] == [2, 2, 0]
    assert found.hours["face_to_face"].recorded == 2


@pytest.mark.parametrize("mode", ["project_based", "assessment", "work_based"])
def test_other_hours_count_once_somebody_confirmed_them(mode: str) -> None:
    entry = f"unit/CECO-U8/{mode}/7"
    waiting = judged(ceco(), said("performed-offline", entry, hours=3, by="page")).hours[mode]
    assert (waiting.recorded, waiting.waiting) == (0, 3)
    forged = judged(ceco(), said("completed", entry, hours=3, by="page")).hours[mode]
    assert forged.recorded == 0
    confirmed = judged(ceco(), said("completed", entry, hours=2)).hours[mode]
    assert confirmed.recorded == 2


def seen(*events: tuple[str, float, float, float]) -> list[dict[str, Any]]:
    """Statements of a page: (verb, minute it claims, minute at which the server took it, hours it claims)."""
    return [
        {**one, "stored": said(verb, M1, minute=stored)["timestamp"]}
        for verb, minute, stored, hours in events
        for one in [said(verb, M1, minute=minute, hours=hours, by="page")]
    ]


@pytest.mark.parametrize(
    ("events", "minutes"),
    [
        ([("initialized", 0, 0, 0), ("interacted", 4, 4, 0), ("terminated", 8, 8, 0)], 8),
        ([("initialized", 0, 0, 0), ("terminated", 120, 0.1, 0)], 0.1),
        ([("initialized", 0, 0, 0), ("terminated", 4, 4, 2)], 4),
        ([("initialized", 0, 0, 0), ("terminated", 200, 200, 3)], 5),
        ([("initialized", 0, 0, 0), ("interacted", 2, 4, 0), ("interacted", 4, 4, 0), ("terminated", 5, 5, 0)], 5),
    ],
    ids=[
        "as it was",
        "times that are claimed and were not seen",
        "a duration that is claimed and was not seen",
        "a page that lay open",
        "sent late, all at once",
    ],
)
def test_no_session_takes_longer_than_the_server_saw(
    events: list[tuple[str, float, float, float]], minutes: float
) -> None:
    assert judged(ceco(), *seen(*events)).hours[ONLINE].recorded == round(minutes / 60, 2)


def test_many_sessions_claimed_in_one_second_are_no_time() -> None:
    claimed = [
        event for hour in range(30) for event in (("initialized", hour * 60, 1, 0), ("terminated", hour * 60 + 5, 1, 1))
    ]
    assert judged(ceco(), *seen(*claimed)).hours[ONLINE].recorded == 0
