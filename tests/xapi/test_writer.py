"""Writes that share a commit: nobody is lost, nobody pays for another's mistake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, func, make_url, select

from tests.xapi.builders import an_id, principal, statement
from xapi import Busy, Conflict, Writer, open_engine, reading, record, writing
from xapi.store import Added, Stored
from xapi.tables import statements as table

NOW = datetime(2022, 10, 7, 9, 30, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def quiet(_conn: Connection, _stored: tuple[Stored, ...]) -> None:
    """Nobody listens."""


def keep(writer: Writer, number: int, verb: str = "completed") -> Added:
    return record(writer, principal(), [statement(verb, id=number)], quiet, NOW)


def numbers(engine: Engine) -> list[int]:
    """The numbers of the statements, in the order in which they were stored."""
    with reading(engine) as conn:
        return [int(one[-12:]) for one in conn.execute(select(table.c.id).order_by(table.c.position)).scalars()]


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each of the works, run in threads of their own, gave or raised."""
    outcomes: list[Any] = [None] * len(works)

    def act(place: int) -> None:
        try:
            outcomes[place] = works[place]()
        except Exception as error:  # noqa: BLE001 - an outcome like any other; the test looks at it
            outcomes[place] = error

    threads = [threading.Thread(target=act, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


@pytest.mark.parametrize("grouped", [True, False])
def test_many_threads_lose_nothing(engine: Engine, grouped: bool) -> None:
    writer = Writer(engine, grouped=grouped)

    def write(start: int) -> list[str]:
        return [keep(writer, number).ids[0] for number in range(start, start + 10)]

    outcomes = at_once(*((lambda start=start: write(start)) for start in range(0, 120, 10)))
    assert [one for ids in outcomes for one in ids] == [an_id(number) for number in range(120)]
    stored = numbers(engine)
    assert sorted(stored) == list(range(120))
    for start in range(0, 120, 10):
        mine = [number for number in stored if start <= number < start + 10]
        assert mine == sorted(mine)


class Door:
    """Holds the writer's leader inside of its work until as many others wait as the test wants."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.inside = threading.Event()
        self.opened = threading.Event()
        self.thread = threading.Thread(target=lambda: writer.run(self._wait))

    def _wait(self, _conn: Connection) -> None:
        self.inside.set()
        assert self.opened.wait(60)

    def close(self) -> None:
        self.thread.start()
        assert self.inside.wait(60)

    def open_when(self, waiting: int) -> None:
        while len(self.writer._waiting) < waiting:
            threading.Event().wait(0.001)
        self.opened.set()
        self.thread.join(60)


def queued(writer: Writer, works: list[Callable[[], Any]]) -> list[Any]:
    """What the works gave or raised, run as one group, in this order."""
    door = Door(writer)
    door.close()
    outcomes: list[Any] = [None] * len(works)
    threads = []
    for place, work in enumerate(works):

        def act(place: int = place, work: Callable[[], Any] = work) -> None:
            try:
                outcomes[place] = work()
            except Exception as error:  # noqa: BLE001 - an outcome like any other; the test looks at it
                outcomes[place] = error

        threads.append(threading.Thread(target=act))
        threads[-1].start()
        while len(writer._waiting) < place + 1:
            threading.Event().wait(0.001)
    door.open_when(len(works))
    for thread in threads:
        thread.join(60)
    return outcomes


def test_a_group_has_one_commit_and_keeps_its_order(sqlite_engine: Engine) -> None:
    writer = Writer(sqlite_engine)
    commits: list[int] = []
    event.listen(sqlite_engine, "commit", lambda _conn: commits.append(1))
    queued(writer, [(lambda number=number: keep(writer, number)) for number in range(12)])
    assert numbers(sqlite_engine) == list(range(12))
    assert len(commits) == 2  # the door's own, and that of all twelve


def test_one_fails_alone(sqlite_engine: Engine) -> None:
    writer = Writer(sqlite_engine)
    keep(writer, 0)

    def crash(conn: Connection) -> None:
        conn.execute(table.update().values(verb="broken"))
        raise ZeroDivisionError

    outcomes = queued(
        writer,
        [
            lambda: keep(writer, 1),
            lambda: keep(writer, 0, "passed"),
            lambda: writer.run(crash),
            lambda: keep(writer, 2),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [Added, Conflict, ZeroDivisionError, Added]
    assert numbers(sqlite_engine) == [0, 1, 2]
    with reading(sqlite_engine) as conn:
        assert conn.execute(select(func.count()).where(table.c.verb == "broken")).scalar() == 0


def test_each_work_sees_the_context_of_its_own_caller_whoever_runs_it(sqlite_engine: Engine) -> None:
    """A web framework keeps its request in a context variable: nobody may act with what another has sent."""
    writer = Writer(sqlite_engine)
    request: ContextVar[str] = ContextVar("request", default="nobody's")

    def caller(name: str) -> str:
        request.set(name)
        return writer.run(lambda _conn: request.get())

    names = ["Anna's", "Boris'", "Carla's"]
    assert queued(writer, [partial(caller, name) for name in names]) == names


def test_where_the_commit_fails_everyone_hears_of_it(sqlite_engine: Engine) -> None:
    writer = Writer(sqlite_engine)

    def fail(_conn: Connection) -> None:
        raise OSError("disk full")

    def plant(conn: Connection) -> None:
        event.listen(sqlite_engine, "commit", fail)

    outcomes = queued(writer, [lambda: keep(writer, 1), lambda: writer.run(plant), lambda: keep(writer, 2)])
    event.remove(sqlite_engine, "commit", fail)
    assert [type(outcome) for outcome in outcomes] == [OSError] * 3
    assert numbers(sqlite_engine) == []
    keep(writer, 3)
    assert numbers(sqlite_engine) == [3]


def test_the_queue_is_bounded(sqlite_engine: Engine) -> None:
    writer = Writer(sqlite_engine, bound=2)
    door = Door(writer)
    door.close()
    waiting = [threading.Thread(target=keep, args=(writer, number)) for number in range(2)]
    for thread in waiting:
        thread.start()
    while len(writer._waiting) < 2:
        threading.Event().wait(0.001)
    with pytest.raises(Busy) as caught:
        keep(writer, 9)
    assert (caught.value.status, caught.value.retry_after > 0) == (503, True)
    door.open_when(2)
    for thread in waiting:
        thread.join(60)
    assert sorted(numbers(sqlite_engine)) == [0, 1]


def test_the_queue_is_bounded_on_postgresql_too(engine: Engine) -> None:
    writer = Writer(engine, bound=1, grouped=False)
    inside, go = threading.Event(), threading.Event()

    def wait(_conn: Connection) -> None:
        inside.set()
        assert go.wait(60)

    thread = threading.Thread(target=lambda: writer.run(wait))
    thread.start()
    assert inside.wait(60)
    with pytest.raises(Busy):
        keep(writer, 1)
    go.set()
    thread.join(60)
    keep(writer, 2)


def test_a_locked_database_is_busy(sqlite_engine: Engine) -> None:
    @event.listens_for(sqlite_engine, "connect")
    def be_impatient(connection: Any, _entry: Any) -> None:
        connection.execute("PRAGMA busy_timeout=20")

    sqlite_engine.dispose()
    other = open_engine(str(sqlite_engine.url))
    with writing(other), pytest.raises(Busy):
        keep(Writer(sqlite_engine), 1)
    other.dispose()
    keep(Writer(sqlite_engine), 2)
    assert numbers(sqlite_engine) == [2]


def test_a_writer_inside_of_a_writer_is_refused(engine: Engine) -> None:
    writer = Writer(engine)
    with pytest.raises(RuntimeError, match="inside"):
        writer.run(lambda _conn: keep(writer, 1))
    keep(writer, 2)
    assert numbers(engine) == [2]


def test_on_stored_is_in_the_same_transaction(engine: Engine) -> None:
    writer = Writer(engine)
    told: list[str] = []

    def listen(conn: Connection, stored: tuple[Stored, ...]) -> None:
        assert conn.execute(select(func.count()).select_from(table)).scalar() == 1
        told.extend(one.id for one in stored)
        if len(told) == 1:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record(writer, principal(), [statement(id=1)], listen, NOW)
    assert numbers(engine) == []
    record(writer, principal(), [statement(id=1)], listen, NOW)
    record(writer, principal(), [statement(id=1)], listen, NOW)
    assert (numbers(engine), told) == ([1], [an_id(1)] * 2)


def test_a_lost_deadlock_is_tried_again(database_url: str, engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        assert Writer(engine).grouped  # there is one writer at a time, so nothing to lose
        return
    # Without the limit on lock waits, so that a slow machine does not give up before the deadlock is seen.
    patient = open_engine(
        make_url(database_url).update_query_dict({"options": "-c lock_timeout=0"}).render_as_string(False)
    )
    writer = Writer(patient)
    keep(writer, 1)
    keep(writer, 2)
    meet = threading.Barrier(2)
    tries = {"a": 0, "b": 0}

    def cross(name: str, first: int, second: int) -> None:
        def work(conn: Connection) -> None:
            tries[name] += 1
            conn.execute(table.update().where(table.c.id == an_id(first)).values(version=name))
            if tries["a"] == tries["b"] == 1 or tries[name] == 1:
                meet.wait(60)
            conn.execute(table.update().where(table.c.id == an_id(second)).values(version=name))

        writer.run(work)

    outcomes = at_once(lambda: cross("a", 1, 2), lambda: cross("b", 2, 1))
    assert outcomes == [None, None]
    assert sorted(tries.values()) == [1, 2]
    patient.dispose()


CHILD = """
import os, sys, threading
from datetime import UTC, datetime
from functools import partial
from sqlalchemy import event
from tests.xapi.builders import principal, statement
from xapi import Writer, open_engine, record
engine = open_engine(sys.argv[1])
writer = Writer(engine)
answered = threading.Semaphore(0)

def write(start):
    for number in range(start, start + 1000):
        record(writer, principal(), [statement(id=number)], lambda conn, stored: None, datetime.now(UTC))
        os.write(1, f"{number}\\n".encode())

for start in range(0, 8000, 1000):
    threading.Thread(target=write, args=(start,), daemon=True).start()
threading.Event().wait()
"""


def test_kill_9_loses_nothing_that_was_acknowledged(database_url: str, engine: Engine) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, database_url], stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ}
    )
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(60)]
    child.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in child.stdout.read().split(b"\n") if line.strip()]
    child.stdout.close()
    assert child.wait(60) == -signal.SIGKILL
    assert set(acknowledged) <= set(numbers(engine))
    # The database is whole: the next writer goes on where the last one fell.
    keep(Writer(engine), 9999)
    assert numbers(engine)[-1] == 9999
    assert len(acknowledged) >= 60


def test_a_fork_leaves_the_parents_queue_behind(sqlite_engine: Engine) -> None:
    writer = Writer(sqlite_engine)
    keep(writer, 1)
    writer._led = True  # as if another thread of the parent led at the moment of the fork
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # a child that waits for the parent's leader would wait for ever
        try:
            keep(writer, 2)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert numbers(sqlite_engine) == [1, 2]
