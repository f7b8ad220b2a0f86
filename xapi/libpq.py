"""Statements of PostgreSQL that are prepared once on each connection and then run by libpq's one call for that.

psycopg's cursors do the same in three times the processor time; what they convert (texts to values) is left to psycopg.
A module of its own, for psycopg need not be installed where SQLite is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

from psycopg import Connection, DataError
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

_numbers = count(1)


class Statement:
    """One statement with $1, $2 …; each connection is told of it when it first runs there. Threads may share it."""

    __slots__ = ("_name", "_text")

    def __init__(self, text: str) -> None:
        self._text = text.encode()
        self._name = b"xapi_%d" % next(_numbers)

    def run(
        self, connection: Connection[Any], told: set[bytes], values: Sequence[object]
    ) -> tuple[Sequence[Sequence[Any]], int]:
        """The rows it returned, and how many it changed or returned. `told` is kept with the connection."""
        if self._name not in told:
            _good(connection.pgconn.prepare(self._name, self._text))
            told.add(self._name)
        written: Any = [_written(value) for value in values]  # psycopg's types leave out that None is NULL
        result = _good(connection.pgconn.exec_prepared(self._name, written))
        rows: Sequence[Sequence[Any]] = ()
        if result.ntuples:
            reader = Transformer(connection)
            reader.set_pgresult(result)
            rows = reader.load_rows(0, result.ntuples, tuple)
        return rows, result.command_tuples or 0


def command(connection: Connection[Any], text: str) -> None:
    """A statement without values or rows, such as BEGIN, is done."""
    _good(connection.pgconn.exec_(text.encode()))


def _good(result: PGresult) -> PGresult:
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return result
    raise error_from_result(result)


def _written(value: object) -> bytes | None:
    """A value as PostgreSQL reads it; the statement says of which type it is (`$1::VARCHAR`)."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value.encode()
        if b"\0" in text:  # libpq would take it for the end
            raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        return text
    if isinstance(value, bool | int):
        return b"%d" % value
    if isinstance(value, datetime):
        return value.isoformat().encode()
    raise TypeError(f"a prepared statement can't be given a {type(value).__name__}")
