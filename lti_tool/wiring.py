"""What every feature is handed by the one place that wires (`app.create_app`, or a command)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine

from lti_tool.calls import Note, noter, quiet
from lti_tool.db import open_engine
from lti_tool.settings import Settings
from xapi.writer import Writer


def utc_now() -> datetime:
    """The present time, aware, in UTC."""
    return datetime.now(UTC)


Lapsed = Callable[[Connection, Collection[str]], None]
"""Told, inside a transaction, of persons for whom evidence has run out, or begun to count, by the time alone."""


def _nobody_asks(conn: Connection, persons: Collection[str]) -> None:
    """Where nothing hangs on it."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """The parts that are made once for a process: settings, the database, its one writer, the clock, the log."""

    settings: Settings
    engine: Engine
    writer: Writer
    clock: Callable[[], datetime] = field(default=utc_now)
    note: Note = field(default=quiet)
    """Told of every call to a platform and of every refused launch, afterwards and outside of any transaction."""
    lapsed: Lapsed = field(default=_nobody_asks)

    @property
    def authority(self) -> dict[str, object]:
        """The authority of the statements that this tool itself issues: the only ones that grade and demonstrate."""
        return {"objectType": "Agent", "account": {"homePage": self.settings.base_url, "name": "lti-tool"}}

    @classmethod
    def open(cls, settings: Settings, clock: Callable[[], datetime] = utc_now, lapsed: Lapsed = _nobody_asks) -> Wiring:
        """The wiring of a process on the database of `settings`; nothing is read or written yet."""
        engine = open_engine(settings.database_url)
        writer = Writer(engine)
        return cls(settings, engine, writer, clock, noter(writer, clock), lapsed)
