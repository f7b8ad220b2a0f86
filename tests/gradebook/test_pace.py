"""Each platform at its own pace: one that hangs, asks to wait or takes one call at a time holds up no other."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.db import reading, writing
from lti_tool.gradebook import pace, sending, store
from lti_tool.gradebook.ags import Gradebook
from lti_tool.launch import platforms
from lti_tool.practice import gradebook as practice_grades
from tests.conftest import Clock
from tests.gradebook.grade_scene import Scene, added, grade_scene
from tests.practice_server import practice_server

LOGINS = ("karlis", "elena", "nikos", "anna")


@pytest.fixture
def scene(engine: sa.Engine, tmp_path: Path) -> Iterator[Scene]:
    with grade_scene(engine, tmp_path) as made:
        for login in LOGINS:
            made.learner(login)
        yield made


@dataclass
class Two:
    """Two platforms of one tool. `hold` keeps the second from answering while it is not set."""

    well: Scene
    ill: Scene
    hold: threading.Event


@pytest.fixture
def two(engine: sa.Engine, tmp_path: Path) -> Iterator[Two]:
    hold = threading.Event()
    with ExitStack() as stack:
        well = stack.enter_context(grade_scene(engine, tmp_path))
        waiting = practice_server(well.keys.public, clock=well.clock, pause=lambda _seconds: hold.wait(30) and None)
        other = stack.enter_context(waiting)
        stack.callback(hold.set)
        yield Two(well, added(other, well.wiring, well.keys, well.clock), hold)


def test_a_platform_that_hangs_does_not_hold_up_the_other(two: Two) -> None:
    two.ill.lms.fail("scores", "hang", seconds=30)
    for login in LOGINS:
        for scene in (two.ill, two.well):
            scene.learner(login)
    for login in LOGINS:  # the dead platform's are due first
        two.ill.say(login, "passed", 0.5)
    worker = replace(two.well.worker(), concurrency=2, lanes=4)
    running = threading.Thread(target=worker.run_due)
    running.start()
    for login in LOGINS:
        two.well.say(login, "passed", 0.9)
    deadline = time.monotonic() + 20
    while any(two.well.grade(login) is None for login in LOGINS):
        assert time.monotonic() < deadline, "the platform that is well got nothing while the other hung"
        time.sleep(0.02)
    with reading(two.ill.wiring.engine) as conn:
        assert pace.of(conn, [two.ill.platform]) == {}, "all this while nobody had given up on the dead platform"
    assert running.is_alive()
    two.hold.set()
    running.join(30)
    assert two.ill.grade() is None


def test_a_platform_that_asks_to_wait_is_left_alone_by_all_rows_and_workers(scene: Scene) -> None:
    scene.lms.fail("scores", "503", seconds=300)
    for login in LOGINS:
        scene.say(login, "passed", 0.8)
    replace(scene.worker(), concurrency=1).run_due()
    assert len(calls(scene)) == 1, "one answer is enough for all"
    assert scene.worker(name="other").run_due() == 0
    scene.lms.recover()
    scene.clock.forward(seconds=299)
    scene.deliver()
    assert len(calls(scene)) == 1
    scene.clock.forward(seconds=2)
    scene.deliver()
    assert {scene.grade(login) for login in LOGINS} == {80}


def test_canvas_throttling_pauses_the_platform(scene: Scene) -> None:
    scene.lms.fail("scores", "403")
    for login in LOGINS:
        scene.say(login, "passed", 0.8)
    replace(scene.worker(), concurrency=1).run_due()
    assert len(calls(scene)) == 1
    with reading(scene.wiring.engine) as conn:
        assert pace.of(conn, [scene.platform])[scene.platform].problem == "GRADE-LIMIT"


def test_after_a_failure_one_call_finds_out_whether_the_platform_is_back(scene: Scene) -> None:
    scene.lms.fail("scores", "drop")
    for login in LOGINS:
        scene.say(login, "passed", 0.8)
    scene.deliver()
    before = len(calls(scene))
    scene.clock.forward(minutes=5)
    scene.deliver()
    assert len(calls(scene)) == before + 1
    scene.lms.recover()
    scene.clock.forward(minutes=5)
    scene.deliver()
    assert {scene.grade(login) for login in LOGINS} == {80}
    with reading(scene.wiring.engine) as conn:
        assert pace.of(conn, [scene.platform]) == {}


def test_a_platform_that_is_down_for_days_gets_every_grade_when_it_is_back(scene: Scene) -> None:
    scene.lms.fail("scores", "drop")
    scene.say("karlis", "passed", 0.8)
    for _look in range(60):
        scene.deliver()
        scene.clock.forward(hours=1)
    assert scene.row().state == "waiting"
    scene.lms.recover()
    scene.deliver()
    assert scene.grade() == 80


def test_canvas_gets_one_call_at_a_time_from_all_workers(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing(scene.wiring.engine) as conn:
        conn.execute(platforms.platforms.update().values(product="canvas"))
    for login in LOGINS:
        scene.say(login, "passed", 0.8)
    lock, under_way, most, real = threading.Lock(), 0, 0, Gradebook.post

    def counted(self: Gradebook, *given: Any) -> Any:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.02)
        try:
            return real(self, *given)
        finally:
            with lock:
                under_way -= 1

    monkeypatch.setattr(Gradebook, "post", counted)
    workers = [threading.Thread(target=scene.worker(name=f"w{n}").run_due) for n in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(30)
    scene.deliver()
    assert most == 1
    assert {scene.grade(login) for login in LOGINS} == {80}


def test_a_locked_grade_is_not_tried_for_ever_and_the_teacher_is_told(scene: Scene) -> None:
    scene.say("karlis", "failed", 0.3)
    scene.deliver()
    with scene.lms.lms.store.transaction() as db:
        db.execute("UPDATE grades SET locked = 1")
    scene.say("karlis", "passed", 0.9)
    for _try in range(sending.LOCK_TRIES):
        scene.deliver()
        scene.clock.forward(minutes=5)
    row = karlis(scene)
    assert (row.state, row.problem) == ("refused", "GRADE-LOCKED")
    scene.clock.forward(days=1)
    assert scene.worker().run_due() == 0
    assert scene.grade() == 30
    with scene.lms.lms.store.transaction() as db:
        db.execute("UPDATE grades SET locked = 0")
    with writing(scene.wiring.engine) as conn:
        store.resend(conn, [row.id], scene.clock())
    scene.deliver()
    assert scene.grade() == 90


def test_a_grade_that_was_typed_over_is_not_overwritten_by_a_later_result(scene: Scene) -> None:
    scene.say("karlis", "failed", 0.3)
    scene.deliver()
    item, user = scene.lms.column(scene.link), int(scene.lms.user_id("karlis"))
    with scene.lms.lms.store.transaction() as db:
        before = practice_grades.read_grade(db, item["id"], user)
        practice_grades.write_grade(db, item["id"], user, replace(before, final=77))  # no mark, no newer time
    scene.clock.forward(hours=1)
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    assert scene.grade() == 77
    assert (karlis(scene).state, karlis(scene).problem) == ("kept", "GRADE-LATER")


def test_slots_are_shared_and_come_back_from_the_dead(engine: sa.Engine, clock: Clock) -> None:
    minute = timedelta(minutes=1)
    with writing(engine) as conn:
        assert [pace.take_slot(conn, 1, 2, name, clock(), minute) for name in "abc"] == [0, 1, None]
        assert pace.take_slot(conn, 2, 2, "c", clock(), minute) == 0
        pace.give_back(conn, 1, 0, "b")
        assert pace.take_slot(conn, 1, 2, "c", clock(), minute) is None, "nobody gives back what is another's"
        pace.give_back(conn, 1, 0, "a")
        assert pace.take_slot(conn, 1, 2, "c", clock(), minute) == 0
        clock.forward(minutes=2)
        assert pace.take_slot(conn, 1, 2, "d", clock(), minute) == 0
        assert not pace.keep_slot(conn, 1, 0, "c", clock() + minute)
        assert pace.keep_slot(conn, 1, 0, "d", clock() + minute)


def test_calls_that_fail_together_are_one_failure_and_the_longest_pause_counts(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        for seconds in (60, 10, 30):
            pace.pause(conn, 1, clock() + timedelta(seconds=seconds), "GRADE-UNREACHABLE", "no route", clock())
        (one,) = pace.of(conn, [1]).values()
        assert (one.failures, one.until) == (1, clock() + timedelta(seconds=60))
        pace.works(conn, 1, clock())
        assert pace.of(conn, [1]) != {}, "an answer that was under way does not end an agreed pause"
        clock.forward(seconds=60)
        pace.pause(conn, 1, clock() + timedelta(seconds=60), "GRADE-UNREACHABLE", "no route", clock())
        assert pace.of(conn, [1])[1].failures == 2
        clock.forward(seconds=60)
        pace.works(conn, 1, clock())
        assert pace.of(conn, [1]) == {}


@given(st.integers(0, 90), st.floats(0, 0.999), st.sampled_from(["GRADE-TOKEN", "GRADE-LIMIT", "GRADE-UNREACHABLE"]))
def test_pauses_of_platforms_grow_and_end(failures: int, spread: float, code: str) -> None:
    one = pace.length(failures, spread, code)
    assert timedelta(seconds=2.5) <= one <= pace.LONGEST_SHUT
    assert one <= pace.LONGEST or code == "GRADE-TOKEN"
    assert one <= pace.SOON or code == "GRADE-TOKEN" or failures >= pace.PATIENCE
    assert pace.length(failures + 1, spread, code) >= one
    assert pace.length(failures, spread, code, timedelta(minutes=30)) >= timedelta(minutes=30)


def test_a_platform_that_was_stopped_for_a_while_has_the_grade_a_minute_after_it_is_back(scene: Scene) -> None:
    scene.lms.fail("scores", "drop")
    scene.say("karlis", "passed", 0.9)
    tried = []
    for second in range(900):
        scene.clock.forward(seconds=1)
        with reading(scene.wiring.engine) as conn:
            due = store.due(conn, scene.clock())
        if due:
            scene.deliver()
            tried.append(second)
    assert max(later - earlier for earlier, later in itertools.pairwise(tried)) <= 61
    assert len(tried) < 60, "it is asked after, not stormed"
    scene.lms.recover()
    scene.clock.forward(seconds=60)
    scene.deliver()
    assert scene.grade() == 90


def calls(scene: Scene) -> list[str]:
    with scene.lms.lms.store.transaction() as db:
        return [row["address"] for row in db.execute("SELECT address FROM calls WHERE endpoint = 'scores'")]


def karlis(scene: Scene) -> store.Delivery:
    with reading(scene.wiring.engine) as conn:
        return next(row for row in store.of_course(conn, scene.course) if row.user_id == scene.lms.user_id("karlis"))
