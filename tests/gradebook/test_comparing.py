"""What Moodle's gradebook lost or overrode after it was told, found when the list of learners is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from lti_tool.db import writing
from lti_tool.gradebook import comparing, store
from lti_tool.gradebook.ags import Gradebook, NotReadable, Result, Trouble
from lti_tool.gradebook.answers import Verdict
from lti_tool.gradebook.roster import Rosters
from lti_tool.gradebook.score import Score
from lti_tool.people import roster
from lti_tool.people import store as people
from lti_tool.practice import activities
from lti_tool.practice import gradebook as practice_grades
from lti_tool.practice import people as practice_people
from lti_tool.practice.claims import memberships_url
from tests.gradebook.grade_scene import Scene, grade_scene


def listed(scene: Scene) -> Scene:
    assert scene.lms.tool is not None
    url = memberships_url(scene.lms.url, 1, scene.lms.tool.id)
    with writing(scene.wiring.engine) as conn:
        people.course(conn, scene.platform, "1", scene.clock(), roster_url=url)
    return scene


@pytest.fixture
def scene(engine: sa.Engine, tmp_path: Path) -> Iterator[Scene]:
    with grade_scene(engine, tmp_path, "moodle") as made:
        yield listed(made)


def sync(scene: Scene) -> None:
    scene.wiring.writer.run(lambda conn: roster.ask(conn, scene.course, scene.clock()))
    assert Rosters(scene.wiring, scene.keys.sign, spread=lambda: 0.0).run_due() == 1


def expelled(scene: Scene) -> None:
    user = int(scene.lms.user_id("karlis"))
    with scene.lms.lms.store.transaction() as db:
        practice_people.unenrol(db, 1, user)


def let_in(scene: Scene) -> None:
    user = int(scene.lms.user_id("karlis"))
    with scene.lms.lms.store.transaction() as db:
        practice_people.enrol(db, 1, user, practice_people.LEARNER)


def override(scene: Scene, final: float | None) -> None:
    column, user = scene.lms.column(scene.link), int(scene.lms.user_id("karlis"))
    with scene.lms.lms.store.transaction() as db:
        item = activities.get_line_item(db, column["id"])
        assert item is not None
        before = practice_grades.read_grade(db, item.id, user)
        after = practice_grades.override(before, final, "", scene.clock().timestamp(), item)
        practice_grades.write_grade(db, item.id, user, after)


def test_the_grade_of_a_learner_who_was_taken_out_and_let_in_again_comes_back(scene: Scene) -> None:
    scene.say("karlis", "passed", 0.85)
    scene.deliver()
    expelled(scene)
    scene.clock.forward(minutes=5)
    sync(scene)
    scene.deliver()
    assert scene.row().state == "sent", "whoever is not in the course is sent no grade"
    let_in(scene)
    assert scene.grade() is None
    scene.clock.forward(minutes=20)
    sync(scene)
    assert scene.row().state == "waiting"
    scene.deliver()
    assert scene.grade() == 85
    assert (scene.row().state, scene.row().problem) == ("sent", None)
    sync(scene)
    assert scene.row().state == "sent"


def test_out_and_in_between_two_readings_of_the_list_is_seen_too(scene: Scene) -> None:
    scene.say("karlis", "passed", 0.85)
    scene.deliver()
    sync(scene)
    expelled(scene)
    let_in(scene)
    sync(scene)
    scene.deliver()
    assert scene.grade() == 85


def test_what_was_refused_while_the_learner_was_out_arrives_once_they_are_let_in(scene: Scene) -> None:
    sync(scene)
    expelled(scene)
    scene.say("karlis", "passed", 0.85)
    scene.deliver()
    assert (scene.row().state, scene.row().problem) == ("refused", "GRADE-LEARNER")
    scene.clock.forward(minutes=20)
    sync(scene)
    assert scene.row().state == "refused", "whoever is not on the list is not tried again"
    let_in(scene)
    scene.clock.forward(minutes=20)
    sync(scene)
    scene.deliver()
    assert scene.grade() == 85
    assert (scene.row().state, scene.row().problem) == ("sent", None)


def test_a_grade_refused_for_another_reason_waits_for_a_person(scene: Scene) -> None:
    scene.say("karlis", "passed", 0.85)
    with writing(scene.wiring.engine) as conn:
        conn.execute(store.deliveries.update().values(state="refused", problem="GRADE-LOCKED", done_version=1))
    sync(scene)
    assert (scene.row().state, scene.row().problem) == ("refused", "GRADE-LOCKED")


def test_what_the_teacher_overrode_after_it_was_sent_is_known_and_what_was_lifted_too(scene: Scene) -> None:
    scene.say("karlis", "passed", 0.85)
    scene.deliver()
    scene.clock.forward(hours=1)
    override(scene, 40)
    sync(scene)
    assert (scene.row().state, scene.row().problem) == ("kept", "GRADE-LATER")
    scene.deliver()
    assert scene.grade() == 40
    override(scene, None)
    sync(scene)
    assert (scene.row().state, scene.row().problem) == ("sent", None)


def test_a_platform_that_loses_nothing_is_not_asked(engine: sa.Engine, tmp_path: Path) -> None:
    with grade_scene(engine, tmp_path) as found:
        scene = listed(found)
        scene.say("karlis", "passed", 0.85)
        scene.deliver()
        override(scene, 40)
        sync(scene)
        assert scene.row().state == "sent"


@pytest.mark.parametrize(
    "error", [NotReadable("no scope"), Trouble(Verdict("pause", "GRADE-UNREACHABLE"), "away")], ids=["scope", "away"]
)
def test_results_that_cannot_be_read_change_nothing(
    scene: Scene, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.say("karlis", "passed", 0.85)
    scene.deliver()

    def refused(*_given: object) -> None:
        raise error

    monkeypatch.setattr(Gradebook, "results", refused)
    sync(scene)
    assert scene.row().state == "sent"


def test_what_changed_while_the_platform_was_asked_is_newer_than_its_answer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.say("karlis", "failed", 0.3)
    scene.deliver()

    def meanwhile(*_given: object) -> dict[str, Result]:
        scene.say("karlis", "passed", 0.9)
        scene.deliver()
        return {}

    monkeypatch.setattr(Gradebook, "results", meanwhile)
    sync(scene)
    assert (scene.row().state, scene.grade()) == ("sent", 90)


AT = datetime(2022, 10, 13, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "held", "found"),
    [
        ("sent", Result(Decimal(85), Decimal(100), AT), None),
        ("sent", Result(Decimal("42.5"), Decimal(50), AT), None),
        ("sent", Result(Decimal(42), Decimal(100), AT), None),
        ("sent", Result(Decimal(42), Decimal(100), AT + timedelta(hours=1)), "kept"),
        ("sent", None, "lost"),
        ("kept", Result(Decimal(42), Decimal(100), AT + timedelta(hours=1)), None),
        ("kept", Result(Decimal(85), Decimal(100), AT + timedelta(hours=1)), "sent"),
        ("kept", None, "lost"),
        ("waiting", None, None),
        ("refused", None, None),
    ],
)
def test_what_a_result_says(state: Any, held: Result | None, found: str | None) -> None:
    row = store.Delivery(
        1,
        cast(Any, None),
        "7",
        "account:x|7",
        1,
        state,
        0,
        None,
        None,
        Score(Decimal(85), Decimal(100), True, AT),
        confirmed=True,
        due_at=AT,
        sent_at=AT,
    )
    assert comparing.judged(row, held) == found
    assert comparing.judged(replace(row, last=None), held) is None
