"""What counts is written once, with its statements, whatever comes twice, at once or too late."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from lti_tool.db import reading, writing
from lti_tool.play import acts, store
from lti_tool.play.acts import Desk, HandedIn
from lti_tool.play.library import Library
from lti_tool.play.statements import Study, duration, registration_of, server
from tests.play.conftest import HOME, RIGHT, WRONG, Make, Place
from xapi.statement import actor_key

PAGES = ("page-1", "page-2", "page-3")
ACTOR = {"objectType": "Agent", "account": {"homePage": HOME, "name": "anna"}}


def study_of(place: Place, session: str = "sid-1") -> Study:
    content = Library(place.modules).module("M01")
    module = place.programme.module("M01")
    assert content is not None
    assert module is not None
    units = tuple(unit.iri for unit in place.programme.units_of("M01"))
    return Study(ACTOR, module, content, content.edition("en"), units, (place.programme.activity,), "Moodle", session)


class Learner:
    """Anna at M01, without a browser."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.desk = Desk(server("http://localhost"), lambda _conn, stored: place.heard.extend(stored))
        self.study = study_of(place)

    def visit(self, where: str) -> acts.State:
        now = self.place.clock.now
        return self.place.wiring.writer.run(lambda conn: acts.visit(conn, self.desk, self.study, where, now))

    def hand_in(self, number: int, answers: Any) -> HandedIn:
        now = self.place.clock.now
        return self.place.wiring.writer.run(
            lambda conn: acts.hand_in(conn, self.desk, self.study, number, answers, now)
        )

    def keep(self, number: int, answers: Any) -> bool:
        now = self.place.clock.now
        return self.place.wiring.writer.run(
            lambda conn: acts.keep_draft(conn, self.desk, self.study, number, answers, now)
        )

    def attempts(self) -> tuple[store.Attempt, ...]:
        with reading(self.place.engine) as conn:
            return store.attempts_of(conn, self.study.key, "M01")


@pytest.fixture
def anna(place: Place) -> Learner:
    return Learner(place)


def verbs(place: Place) -> list[str]:
    return [one["verb"]["id"].rsplit("/", 1)[-1] for one in place.statements()]


def test_a_session_says_once_that_it_began(place: Place, anna: Learner) -> None:
    for where in ("page-1", "page-2", "page-1"):
        anna.visit(where)
    assert verbs(place) == ["initialized"]
    anna.study = study_of(place, "sid-2")
    anna.visit("page-2")
    # Back in the first tab, where the same beginning would now be told in other words.
    anna.study = replace(study_of(place, "sid-1"), platform="Another name")
    place.clock.forward(minutes=1)
    anna.visit("page-2")
    assert verbs(place) == ["initialized", "initialized"]


def test_statements_say_of_whom_where_and_for_what(place: Place, anna: Learner) -> None:
    anna.visit("page-1")
    (one,) = place.statements()
    assert one["actor"] == ACTOR
    assert one["object"]["id"] == "tag:biblio-project.eu,2022:module/M01"
    assert one["authority"]["account"] == {"homePage": "http://localhost", "name": "lti-tool"}
    context = one["context"]
    assert context["registration"] == registration_of(actor_key(ACTOR), one["object"]["id"])
    assert context["language"] == "en"
    assert context["platform"] == "Moodle"
    around = {kind: [each["id"] for each in ones] for kind, ones in context["contextActivities"].items()}
    assert around == {
        "parent": ["tag:biblio-project.eu,2022:unit/BIB-U1"],
        "grouping": ["tag:biblio-project.eu,2022:programme/CECO"],
    }
    assert "sid-1" not in str(one)


def test_a_passed_quiz_is_told_with_its_score(place: Place, anna: Learner) -> None:
    anna.visit("quiz")
    place.clock.forward(minutes=4)
    half = {**RIGHT, "q3": {"p1": "p1", "p2": "p1"}}
    done = anna.hand_in(1, half)
    assert done.new
    (passed,) = place.statements("passed")
    assert passed["result"] == {
        "score": {"scaled": 0.875, "raw": 3.5, "min": 0, "max": 4.0},
        "success": True,
        "completion": False,
        "duration": "PT4M",
    }
    assert [one["result"]["success"] for one in place.statements("answered")] == [True, True, False, True]
    assert {one.id for one in place.heard} == {one["id"] for one in place.statements()}


def test_no_statement_holds_the_key_of_a_question(place: Place, anna: Learner) -> None:
    anna.hand_in(1, WRONG)
    for one in place.statements():
        assert "SECRET" not in str(one)
        assert "correctResponsesPattern" not in str(one)


def test_completed_when_all_is_read_and_the_quiz_is_passed(place: Place, anna: Learner) -> None:
    for where in PAGES:
        anna.visit(where)
        place.clock.forward(minutes=3)
    assert not place.statements("completed")
    anna.hand_in(1, RIGHT)
    (completed,) = place.statements("completed")
    assert completed["result"] == {
        "completion": True,
        "success": True,
        "score": {"scaled": 1.0, "raw": 4.0, "min": 0, "max": 4.0},
        "duration": "PT9M",
    }
    assert place.statements("passed")[0]["result"]["completion"] is True
    for where in (*PAGES, "finish"):
        anna.visit(where)
    assert len(place.statements("completed")) == 1


def test_completed_when_the_last_page_is_read_after_the_quiz(place: Place, anna: Learner) -> None:
    anna.hand_in(1, RIGHT)
    for where in PAGES[:2]:
        anna.visit(where)
    assert not place.statements("completed")
    assert anna.visit(PAGES[2]).progress.finished_at == place.clock.now
    assert len(place.statements("completed")) == 1


def test_completed_without_success_when_no_attempt_is_left(place: Place, anna: Learner) -> None:
    for where in PAGES:
        anna.visit(where)
    for number in (1, 2):
        anna.hand_in(number, WRONG)
    assert not place.statements("completed")
    anna.hand_in(3, {**WRONG, "q1": "a"})
    (completed,) = place.statements("completed")
    assert completed["result"]["success"] is False
    assert completed["result"]["score"]["scaled"] == 0.25
    assert len(place.statements("failed")) == 3


def test_an_attempt_that_is_sent_twice_counts_once_and_the_first_one_stays(place: Place, anna: Learner) -> None:
    first = anna.hand_in(1, WRONG)
    place.clock.forward(minutes=1)
    again = anna.hand_in(1, RIGHT)
    assert (first.new, again.new) == (True, False)
    assert again.attempt == first.attempt
    assert [one.passed for one in anna.attempts()] == [False]
    assert not place.statements("passed")


def test_no_attempt_above_the_limit_none_after_passing_none_out_of_turn(anna: Learner) -> None:
    assert anna.hand_in(2, RIGHT).attempt is None
    for number in (1, 2, 3):
        anna.hand_in(number, WRONG)
    assert anna.hand_in(4, RIGHT) == HandedIn(None, False, 3)
    assert len(anna.attempts()) == 3


def test_after_passing_there_is_nothing_to_try(place: Place, anna: Learner) -> None:
    anna.hand_in(1, RIGHT)
    assert anna.hand_in(2, WRONG).attempt is None
    assert not anna.keep(2, WRONG)
    assert not place.statements("failed")


@pytest.mark.parametrize("values", [{"number": 4}, {"number": 0}, {"number": 2, "passed": True}])
def test_the_database_itself_refuses_what_is_against_the_rules(
    place: Place, anna: Learner, values: dict[str, Any]
) -> None:
    anna.hand_in(1, RIGHT)
    with reading(place.engine) as conn:
        row = dict(conn.execute(sa.select(store.quiz_attempts)).one()._mapping)
    with pytest.raises(sa.exc.IntegrityError), writing(place.engine) as conn:
        conn.execute(store.quiz_attempts.insert().values({**row, "passed": False, **values}))


def test_many_tabs_that_hand_in_the_same_attempt_at_once_make_one(place: Place, anna: Learner) -> None:
    ready = threading.Barrier(6)
    results: list[HandedIn] = []
    errors: list[Exception] = []

    def tab(answers: Any) -> None:
        ready.wait()
        try:
            results.append(anna.hand_in(1, answers))
        except Exception as error:  # noqa: BLE001  # a thread's error must be seen by the test
            errors.append(error)

    threads = [threading.Thread(target=tab, args=(RIGHT if n % 2 else WRONG,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sum(one.new for one in results) == 1
    assert all(one.attempt == results[0].attempt for one in results)
    assert len(anna.attempts()) == 1
    assert len(place.statements("passed", "failed")) == 1


def test_the_same_number_is_added_once(place: Place, anna: Learner) -> None:
    anna.visit("quiz")
    quiz = anna.study.edition.quiz
    assert quiz is not None
    with writing(place.engine) as conn:
        added = [
            store.add_attempt(
                conn,
                anna.study.key,
                "M01",
                1,
                allowed=3,
                version=1,
                language="en",
                answers={},
                score=quiz.check({}),
                seconds=0,
                now=place.clock.now,
            )
            for _time in range(2)
        ]
    assert added == [True, False]


def test_who_comes_while_another_tab_is_at_work_waits_and_loses_nothing(place: Place, anna: Learner) -> None:
    """The first tab has looked and not yet written; the second one must not start from what was before."""
    anna.visit("page-3")
    second = threading.Thread(target=anna.visit, args=("page-2",))
    with writing(place.engine) as conn:
        before = store.hold(conn, anna.study.key, "M01", anna.study.registration, place.clock.now)
        second.start()
        waiting = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        while place.engine.dialect.name == "postgresql" and second.is_alive() and not _count(place.engine, waiting):
            second.join(0.01)
        store.change(conn, anna.study.key, "M01", {"seen": [*before.seen, "page-1"]})
    second.join()
    assert set(anna.visit("finish").progress.seen) == set(PAGES)


def _count(engine: sa.Engine, query: sa.TextClause) -> int:
    with reading(engine) as conn:
        return int(conn.scalar(query) or 0)


def test_two_tabs_that_read_different_pages_lose_neither(place: Place, anna: Learner) -> None:
    ready = threading.Barrier(3)

    def tab(where: str) -> None:
        ready.wait()
        anna.visit(where)

    threads = [threading.Thread(target=tab, args=(where,)) for where in PAGES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(anna.visit("finish").progress.seen) == set(PAGES)
    assert verbs(place) == ["initialized"]


def test_nothing_is_kept_of_an_attempt_whose_statements_fail(place: Place, anna: Learner) -> None:
    def refuse(_conn: sa.Connection, _stored: Any) -> None:
        raise LookupError("a fault below")

    anna.visit("quiz")
    anna.desk = Desk(anna.desk.principal, refuse)
    with pytest.raises(LookupError):
        anna.hand_in(1, RIGHT)
    assert anna.attempts() == ()
    assert verbs(place) == ["initialized"]


def test_a_draft_is_kept_until_it_is_handed_in(place: Place, anna: Learner) -> None:
    assert anna.keep(1, {"q1": "b"})
    assert anna.visit("page-1").progress.draft == {"q1": "b"}
    anna.hand_in(1, WRONG)
    assert anna.visit("page-1").progress.draft == {}
    assert not anna.keep(1, {"q1": "a"})
    assert anna.keep(2, {"q1": "a"})


def test_a_long_pause_is_no_time_at_work(place: Place, anna: Learner) -> None:
    anna.visit("page-1")
    place.clock.forward(minutes=2)
    anna.visit("page-2")
    place.clock.forward(days=3)
    assert anna.visit("page-3").progress.seconds == timedelta(minutes=7).total_seconds()


def test_learners_and_modules_do_not_mix(place: Place, anna: Learner) -> None:
    anna.hand_in(1, WRONG)
    other = {"objectType": "Agent", "account": {"homePage": HOME, "name": "berta"}}
    module = place.programme.module("M01")
    assert module is not None
    study = anna.study
    anna.study = Study(other, module, study.content, study.edition, study.units, study.programmes, "Moodle", "sid-9")
    assert anna.hand_in(1, RIGHT).new
    assert anna.visit("finish").passed


def test_the_first_attempt_stays_when_the_quiz_changes(place: Place, anna: Learner) -> None:
    anna.hand_in(1, {**WRONG, "q1": "a"})
    quiz = place.modules / "M01" / "en" / "quiz.yaml"
    quiz.write_text(quiz.read_text().replace("attempts: 3", "attempts: 1"))
    anna.study = study_of(place)
    assert [one.scaled for one in anna.attempts()] == [Decimal("0.2500")]
    assert anna.hand_in(2, RIGHT).attempt is None


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "PT0S"), (-5, "PT0S"), (59, "PT59S"), (3600, "PT1H"), (3725, "PT1H2M5S")]
)
def test_durations(seconds: int, said: str) -> None:
    assert duration(seconds) == said


def test_a_module_without_quiz_is_completed_by_reading(sqlite_engine: sa.Engine, make: Make) -> None:
    place = make(sqlite_engine)
    (place.modules / "M01" / "en" / "quiz.yaml").unlink()
    anna = Learner(place)
    for where in PAGES:
        anna.visit(where)
    (completed,) = place.statements("completed")
    assert "score" not in completed["result"]
