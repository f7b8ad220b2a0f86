"""Writes that share a commit.

On SQLite one writer at a time is all there is, and the flush of a commit costs more than the writing. So whoever comes
first leads: it opens the transaction, runs the work of all that wait, each in a SAVEPOINT of its own, commits once, and
only then does each caller get its own result or error. There is no thread of its own: a fork leaves nothing behind.

PostgreSQL has many writers and groups their flushes by itself: there each work is one transaction.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection, Engine

from xapi.database import lost_race, writing
from xapi.errors import Busy

T = TypeVar("T")

_ATTEMPTS = 3


class _Ticket(Generic[T]):
    """One caller's work, and what became of it. `turn` is set when it is done, or when this caller is to lead."""

    __slots__ = ("context", "error", "finished", "result", "turn", "work")

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self.work = work
        # Another caller's thread may run it: there, too, it must see the request (or whatever else is held in context
        # variables) of its own caller, never that of the leader.
        self.context = copy_context()
        self.turn = threading.Event()
        self.finished = False
        self.result: T | None = None
        self.error: BaseException | None = None

    def finish(self, result: T | None = None, error: BaseException | None = None) -> None:
        self.result, self.error, self.finished = result, error, True

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return cast("T", self.result)


class Writer:
    """Runs writing work, many callers at a time; at most `bound` of them wait, the next ones get Busy at once.

    `grouped`: whether they share commits; by default on SQLite only.
    """

    def __init__(self, engine: Engine, bound: int = 256, grouped: bool | None = None) -> None:
        self.engine = engine
        self._bound = bound
        self.grouped = engine.dialect.name == "sqlite" if grouped is None else grouped
        self._reset()
        remembered = weakref.ref(self)

        def forget_the_parents_callers() -> None:
            if (mine := remembered()) is not None:
                mine._reset()

        os.register_at_fork(after_in_child=forget_the_parents_callers)

    def _reset(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[_Ticket[Any]] = deque()
        self._led = False
        self._slots = threading.BoundedSemaphore(self._bound)
        self._inside = threading.local()

    def run(self, work: Callable[[Connection], T]) -> T:
        """`work`'s result, after its changes were committed; or its error, with nothing of it changed.

        Works are run in the order in which they came. Raises Busy where too many wait or the database is locked for
        longer than it waits. On PostgreSQL a work that loses a deadlock is run again: its only effects must be on the
        connection. Work must not commit, nor call `run` itself (RuntimeError).
        """
        if getattr(self._inside, "working", False):
            raise RuntimeError("Writer.run inside of Writer.run: the inner work would wait for the outer one for ever")
        return self._run_grouped(work) if self.grouped else self._run_alone(work)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """A place among those who may write at once; Busy where too many do. For work that shares no commit."""
        if not self._slots.acquire(blocking=False):
            raise Busy()
        self._inside.working = True
        try:
            yield
        finally:
            self._inside.working = False
            self._slots.release()

    def _run_alone(self, work: Callable[[Connection], T]) -> T:
        with self.slot():
            for attempt in range(_ATTEMPTS):
                try:
                    with writing(self.engine) as conn:
                        return work(conn)
                except Busy as error:
                    if attempt + 1 == _ATTEMPTS or not lost_race(error.__cause__):
                        raise
            raise Busy()

    def _run_grouped(self, work: Callable[[Connection], T]) -> T:
        ticket = _Ticket(work)
        with self._mutex:
            if len(self._waiting) >= self._bound:
                raise Busy()
            self._waiting.append(ticket)
            leads = not self._led
            self._led = True
        if not leads:
            ticket.turn.wait()
        if not ticket.finished:
            self._lead(ticket)
        return ticket.outcome()

    def _lead(self, own: _Ticket[Any]) -> None:
        group: list[_Ticket[Any]] = []
        self._inside.working = True
        try:
            with writing(self.engine) as conn:
                # Taken only now: whoever came while this waited for the lock is in the same commit.
                group = self._take()
                # Who is alone needs no SAVEPOINT: its error undoes the whole transaction, and is told below.
                alone = len(group) == 1
                outcomes = [(own.work(conn), None)] if alone else [_attempt(conn, ticket) for ticket in group]
            for ticket, (result, error) in zip(group, outcomes, strict=True):
                ticket.finish(result, error)
        except BaseException as error:
            # The commit (or BEGIN) failed, so nothing of the whole group is there: each caller must hear of it.
            group = group or self._take()
            for ticket in group:
                ticket.finish(error=error if ticket is own or isinstance(error, Exception) else Busy())
            if not isinstance(error, Exception):
                raise
        finally:
            self._inside.working = False
            self._hand_over(group, own)

    def _take(self) -> list[_Ticket[Any]]:
        with self._mutex:
            group = list(self._waiting)
            self._waiting.clear()
        return group

    def _hand_over(self, group: list[_Ticket[Any]], own: _Ticket[Any]) -> None:
        with self._mutex:
            following = self._waiting[0] if self._waiting else None
            self._led = following is not None
        if following is not None:
            following.turn.set()
        for ticket in group:
            if ticket is not own:
                ticket.turn.set()


def _attempt(conn: Connection, ticket: _Ticket[T]) -> tuple[T | None, BaseException | None]:
    savepoint = conn.begin_nested()
    try:
        result = ticket.context.run(ticket.work, conn)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is for this caller alone; the others must go on
        savepoint.rollback()
        return None, error
    savepoint.commit()
    return result, None
