"""Statements through the writer: the one path of all statements, by HTTP or issued by the server itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from xapi.access import Principal
from xapi.statement import V2
from xapi.store import Added, Stored, add_admitted, admit
from xapi.writer import Writer

OnStored = Callable[[Connection, tuple[Stored, ...]], None]
"""Called with what is new, inside the same transaction: where it raises, nothing is stored."""


def record(
    writer: Writer,
    principal: Principal,
    statements: Sequence[Mapping[str, Any]],
    on_stored: OnStored,
    now: datetime,
    version: str = V2,
) -> Added:
    """The statements are stored and `on_stored` was told of the new ones, both in one commit, or nothing happened.

    Raises what `store.add` raises, and Busy. They are checked before the database is locked.
    """
    admit(principal, statements, version)

    def work(conn: Connection) -> Added:
        added = add_admitted(conn, principal, statements, now, version)
        if added.stored:
            on_stored(conn, added.stored)
        return added

    return writer.run(work)
