"""Grades out: claim what may have changed, judge, tell the platform, note what came of it.

No transaction is open while a platform is called. A worker that dies leaves a lease that runs out; the row then says
what was about to be sent, so the repeat is the same message and the platform recognises it (409).

A worker serves each platform from lanes of its own: a platform that hangs holds up its lanes and no other's. How many
lanes a platform has, over all workers, and when it is to be left alone, is agreed in the database (`pace`).
"""

from __future__ import annotations

import itertools
import logging
import random
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection

from lti_tool import calls
from lti_tool.db import reading
from lti_tool.gradebook import judging, pace, sending, store, tokens
from lti_tool.gradebook.ags import Gradebook, Trouble
from lti_tool.gradebook.answers import Verdict
from lti_tool.gradebook.score import Score, next_score
from lti_tool.gradebook.store import Delivery, Outcome
from lti_tool.launch import platforms
from lti_tool.launch.claims import Registration
from lti_tool.wiring import Wiring
from xapi.errors import Busy

log = logging.getLogger(__name__)

CONCURRENCY: Final = 8
"""Calls at once to one platform, by all workers together."""
LANES: Final = 24
"""Calls under way at once in one worker process."""
BATCH: Final = 16
"""Rows that are claimed, judged and written down together. They are sent one after the other."""
SHIFT: Final = 16
"""Batches of one platform until the lane is free for another that has fewer."""
FAULTS: Final = 3
"""Faults of a platform one after the other that are taken for one of the platform itself."""
LOOK: Final = 1.0
"""Seconds between two looks for platforms that something became due for, while others are served."""
FLUSH: Final = timedelta(seconds=1)
"""What arrived is written down at least so often."""


def worker_name() -> str:
    """A name that no other worker has."""
    return f"{socket.gethostname()}-{uuid4().hex[:8]}"


def _never() -> bool:
    return False


@dataclass(slots=True)
class Lane:
    """One line of calls to one platform: it holds a slot, and claims rows under a name of its own."""

    platform: int
    slot: int
    holder: str
    share: int
    """Rows to claim at a time, so that the other lanes have something to do too."""
    registration: Registration | None = None
    faults: int = 0
    reached: bool = False
    """The platform did what it was asked, since this was last written down."""
    halted: bool = False
    """The platform must be left alone now."""
    notes: list[calls.Call] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Worker:
    """Delivers grades until nothing is due. Any number may run, in any number of processes."""

    wiring: Wiring
    sign: tokens.Sign
    authority: dict[str, object]
    """The authority of the statements this tool itself issues: only those make a grade."""
    name: str = field(default_factory=worker_name)
    spread: Callable[[], float] = random.random
    concurrency: int = CONCURRENCY
    lanes: int = LANES
    numbers: itertools.count[int] = field(default_factory=itertools.count, repr=False)

    def run_due(self, stopping: Callable[[], bool] = _never) -> int:
        """Every row that was due was dealt with once; how many rows that were.

        Rows of platforms that ask to be left alone, or whose slots others hold, are left for later.
        """
        dealt = 0
        running: dict[Future[int], int] = {}
        with ThreadPoolExecutor(self.lanes, thread_name_prefix="grades") as pool:
            while True:
                if not stopping():
                    for lane in self._open_lanes(Counter(running.values())):
                        running[pool.submit(self._serve, lane, stopping)] = lane.platform
                if not running:
                    return dealt
                ended, _others = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
                for one in ended:
                    del running[one]
                    dealt += one.result()

    def _open_lanes(self, running: Counter[int]) -> list[Lane]:
        """New lanes where something is due, the platforms with the fewest first; each has its slot."""
        now = self.wiring.clock()
        with reading(self.wiring.engine) as conn:
            due = store.due(conn, now)
            if not due:
                return []
            known = {one.id: one for one in platforms.get_all(conn, due)}
            troubled = pace.of(conn, due)
        free = self.lanes - sum(running.values())
        wanted: list[tuple[int, int, int, int]] = []
        for platform, count in due.items():
            product = known[platform].product if platform in known else ""
            failures = troubled[platform].failures if platform in troubled else 0
            most = pace.limit(product, failures, self.concurrency)
            share = 1 if failures else max(1, min(BATCH, -(-count // most)))
            lanes = min(most - running[platform], -(-count // share))
            wanted += [(running[platform] + n, platform, most, share) for n in range(lanes)]
        asked = [(platform, most, share) for _rank, platform, most, share in sorted(wanted)[:free]]
        return self.wiring.writer.run(lambda conn: self._take(conn, asked, now)) if asked else []

    def _take(self, conn: Connection, asked: Sequence[tuple[int, int, int]], now: datetime) -> list[Lane]:
        found = []
        for platform, most, share in asked:
            holder = f"{self.name}/{next(self.numbers)}"
            slot = pace.take_slot(conn, platform, most, holder, now, store.LEASE)
            if slot is not None:
                found.append(Lane(platform, slot, holder, share))
        return found

    def _serve(self, lane: Lane, stopping: Callable[[], bool]) -> int:
        """Rows of the lane's platform were dealt with until none was due, or it has to be left alone."""
        dealt = 0
        try:
            for _batch in range(SHIFT):
                if lane.halted or stopping() or not (claimed := self._claim(lane)):
                    break
                self._judge_and_send(lane, claimed)
                dealt += len(claimed)
        finally:
            self.wiring.writer.run(lambda conn: pace.give_back(conn, lane.platform, lane.slot, lane.holder))
        return dealt

    def _claim(self, lane: Lane) -> list[Delivery]:
        now = self.wiring.clock()

        def work(conn: Connection) -> list[Delivery]:
            if not pace.keep_slot(conn, lane.platform, lane.slot, lane.holder, now + store.LEASE):
                return []
            return store.claim(conn, lane.holder, now, lane.share, lane.platform)

        return self.wiring.writer.run(work)

    def _judge_and_send(self, lane: Lane, claimed: Sequence[Delivery]) -> None:
        """Each of the rows was sent, or it is known why not."""
        now = self.wiring.clock()
        with reading(self.wiring.engine) as conn:
            lane.registration = platforms.get(conn, lane.platform)
            known = judging.read(conn, claimed, self.authority, self.wiring.settings.base_url, now)
        outcomes: list[Outcome] = []
        scores: list[tuple[Delivery, Score]] = []
        book = self._book(lane)
        leased = now
        for row in claimed:
            # Judging may ask the platform for the grade that it holds: on a slow one longer than a lease lasts.
            if self.wiring.clock() - leased >= store.LEASE / 4:
                leased = self._hold(lane, claimed)
            try:
                self._judge(lane, book, row, known, outcomes, scores)
            except Busy:
                raise  # no fault of the row: the lease runs out, and a later look deals with it
            except Exception as error:  # one row must not stop the others; it waits, and people see why
                log.exception("grade %s could not be judged", row.id)
                outcomes.append(self._fault(row, error))
        planned = self.wiring.clock()
        held = self.wiring.writer.run(lambda conn: store.plan(conn, scores, lane.holder, planned))
        self._send_all(lane, book, [pair for pair in scores if pair[0].id in held], outcomes)

    def _hold(self, lane: Lane, rows: Sequence[Delivery]) -> datetime:
        """The slot, and those of the rows that are still ours, are leased anew from the time that is returned."""
        now = self.wiring.clock()

        def work(conn: Connection) -> None:
            pace.keep_slot(conn, lane.platform, lane.slot, lane.holder, now + store.LEASE)
            store.hold(conn, [row.id for row in rows], lane.holder, now)

        self.wiring.writer.run(work)
        return now

    def _book(self, lane: Lane) -> Gradebook | None:
        """The platform's gradebook; None where the platform is switched off here."""
        if lane.registration is None or lane.registration.status != "approved":
            return None
        # Its calls go into the log together with what came of them: one transaction, not one each.
        note = self.wiring.note if self.wiring.note is calls.quiet else lane.notes.append
        return Gradebook(replace(self.wiring, note=note), lane.registration, self.sign)

    def _judge(
        self,
        lane: Lane,
        book: Gradebook | None,
        row: Delivery,
        known: judging.Known,
        outcomes: list[Outcome],
        scores: list[tuple[Delivery, Score]],
    ) -> None:
        to_send = next_score(
            known.result(row), row.item.maximum, row.last, self.wiring.clock(), confirmed=row.confirmed
        )
        if to_send is None:
            outcomes.append(store.done(row, "sent" if row.last is not None else "none"))
        elif book is None:
            outcomes.append(store.refused(row, "GRADE-PLATFORM-OFF", "the platform is not approved"))
        elif not row.item.scopes:  # a merge brought it here, and no launch has told yet where its column is
            until = self.wiring.clock() + store.MOVED_WAIT
            outcomes.append(store.later(row, store.MOVED, "not opened since the LMS moved", until, blamed=False))
        elif row.confirmed and row.last is not None and sending.changed_by_hand(book, row, row.last):
            outcomes.append(store.done(row, "kept", "GRADE-LATER"))
        else:
            scores.append((row, to_send))

    def _send_all(
        self, lane: Lane, book: Gradebook | None, scores: Sequence[tuple[Delivery, Score]], outcomes: list[Outcome]
    ) -> None:
        rest = frozenset(row.id for row, _score in scores)
        written = self.wiring.clock()
        for row, score in scores:
            now = self.wiring.clock()
            if now - written >= min(FLUSH, store.LEASE / 4):
                # The rest is leased anew; what was lost to another worker meanwhile is not sent.
                rest = self._settle(lane, outcomes, rest)
                written = now
            if row.id not in rest:
                continue
            rest -= {row.id}
            if lane.halted or book is None:
                outcomes.append(store.released(row))
                continue
            try:
                outcomes.append(self._send(lane, book, row, score))
            except Busy:
                raise  # as above
            except Exception as error:  # as above
                log.exception("grade %s could not be sent", row.id)
                outcomes.append(self._fault(row, error))
        self._settle(lane, outcomes, frozenset())

    def _send(self, lane: Lane, book: Gradebook, row: Delivery, score: Score) -> Outcome:
        """What came of sending this score. The platform's troubles are noted for all who call it."""
        try:
            sent = sending.send(self.wiring, book, row, score, lane.holder)
        except Trouble as trouble:
            return self._halt(lane, row, trouble.verdict, str(trouble))
        if isinstance(sent, Outcome):
            lane.faults, lane.reached = 0, True
            return sent
        verdict, detail = sent
        if verdict.kind == "pause":
            return self._halt(lane, row, verdict, detail)
        lane.faults += 1
        if lane.faults >= FAULTS:
            self._halt(lane, row, verdict, detail)
        pause = store.pause(row.attempts, self.spread(), wait=verdict.wait.total_seconds() if verdict.wait else None)
        return self._failed(row, verdict.code, detail, pause)

    def _failed(self, row: Delivery, problem: str, detail: str, pause: timedelta) -> Outcome:
        # What a platform answers, a page of HTML for one, stays one line in the log and in `gradebook status`.
        detail = " ".join(detail.split())
        log.warning("grade %s: %s (%s)", row.id, problem, detail)
        if row.attempts + 1 >= store.ATTEMPTS:
            return store.refused(row, problem, detail)
        return store.later(row, problem, detail, self.wiring.clock() + pause)

    def _fault(self, row: Delivery, error: Exception) -> Outcome:
        pause = store.pause(row.attempts, self.spread())
        return self._failed(row, "GRADE-FAULT", f"{type(error).__name__}: {error}", pause)

    def _halt(self, lane: Lane, row: Delivery, verdict: Verdict, detail: str) -> Outcome:
        """The platform is left alone for a while by all workers; the row waits with it and is not blamed."""
        lane.halted = True
        now, detail = self.wiring.clock(), " ".join(detail.split())

        def work(conn: Connection) -> datetime:
            before = pace.of(conn, [lane.platform]).get(lane.platform)
            failures = before.failures if before else 0
            until = now + pace.length(failures, self.spread(), verdict.code, verdict.wait)
            pace.pause(conn, lane.platform, until, verdict.code, detail, now)
            return until

        until = self.wiring.writer.run(work)
        log.warning("platform %s: %s (%s), not called until %s", lane.platform, verdict.code, detail, until)
        return store.later(row, verdict.code, detail, until, blamed=False)

    def _settle(self, lane: Lane, outcomes: list[Outcome], rest: frozenset[int]) -> frozenset[int]:
        """What came of the rows so far is written down; those of `rest` that are still ours, leased anew."""
        now = self.wiring.clock()
        works = lane.reached and not lane.halted

        def work(conn: Connection) -> frozenset[int]:
            store.settle(conn, outcomes, lane.holder, now)
            for call in lane.notes:
                calls.add(conn, call, now)
            if works:
                pace.works(conn, lane.platform, now)
            if not rest:
                return rest
            pace.keep_slot(conn, lane.platform, lane.slot, lane.holder, now + store.LEASE)
            return store.hold(conn, sorted(rest), lane.holder, now)

        kept = self.wiring.writer.run(work)
        outcomes.clear()
        lane.notes.clear()
        lane.reached = False
        return kept
