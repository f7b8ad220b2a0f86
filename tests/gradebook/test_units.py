"""A column for a unit: the share of its outcomes that the learner has shown; moved by any evidence and by decisions."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.db import reading, writing
from lti_tool.ecvet import learners, settling
from lti_tool.ecvet import store as programmes
from lti_tool.ecvet.judge import STATES
from lti_tool.ecvet.record import records
from lti_tool.gradebook import store
from lti_tool.gradebook.marking import marker
from lti_tool.gradebook.score import ModuleResult, next_score, unit_result
from lti_tool.people import store as people
from tests.builders import NOW
from tests.conftest import Clock
from tests.ecvet.revised import UNITS
from tests.ecvet.revised import texts as revised_texts
from tests.learning import IRI, U1_MODULES, open_place
from tests.practice_server import TOOL_URL
from tests.world import World, world
from xapi.access import Principal
from xapi.recording import record
from xapi.statement import actor_key
from xapi.store import Stored
from xapi.vocabulary import VERBS

states = st.lists(st.sampled_from(STATES), min_size=1, max_size=12)
COUNTS = {"demonstrated", "assessed_achieved", "validated", "recognised"}


@given(states)
def test_the_share_is_of_outcomes_demonstrated_or_better(outcomes: list[str]) -> None:
    found = unit_result(outcomes, known=True)
    assert found is not None and found.scaled is not None
    assert found.scaled * len(outcomes) == pytest.approx(sum(state in COUNTS for state in outcomes))
    assert found.completed == found.passed == (set(outcomes) <= COUNTS)


@given(states, st.randoms())
def test_the_order_makes_no_difference(outcomes: list[str], chance: object) -> None:
    shuffled = list(outcomes)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random
    assert unit_result(shuffled, known=True) == unit_result(outcomes, known=True)


@given(states, st.data())
def test_one_more_outcome_shown_never_lowers_the_share(outcomes: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(outcomes) - 1))
    better = [*outcomes[:at], "demonstrated", *outcomes[at + 1 :]]
    before, after = unit_result(outcomes, known=True), unit_result(better, known=True)
    assert before is not None and after is not None
    assert (after.scaled or 0) >= (before.scaled or 0)


def test_nobody_begins_with_a_zero_and_who_falls_back_gets_one() -> None:
    nothing = ["in_progress", "not_started", "assessed_not_yet"]
    assert unit_result(nothing, known=False) is None
    assert unit_result([], known=True) is None
    assert unit_result(nothing, known=True) == ModuleResult(Decimal(0), passed=False, completed=False)


def test_what_was_about_to_be_sent_is_sent_unchanged_after_a_crash() -> None:
    result = ModuleResult(Decimal("0.5"), passed=False, completed=False)
    first = next_score(result, Decimal(100), None, NOW, confirmed=False)
    assert first is not None
    assert next_score(result, Decimal(100), first, NOW, confirmed=False) == first
    assert next_score(result, Decimal(100), first, NOW, confirmed=True) is None


@pytest.fixture
def course(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[World]:
    with world(database_url, tmp_path, clock) as made:
        assert made.register().status == 200
        made.add("CECO/progress/BIB-U1")
        yield made


def say(course: World, verb: str, *about: str) -> None:
    """The tool itself says so of karlis."""
    principal = Principal(authority=course.wiring.authority, scopes=frozenset({"all"}), name="lti-tool")
    statements = [
        {
            "actor": course.actor("karlis"),
            "verb": {"id": VERBS[verb]},
            "object": {"id": IRI + one},
            "result": {"score": {"scaled": 0.9}} if verb == "passed" else {"duration": "PT2H"},
            "timestamp": course.clock().isoformat(),
        }
        for one in about
    ]
    record(course.wiring.writer, principal, statements, marker(course.clock), course.clock())


def outcomes(course: World) -> list[str]:
    """The states of the unit's outcomes for karlis."""
    with reading(course.wiring.engine) as conn:
        key = actor_key(course.actor("karlis"))
        learner = learners.by_key(conn, [key])[key]
        (found,) = records(conn, learner, course.clock(), TOOL_URL)
    unit = found.unit("BIB-U1")
    assert unit is not None
    return [one.state for one in unit.judged.outcomes]


def test_the_column_of_a_unit_follows_what_its_modules_show(course: World) -> None:
    course.person("karlis").open(course.activities()["unit/BIB-U1"]["id"])
    course.deliver()
    assert course.grade("karlis", "unit/BIB-U1") is None, "nobody begins with a zero"
    say(course, "attended", "unit/BIB-U1/face_to_face/seminar-1")
    grades = [0.0]
    for code in U1_MODULES:
        say(course, "passed", f"module/{code}")
        course.deliver()
        states = outcomes(course)
        grade = course.grade("karlis", "unit/BIB-U1") or 0.0
        assert grade == pytest.approx(100 * sum(one in COUNTS for one in states) / len(states), abs=0.001)
        grades.append(grade)
    assert grades == sorted(grades)
    assert len(set(grades)) > 2, "it moves with the modules"
    assert grades[-1] == 100


def test_evidence_that_runs_out_lowers_the_column_of_the_unit_and_not_of_the_module(
    database_url: str, tmp_path: Path, clock: Clock
) -> None:
    with world(database_url, tmp_path, clock) as course:
        found = revised_texts()
        found[UNITS] = found[UNITS].replace("validity: null", "validity: P1Y", 1)
        with writing(course.wiring.engine) as conn:
            programmes.import_programme(conn, "ceco.yaml", found, clock())
        assert course.register().status == 200
        for content in ("CECO/progress/BIB-U1", "CECO/module/M01"):
            course.add(content)
        karlis = course.person("karlis")
        for content in ("unit/BIB-U1", "module/M01"):
            karlis.open(course.activities()[content]["id"])
        say(course, "attended", "unit/BIB-U1/face_to_face/seminar-1")
        for code in U1_MODULES:
            say(course, "passed", f"module/{code}")
        settling.settle(course.wiring)
        course.deliver()
        clock.forward(days=365, minutes=-1)
        settling.settle(course.wiring)
        course.deliver()
        assert [course.grade("karlis", one) for one in ("unit/BIB-U1", "module/M01")] == [100, 90]
        clock.forward(minutes=2)
        settling.settle(course.wiring)
        course.deliver()
        assert [course.grade("karlis", one) for one in ("unit/BIB-U1", "module/M01")] == [0, 90]


@pytest.mark.parametrize(
    ("verb", "due"),
    [("attended", True), ("scored", True), ("satisfied", True), ("experienced", False), ("answered", False)],
)
def test_evidence_and_decisions_make_the_unit_due_and_reading_a_page_does_not(
    engine: sa.Engine, clock: Clock, verb: str, due: bool
) -> None:
    actor = {"objectType": "Agent", "account": {"homePage": "https://moodle.example", "name": "4"}}
    told = {"actor": actor, "verb": {"id": VERBS[verb]}, "object": {"id": f"{IRI}unit/BIB-U1"}}
    with writing(engine) as conn:
        course = people.course(conn, 1, "7", clock()).id
        people.arrive(conn, actor, clock())
        people.join_course(conn, course, actor, "4", "learner", clock())
        store.place(
            conn,
            platform_id=1,
            course_id=course,
            link_id="9",
            activity=f"{IRI}unit/BIB-U1",
            programme="CECO",
            label="BIB-U1",
            url="https://lms.example/1",
            items_url=None,
            scopes=["score"],
            now=clock(),
        )
        marker(clock)(conn, [Stored("id", told, None)])
        assert len(store.claim(conn, "w", clock(), 10)) == due
        clock.forward(minutes=10)
        # What was withdrawn, by somebody else's voiding statement.
        voiding = {"actor": {"mbox": "mailto:a@example.org"}, "verb": {"id": VERBS["voided"]}, "object": {"id": "id"}}
        marker(clock)(conn, [Stored("v", voiding, Stored("id", told, None))])
        assert len(store.claim(conn, "w", clock(), 10)) == due


def test_a_decision_is_told_to_whoever_marks(sqlite_engine: sa.Engine, clock: Clock) -> None:
    place = open_place(sqlite_engine, clock)
    anna = place.learner("Anna", "CECO")
    assessor = place.browser(place.holder("assessor"))
    at = f"/programme/CECO/learner/{anna.person}/unit/BIB-U1/decide"
    answer = assessor.post(at, {"act": "assess:achieved", "reason": "Seen at work.", "outcome": ["BIB-U1-K1"]})
    assert answer.status_code == 303, answer.text
    assert [one.statement["verb"]["id"] for one in place.heard] == [VERBS["scored"]]
    assert place.heard[0].statement["actor"] == anna.actor
