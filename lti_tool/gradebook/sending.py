"""One score told to its platform, and the answer understood: with a look at the result or for the column if needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from lti_tool.gradebook import columns, store
from lti_tool.gradebook.ags import Gradebook, NotReadable, Trouble
from lti_tool.gradebook.answers import Verdict
from lti_tool.gradebook.score import Score
from lti_tool.gradebook.store import Delivery, Outcome
from lti_tool.wiring import Wiring

LOCK_TRIES: Final = 3
"""Faults of the platform on one grade, all else going well, after which the grade is taken to be locked there."""
BUSY_WAIT: Final = timedelta(seconds=2)
PROTECTS_GRADES: Final = frozenset({"moodle"})
"""Platforms on which a grade that a teacher has typed in stays whatever a tool sends.

They take the score all the same, for the day on which the teacher lifts the own grade: only the result tells.
"""


def changed_by_hand(book: Gradebook, row: Delivery, last: Score) -> bool:
    """Whether the platform holds another grade than the one that we told it last: somebody typed it in, and it stays.

    Where the platform itself looks after that, or can't be asked, no.
    """
    if _protects(book):
        return False
    try:
        held = book.result(row.item, row.user_id)
    except (NotReadable, Trouble):
        return False
    return held is not None and not held.says(last)


def send(wiring: Wiring, book: Gradebook, row: Delivery, score: Score, worker: str) -> Outcome | tuple[Verdict, str]:
    """What came of it; the verdict and the platform's words where the same message is to be sent again later.

    Raises Trouble where a further question, of the result or the column, met a platform in trouble.
    """
    verdict, detail = book.post(row.item, score, row.user_id)
    if verdict.kind == "sent":
        return _taken(book, row, score)
    if verdict.kind == "gone":
        return _column(wiring, book, row, worker, detail)
    if verdict.kind in ("later_grade", "doubt"):
        return _held(book, row, score, verdict, detail)
    if verdict.kind == "stop":
        return store.refused(row, verdict.code, detail)
    if verdict.kind == "locked" and row.attempts + 1 >= LOCK_TRIES:
        return _locked(book, row, score, verdict, detail)
    return verdict, detail


def _protects(book: Gradebook) -> bool:
    return book.registration.product.lower() in PROTECTS_GRADES


def _taken(book: Gradebook, row: Delivery, score: Score) -> Outcome:
    """The platform took the score; whether it counts there, or a teacher's own grade before it, the result tells."""
    if not _protects(book):
        return store.done(row, "sent")
    try:
        held = book.result(row.item, row.user_id)
    except (NotReadable, Trouble):
        return store.done(row, "sent")  # it was taken, and nobody can say more
    if held is None:  # the activity's grade was set to "None" there: what is sent shows nowhere
        return store.done(row, "none", "GRADE-NO-COLUMN")
    return store.done(row, "sent") if held.came_of(score) else store.done(row, "kept", "GRADE-LATER")


def _held(book: Gradebook, row: Delivery, score: Score, verdict: Verdict, detail: str) -> Outcome:
    """The platform refused the score for its time: was it ours, before a crash, or has a teacher graded since?"""
    repeat = not row.confirmed and row.last == score
    try:
        held = book.result(row.item, row.user_id)
    except NotReadable:
        # Nobody can look. A repeat of what may have arrived did arrive; anything else is a teacher's.
        return store.done(row, "sent") if repeat else store.done(row, "kept", "GRADE-LATER")
    if held is not None and (held.came_of(score) if repeat else held.says(score)):
        return store.done(row, "sent")
    if held is None and verdict.kind == "doubt":
        return store.refused(row, verdict.code, detail)
    # Theirs stays, and nothing moves the clock to win.
    return store.done(row, "kept", "GRADE-LATER")


def _locked(
    book: Gradebook, row: Delivery, score: Score, verdict: Verdict, detail: str
) -> Outcome | tuple[Verdict, str]:
    """Several faults on one grade: locked, if the platform is well enough to show the result."""
    try:
        held = book.result(row.item, row.user_id)
    except NotReadable:
        return verdict, detail
    if held is not None and held.says(score):
        return store.done(row, "sent")
    return store.refused(row, "GRADE-LOCKED", detail)


def _column(wiring: Wiring, book: Gradebook, row: Delivery, worker: str, detail: str) -> Outcome:
    """The platform has no such column, or no such learner."""
    sought = columns.recover(wiring, book, row.item, worker)
    now = wiring.clock()
    if sought.kind == "busy":
        return store.later(row, "GRADE-COLUMN-GONE", "another worker looks for it", now + BUSY_WAIT, blamed=False)
    if sought.kind == "found":
        # At once, to the address that is known now; a platform that shows a column and takes no score gets no storm.
        pause = timedelta(0) if row.attempts == 0 else store.pause(row.attempts, 0.5)
        if row.attempts + 1 >= store.ATTEMPTS:
            return store.refused(row, "GRADE-COLUMN-GONE", detail)
        return store.later(row, "GRADE-COLUMN-GONE", detail, now + pause)
    if sought.kind == "none":
        return store.done(row, "none", sought.code)
    return store.refused(row, sought.code, f"{detail} ({sought.detail})" if sought.detail else detail)
