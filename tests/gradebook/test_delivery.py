"""Grades out, to the practice LMS over HTTP, on its good days and its bad ones."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from lti_tool.db import reading, writing
from lti_tool.gradebook import store
from lti_tool.gradebook.ags import Gradebook, Result
from lti_tool.gradebook.judging import Known
from lti_tool.gradebook.marking import marker
from lti_tool.gradebook.score import Score
from lti_tool.launch import platforms
from lti_tool.people import store as people
from lti_tool.practice import activities
from lti_tool.practice import gradebook as practice_grades
from tests.conftest import Clock
from tests.gradebook.grade_scene import Scene, grade_scene
from xapi.access import Principal
from xapi.recording import record
from xapi.vocabulary import VERBS


@pytest.fixture
def scene(engine: sa.Engine, tmp_path: Path) -> Iterator[Scene]:
    with grade_scene(engine, tmp_path) as made:
        yield made


def test_a_passed_module_becomes_a_grade(scene: Scene) -> None:
    scene.say("karlis", "passed", 0.85)
    scene.deliver()
    assert scene.grade() == 85
    assert (scene.row().state, scene.row().confirmed) == ("sent", True)


def test_two_results_within_one_second_both_arrive(scene: Scene) -> None:
    scene.say("karlis", "failed", 0.4)
    scene.deliver()
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    assert scene.grade() == 90
    assert len(scene.posts()) == 2


def test_a_worse_attempt_sends_nothing(scene: Scene) -> None:
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    scene.say("karlis", "failed", 0.2)
    scene.deliver()
    assert scene.grade() == 90
    assert len(scene.posts()) == 1
    assert scene.row().state == "sent"


def test_a_voided_result_lowers_the_grade_again(scene: Scene) -> None:
    scene.say("karlis", "failed", 0.3)
    best = scene.say("karlis", "passed", 1.0)
    scene.deliver()
    assert scene.grade() == 100
    voiding = {
        "actor": scene.wiring.authority,
        "verb": {"id": VERBS["voided"]},
        "object": {"objectType": "StatementRef", "id": best},
    }
    principal = Principal(authority=scene.wiring.authority, scopes=frozenset({"all"}), name="lti-tool")
    record(scene.wiring.writer, principal, [voiding], marker(scene.clock), scene.clock())
    scene.deliver()
    assert scene.grade() == 30


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [("scores", "500"), ("scores", "503"), ("scores", "403"), ("scores", "drop"), ("token", "500"), ("token", "503")],
)
def test_a_platform_that_fails_gets_the_grade_when_it_is_back(scene: Scene, endpoint: str, kind: str) -> None:
    scene.lms.fail(endpoint, kind, seconds=1)
    scene.say("karlis", "passed", 0.85)
    scene.deliver()
    assert scene.grade() is None
    assert scene.row().state == "waiting"
    assert scene.row().problem
    scene.lms.recover()
    scene.deliver()
    assert scene.grade() is None, "nobody hammers a platform that just failed"
    scene.clock.forward(minutes=10)
    scene.deliver()
    assert scene.grade() == 85
    assert scene.row().problem is None


def test_retry_after_is_kept_to(scene: Scene) -> None:
    scene.lms.fail("scores", "503", seconds=300)
    scene.say("karlis", "passed", 0.85)
    scene.deliver()
    scene.lms.recover()
    scene.clock.forward(seconds=290)
    scene.deliver()
    assert scene.grade() is None
    scene.clock.forward(seconds=20)
    scene.deliver()
    assert scene.grade() == 85


def test_an_answer_that_was_lost_is_recognised_at_the_repeat(scene: Scene) -> None:
    scene.lms.fail("scores", "lose", calls=1)  # the grade is written, the answer never arrives
    scene.say("karlis", "passed", 0.85)
    scene.deliver()
    assert scene.grade() == 85
    assert scene.row().state == "waiting"
    scene.clock.forward(minutes=10)
    scene.deliver()
    assert scene.row().state == "sent"
    assert len(scene.posts()) == 1, "the repeat was the same message, and refused as such"


def test_a_token_that_is_not_taken_any_more_is_replaced_at_once(scene: Scene) -> None:
    scene.say("karlis", "failed", 0.3)
    scene.deliver()
    scene.lms.fail("token", "revoke")
    scene.say("karlis", "passed", 0.8)
    scene.deliver()
    assert scene.grade() == 80


def test_one_token_serves_many_grades(scene: Scene) -> None:
    for login in ("elena", "nikos", "anna"):
        scene.learner(login)
    for login in ("karlis", "elena", "nikos", "anna"):
        scene.say(login, "passed", 0.7)
    scene.worker().run_due()
    asked = [call for call in requests.get(f"{scene.lms.url}/calls.json", timeout=10).json() if "/token" in str(call)]
    # Two threads may each find none and ask; never one a grade.
    assert 1 <= len(asked) <= 2
    assert {login: g["score"] for login, g in scene.lms.grades(scene.link).items()} == dict.fromkeys(
        ("karlis", "elena", "nikos", "anna"), 70
    )


def test_a_teachers_later_grade_stays_and_the_row_says_so(scene: Scene) -> None:
    scene.say("karlis", "failed", 0.3)
    scene.deliver()
    later = scene.clock.forward(hours=1)
    item = scene.lms.column(scene.link)
    user = int(scene.lms.user_id("karlis"))
    with scene.lms.lms.store.transaction() as db:
        before = practice_grades.read_grade(db, item["id"], user)
        # A grade typed in by hand, an hour ahead of our clock.
        practice_grades.write_grade(
            db, item["id"], user, replace(before, final=77, modified=later.timestamp() + 3600, overridden=False)
        )
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    assert scene.grade() == 77
    assert (scene.row().state, scene.row().problem) == ("kept", "GRADE-LATER")


@pytest.fixture
def moodle(engine: sa.Engine, tmp_path: Path) -> Iterator[Scene]:
    """The practice LMS says that it is Moodle, which takes scores for a grade that a teacher has overridden."""
    with grade_scene(engine, tmp_path, "moodle") as made:
        yield made


def override(scene: Scene, final: float | None) -> None:
    """The teacher types an own grade into the gradebook, or (None) lifts it."""
    column, user = scene.lms.column(scene.link), int(scene.lms.user_id("karlis"))
    with scene.lms.lms.store.transaction() as db:
        item = activities.get_line_item(db, column["id"])
        assert item is not None
        before = practice_grades.read_grade(db, item.id, user)
        after = practice_grades.override(before, final, "", scene.clock().timestamp(), item)
        practice_grades.write_grade(db, item.id, user, after)


def test_a_grade_that_moodle_takes_and_does_not_count_is_seen_in_the_result(moodle: Scene) -> None:
    moodle.say("karlis", "failed", 0.3)
    moodle.deliver()
    assert moodle.row().state == "sent"
    moodle.clock.forward(hours=1)
    override(moodle, 40)
    moodle.clock.forward(hours=1)
    moodle.say("karlis", "passed", 0.9)
    moodle.deliver()
    assert moodle.grade() == 40
    assert len(moodle.posts()) == 2, "Moodle is told all the same, for the day on which the teacher lifts the grade"
    assert (moodle.row().state, moodle.row().problem) == ("kept", "GRADE-LATER")
    override(moodle, None)
    assert moodle.grade() == 90


def test_a_grade_that_the_teacher_typed_in_before_there_was_a_result_is_seen_too(moodle: Scene) -> None:
    override(moodle, 55)
    moodle.clock.forward(hours=1)
    moodle.say("karlis", "passed", 0.9)
    moodle.deliver()
    assert moodle.grade() == 55
    assert (moodle.row().state, moodle.row().problem) == ("kept", "GRADE-LATER")


def test_after_the_teacher_lifted_the_own_grade_the_next_result_counts(moodle: Scene) -> None:
    override(moodle, 40)
    moodle.clock.forward(hours=1)
    moodle.say("karlis", "failed", 0.3)
    moodle.deliver()
    assert moodle.row().state == "kept"
    override(moodle, None)
    moodle.clock.forward(hours=1)
    moodle.say("karlis", "passed", 0.9)
    moodle.deliver()
    assert moodle.grade() == 90
    assert (moodle.row().state, moodle.row().problem) == ("sent", None)


def test_a_number_that_moodle_made_of_the_score_is_no_grade_of_a_teacher(clock: Clock) -> None:
    """A column with a multiplicator shows another number, at the time of the score."""
    score = Score(Decimal(90), Decimal(100), True, clock().replace(microsecond=0))
    halved = Result(Decimal(45), Decimal(100), score.timestamp)
    assert halved.came_of(score)
    assert not halved.says(score)
    assert not replace(halved, at=score.timestamp + timedelta(seconds=1)).came_of(score)
    assert not replace(halved, at=None).came_of(score)


def test_a_score_that_shows_nowhere_was_not_sent(moodle: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """An activity whose grade was set to "None" in Moodle keeps its column's address, which takes scores."""
    monkeypatch.setattr(Gradebook, "result", lambda *_given: None)
    moodle.say("karlis", "passed", 0.9)
    moodle.deliver()
    assert (moodle.row().state, moodle.row().problem) == ("none", "GRADE-NO-COLUMN")
    monkeypatch.undo()
    moodle.say("karlis", "passed", 1.0)
    moodle.deliver()
    assert (moodle.row().state, moodle.grade()) == ("sent", 100)


def test_a_score_whose_result_cannot_be_read_was_sent(moodle: Scene) -> None:
    moodle.lms.fail("results", "500", seconds=60)
    moodle.say("karlis", "passed", 0.9)
    moodle.deliver()
    assert moodle.grade() == 90
    assert (moodle.row().state, moodle.row().confirmed) == ("sent", True)


def test_whoever_cannot_be_graded_is_shown_to_the_teacher_and_not_tried_for_ever(scene: Scene) -> None:
    scene.learner("teacher")  # as Moodle's non-editing teachers: a learner to us, not gradable to the LMS
    with writing(scene.wiring.engine) as conn:
        people.join_course(
            conn, scene.course, scene.actor("karlis"), scene.lms.user_id("karlis"), "instructor", scene.clock()
        )
    scene.say("teacher", "passed", 0.9)
    scene.deliver()
    assert (scene.row().state, scene.row().problem) == ("refused", "GRADE-LEARNER")
    scene.clock.forward(days=2)
    assert scene.worker().run_due() == 0


def test_a_column_that_moved_is_found_by_its_resource_link(scene: Scene) -> None:
    with writing(scene.wiring.engine) as conn:
        url = scene.lms.column(scene.link)["url"]
        conn.execute(store.line_items.update().values(url=url.replace("/lineitems/", "/lineitems/99")))
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    assert scene.grade() == 90


def test_a_platform_that_was_switched_off_here_is_told_nothing(scene: Scene) -> None:
    with writing(scene.wiring.engine) as conn:
        platforms.set_status(conn, scene.platform, "disabled", scene.clock())
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    assert scene.posts() == []
    assert (scene.row().state, scene.row().problem) == ("refused", "GRADE-PLATFORM-OFF")


class Killed(BaseException):
    """The process is gone: nothing catches this."""


@pytest.mark.parametrize("point", ["claimed", "planned", "posted"])
def test_a_worker_that_dies_at_any_point_leaves_the_right_grade(
    scene: Scene, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: Any, **kwargs: Any) -> None:
        raise Killed

    scene.say("karlis", "passed", 0.85)
    with monkeypatch.context() as planted, pytest.raises(Killed):
        planted.setattr(
            {
                "claimed": "lti_tool.gradebook.worker.Worker._judge_and_send",
                "planned": "lti_tool.gradebook.worker.Worker._send",
                "posted": "lti_tool.gradebook.worker.Worker._settle",
            }[point],
            die,
        )
        scene.deliver()
    assert scene.grade() == (85 if point == "posted" else None)
    assert scene.worker(name="other").run_due() == 0, "the lease of the dead worker still runs"
    scene.clock.forward(seconds=store.LEASE.total_seconds())
    scene.worker(name="other").run_due()
    assert scene.grade() == 85
    assert scene.row().state == "sent"
    assert len(scene.posts()) == 1


def test_a_fault_in_one_row_does_not_stop_the_others(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scene.learner("elena")
    real = Known.result

    def broken_for_karlis(self: Known, delivery: store.Delivery) -> Any:
        if delivery.user_id == scene.lms.user_id("karlis"):
            raise RuntimeError("planted\n  on two lines")
        return real(self, delivery)

    monkeypatch.setattr(Known, "result", broken_for_karlis)
    scene.say("karlis", "passed", 0.85)
    scene.say("elena", "passed", 0.6)
    with caplog.at_level(logging.ERROR):
        scene.deliver()
    assert scene.grade("elena") == 60
    with reading(scene.wiring.engine) as conn:
        (row,) = store.troubled(conn)
    assert (row.problem, row.detail) == ("GRADE-FAULT", "RuntimeError: planted on two lines")
