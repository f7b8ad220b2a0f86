"""What a platform's answer to a score means. Pure: (product, status, headers, body) -> Verdict.

The table is what Moodle, Canvas, Blackboard, Brightspace and Open edX were seen or documented to answer; where they
differ, the reading is the one that loses no grade.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal

Kind = Literal[
    "sent",  # the platform has it
    "retry",  # the same message may do later
    "locked",  # as retry, but after some tries the grade is taken to be locked
    "pause",  # not this message, the platform is in trouble: nothing is to be sent to it for a while
    "gone",  # the column is not there any more, or the learner: looking for the column tells which
    "later_grade",  # the platform holds a grade at this time or later: read it
    "doubt",  # that, or it does not take this learner: reading the result tells which
    "stop",  # no repeat will help before a person acts
]
LONGEST_RETRY_AFTER: Final = timedelta(hours=1)
OPEN_EDX: Final = frozenset({"openedx", "open edx", "edx", "open-edx"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do now, the code under which people find it, and the platform's own wish to wait."""

    kind: Kind
    code: str
    wait: timedelta | None = None


def read(status: int, headers: Mapping[str, str], body: str, now: datetime, product: str = "") -> Verdict:
    """The verdict on an answer of the score service. `headers` are looked up without regard to case.

    `product` is the platform's product family as it names itself; empty where that is not known.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    said = body.lower()
    wait = retry_after(lower.get("retry-after"), now)
    if 200 <= status < 300:
        return Verdict("sent", "GRADE-SENT")
    if status == 401:
        return Verdict("pause", "GRADE-TOKEN")  # with a new token too
    if status == 403:
        return _forbidden(said, lower, wait)
    if status in (404, 410):
        # Brightspace says "does not exist" of a learner as well.
        return Verdict("gone", "GRADE-COLUMN-GONE")
    if status == 409:
        return Verdict("later_grade", "GRADE-LATER")
    if status in (408, 425, 429, 503):
        return Verdict("pause", "GRADE-LIMIT", wait)
    if status in (400, 422):
        # Open edX answers so to a repeat and to an earlier timestamp, where others say 409.
        if status == 400 and ("timestamp" in said or product.lower() in OPEN_EDX):
            return Verdict("doubt", "GRADE-LEARNER")
        # Moodle: 400 for whoever can't be graded (teacher, guest, left the course); Canvas: 422 for its test student;
        # Blackboard: 400 "User could not be found".
        return Verdict("stop", "GRADE-LEARNER")
    if status == 500:
        # Moodle answers so where the grade, or its column, is locked.
        return Verdict("locked", "GRADE-PLATFORM-ERROR", wait)
    if status > 500:
        return Verdict("retry", "GRADE-PLATFORM-ERROR", wait)
    return Verdict("stop", "GRADE-REFUSED")


def _forbidden(said: str, headers: Mapping[str, str], wait: timedelta | None) -> Verdict:
    # Canvas throttles by 403 "Rate Limit Exceeded" and says what is left of the allowance.
    if "rate limit" in said or headers.get("x-rate-limit-remaining", "").strip().startswith(("0", "-")):
        return Verdict("pause", "GRADE-LIMIT", wait)
    # Brightspace: the learner "is not enrolled in the org unit", or has a role without "can be graded".
    if "enrol" in said or "org unit" in said:
        return Verdict("stop", "GRADE-LEARNER")
    return Verdict("stop", "GRADE-FORBIDDEN")


def retry_after(text: str | None, now: datetime) -> timedelta | None:
    """The wait that a Retry-After header asks for (seconds or a date, RFC 9110 §10.2.3), an hour at most."""
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text[:9]), int(LONGEST_RETRY_AFTER.total_seconds())))
    else:
        try:
            when = parsedate_to_datetime(text)
        except ValueError:
            return None
        wait = (when if when.tzinfo else when.replace(tzinfo=UTC)) - now
    return max(timedelta(0), min(wait, LONGEST_RETRY_AFTER))
