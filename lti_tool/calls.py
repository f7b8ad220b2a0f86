"""The log of service calls and refused launches that administrators read: asked, answered, how long it took.

It holds addresses without their queries, codes and ids: no tokens, no names, no texts of answers. Launches that were
let in are not written here a second time: `launches` has them, and the page shows both.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, metadata
from xapi.writer import Writer

Kind = Literal["launch", "token", "score", "result", "lineitems", "roster", "keys", "registration"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
KEEP: Final = timedelta(days=30)
STRANGERS: Final = 60
"""Rows a minute and process at most for what comes from no LMS that we know: anybody can send nonsense."""
UNREACHABLE: Final = "UNREACHABLE"
"""The code of a call that got no answer."""

service_calls = sa.Table(
    "service_calls",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("platform_id", sa.Integer),  # None: from nobody that we know
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("what", sa.String(300), nullable=False),
    sa.Column("status", sa.Integer),  # HTTP; None: there was no answer
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    sa.Column("course_id", sa.Integer),
    sa.Column("user_id", sa.String(255)),
    sa.Index("ix_service_calls_at", "at"),
    sa.Index("ix_service_calls_platform_id", "platform_id", "at"),
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the log. `what` is method and address; its query is dropped, for tokens may be there."""

    kind: Kind
    what: str
    platform: int | None
    status: int | None
    code: str
    """Empty where all went well; else a code of ours, an OAuth error, or UNREACHABLE."""
    milliseconds: int
    course: int | None = None
    user: str | None = None


Note = Callable[[Call], None]


def quiet(call: Call) -> None:
    """Keeps nothing: for tests, and for commands that make no calls."""


def noter(writer: Writer, clock: Callable[[], datetime]) -> Note:
    """Writes each call to the log in a transaction of its own; what keeps it from that is never the call's problem."""
    strangers = _Allowance(STRANGERS)

    def note(call: Call) -> None:
        now = clock()
        if call.platform is None and not strangers.take(now):
            return
        try:
            writer.run(lambda conn: add(conn, call, now))
        except Exception:  # a log that is full or locked must not lose a grade or a launch
            log.warning("a call of kind %s could not be logged", call.kind, exc_info=True)

    return note


def add(conn: Connection, call: Call, now: datetime) -> None:
    """The call is in the log."""
    conn.execute(
        sa.insert(service_calls).values(
            at=now,
            platform_id=call.platform,
            kind=call.kind,
            what=shown(call.what),
            status=call.status,
            code=call.code[:64],
            milliseconds=call.milliseconds,
            course_id=call.course,
            user_id=call.user[:255] if call.user else None,
        )
    )


def purge(conn: Connection, now: datetime) -> int:
    """Lines of more than 30 days ago are gone; how many those were."""
    return conn.execute(sa.delete(service_calls).where(service_calls.c.at < now - KEEP)).rowcount


def shown(what: str) -> str:
    """Method and address as the log keeps them: without query and fragment, one line, 300 characters at most."""
    kept = what.partition("?")[0].partition("#")[0]
    return "".join(letter if letter.isprintable() else "?" for letter in kept)[:300]


class Stopwatch:
    """Milliseconds since it was made. How long a call took is no matter of the clock that tests can move."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def read(self) -> int:
        """Whole milliseconds."""
        return round((time.monotonic() - self._begun) * 1000)


class _Allowance:
    """So many in each minute. Threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._since: datetime | None = None
        self._taken = 0

    def take(self, now: datetime) -> bool:
        with self._lock:
            if self._since is None or not timedelta(0) <= now - self._since < timedelta(minutes=1):
                self._since, self._taken = now, 0
            self._taken += 1
            return self._taken <= self._most
