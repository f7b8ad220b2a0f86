"""Whoever works slowly keeps what it claimed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lti_tool.gradebook import sending, store
from lti_tool.gradebook.ags import Gradebook
from lti_tool.gradebook.score import Score
from tests.gradebook.grade_scene import Scene, grade_scene

LEARNERS = ("karlis", "elena", "nikos", "anna")


@pytest.fixture
def scene(engine: sa.Engine, tmp_path: Path) -> Iterator[Scene]:
    with grade_scene(engine, tmp_path) as made:
        yield made


class TooOften(BaseException):
    """Nothing catches this: a worker that judges the same rows for ever is stopped."""


def test_a_worker_that_judges_longer_than_a_lease_lasts_does_so_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An LMS that answers after 84 s is asked for each of the grades that it holds, before the better one is sent."""
    for login in LEARNERS[1:]:
        scene.learner(login)
    for login in LEARNERS:
        scene.say(login, "passed", 0.5)
    scene.deliver()
    looked: Counter[str] = Counter()

    def slowly(book: Gradebook, row: store.Delivery, last: Score) -> bool:
        looked[row.user_id] += 1
        if looked[row.user_id] > 3:
            raise TooOften(row.user_id)
        scene.clock.forward(seconds=store.LEASE.total_seconds() * 0.7)
        return False

    monkeypatch.setattr(sending, "changed_by_hand", slowly)
    for login in LEARNERS:
        scene.say(login, "passed", 0.9)
    # One lane of two: it claims two rows at a time, and to look at both takes longer than a lease.
    scene.worker(lanes=1).run_due()
    assert {login: scene.grade(login) for login in LEARNERS} == dict.fromkeys(LEARNERS, 90)
    assert set(looked.values()) == {1}
    assert {len(scene.posts(login)) for login in LEARNERS} == {2}
