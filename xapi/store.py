"""Statements into the store and out of it. A Connection comes in; nothing here commits.

The document is kept whole; what can be asked for is derived once, when it is written (`derive`).

Order: whoever adds statements holds the one row of `xapi_head` until the commit. So positions and `stored` rise in the
order of the commits, `stored` never repeats, and whoever follows either one never skips a statement. Take other row
locks after `add`, not before it, or two transactions may wait for each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, func, select, update

from xapi.access import Principal
from xapi.database import insert
from xapi.definitions import define
from xapi.derive import Derived, derive
from xapi.errors import BadRequest, Conflict, Forbidden, InvalidStatement
from xapi.finding import Bounds, Filter, Page, find, get, get_voided, live, live_many
from xapi.scalars import write_time
from xapi.statement import V2, complete, same, validate
from xapi.tables import head, statement_activities, statement_agents, statements

__all__ = [
    "Added",
    "Bounds",
    "Filter",
    "Page",
    "Stored",
    "add",
    "add_admitted",
    "admit",
    "find",
    "get",
    "get_voided",
    "last_stored",
    "live",
    "live_many",
]

_TICK = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stored:
    """A statement as it was stored. `voided` is the statement that this one voided, if it is there."""

    id: str
    statement: Mapping[str, Any]
    voided: Stored | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """`ids` of all statements, in the order they were given; `stored`: those that were not there before."""

    ids: tuple[str, ...]
    stored: tuple[Stored, ...]


def add(
    conn: Connection,
    principal: Principal,
    statements: Sequence[Mapping[str, Any]],
    now: datetime,
    version: str = V2,
) -> Added:
    """All statements are stored, under the principal's authority, or none where it raises (the caller rolls back).

    Raises InvalidStatement; Forbidden where the principal may not write one of them; Conflict where an id is taken by
    another statement. A statement that is there already is left as it is (xAPI 1.0.3, communication part, 2.1.1).
    `stored` is `now`, or a microsecond after the last one where that is later.
    """
    admit(principal, statements, version)
    return add_admitted(conn, principal, statements, now, version)


def admit(principal: Principal, statements: Sequence[Mapping[str, Any]], version: str = V2, path: str = "$") -> None:
    """Returns where the principal may write these statements and all are valid. Needs no database.

    Raises InvalidStatement, Forbidden, or BadRequest where an id comes twice.
    """
    principal.demand("statements/write")
    seen: set[str] = set()
    for index, statement in enumerate(statements):
        here = f"{path}[{index}]" if len(statements) > 1 else path
        validate(statement, version, here)
        principal.check_statement(statement, here)
        if "id" in statement:
            key = statement["id"].lower()
            if key in seen:
                raise BadRequest("Two statements of a batch have the same id.", path=f"{here}.id", rule="distinct-ids")
            seen.add(key)


def add_admitted(
    conn: Connection,
    principal: Principal,
    given: Sequence[Mapping[str, Any]],
    now: datetime,
    version: str = V2,
    new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
) -> Added:
    """What `add` does, for statements that `admit` let through."""
    if not given:
        return Added((), ())
    position, last = _take_head(conn)
    start = max(now.astimezone(UTC), last + _TICK)
    wholes = [
        complete(one, principal.authority, write_time(start + index * _TICK), new_id, version)
        for index, one in enumerate(given)
    ]
    parts = [derive(whole) for whole in wholes]
    rows = [
        _row(principal, whole, part, position + 1 + index, start + index * _TICK)
        for index, (whole, part) in enumerate(zip(wholes, parts, strict=True))
    ]
    upsert = insert(conn, statements).on_conflict_do_nothing(index_elements=["id"])
    result = conn.execute(upsert, rows, execution_options={"preserve_rowcount": True})
    there = {} if result.rowcount == len(rows) else _already_there(conn, rows)
    for whole, part in zip(wholes, parts, strict=True):
        if part.id in there and not same(orjson.loads(there[part.id]), whole, version):
            raise Conflict(f"Another statement has the id {part.id}.", rule="id-taken")
    ids = tuple(str(whole["id"]) for whole in wholes)
    new = [index for index, part in enumerate(parts) if part.id not in there]
    if not new:
        return Added(ids, ())
    conn.execute(update(head).values(position=rows[-1]["position"], stored=rows[-1]["stored"]))
    _relate(conn, [(rows[index]["position"], parts[index]) for index in new])
    if principal.defines:
        define(conn, [pair for index in new for pair in parts[index].definitions], now)
    voided = _void(conn, principal, [parts[index] for index in new])
    stored = tuple(Stored(ids[index], wholes[index], voided.get(parts[index].voids or "")) for index in new)
    return Added(ids, stored)


def last_stored(conn: Connection) -> datetime | None:
    """The `stored` of the newest statement, None in an empty store. This transaction sees all that is older."""
    return conn.execute(select(func.max(head.c.stored))).scalar()


def _take_head(conn: Connection) -> tuple[int, datetime]:
    row = conn.execute(select(head.c.position, head.c.stored).with_for_update()).first()
    if row is None:
        first = {"id": 1, "position": 0, "stored": _EPOCH}
        conn.execute(insert(conn, head).on_conflict_do_nothing(index_elements=["id"]), first)
        row = conn.execute(select(head.c.position, head.c.stored).with_for_update()).one()
    return row.position, row.stored


def _row(
    principal: Principal, whole: Mapping[str, Any], part: Derived, position: int, stored: datetime
) -> dict[str, Any]:
    try:
        document = orjson.dumps(whole).decode()
    except orjson.JSONEncodeError as error:
        # Nested deeper than can be written again, or (from Python) a number or text that JSON can't hold.
        raise InvalidStatement(f"This can't be stored: {error}.", path="$", rule="storable") from error
    return {
        "position": position,
        "id": part.id,
        "stored": stored,
        "timestamp": part.timestamp,
        "verb": part.verb,
        "actor": part.actor,
        "object": part.object,
        "registration": part.registration,
        "authority": part.authority,
        "version": whole["version"],
        "voids": part.voids,
        "voids_any": part.voids is not None and principal.voids_any,
        "refers": part.refers,
        "document": document,
    }


def _already_there(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    ours = {row["id"]: row["position"] for row in rows}
    there = {}
    for some in _chunks(list(ours)):
        found = select(statements.c.id, statements.c.position, statements.c.document).where(statements.c.id.in_(some))
        for row in conn.execute(found):
            if row.position != ours[row.id]:
                there[row.id] = row.document
    return there


def _relate(conn: Connection, new: Sequence[tuple[int, Derived]]) -> None:
    agents = [
        {"agent": key, "position": position, "direct": direct}
        for position, part in new
        for key, direct in part.agents.items()
    ]
    conn.execute(statement_agents.insert(), agents)
    activities = [
        {"activity": key, "position": position, "direct": direct}
        for position, part in new
        for key, direct in part.activities.items()
    ]
    if activities:
        conn.execute(statement_activities.insert(), activities)


def _void(conn: Connection, principal: Principal, new: Sequence[Derived]) -> dict[str, Stored]:
    """Marks what the new statements void, and those of them that were voided before they came; returns the former.

    A voiding statement is never voided; an unknown target is remembered by `voids` (xAPI 1.0.3, data part, 2.3.2). Only
    who has the scope "all" voids what another authority wrote.
    """
    voided: dict[str, Stored] = {}
    s = statements
    for some in _chunks([part.voids for part in new if part.voids is not None]):
        for row in conn.execute(
            select(s.c.id, s.c.authority, s.c.document).where(s.c.id.in_(some), s.c.voids.is_(None))
        ):
            if not principal.voids_any and row.authority != new[0].authority:
                raise Forbidden("This principal may void only its own statements.", rule="void-own")
            voided[row.id] = Stored(row.id, orjson.loads(row.document))
    marked = set(voided)
    by_id = {part.id: part for part in new if part.voids is None}
    for some in _chunks(list(by_id)):
        for row in conn.execute(select(s.c.voids, s.c.authority, s.c.voids_any).where(s.c.voids.in_(some))):
            if row.voids_any or row.authority == by_id[row.voids].authority:
                marked.add(row.voids)
    for some in _chunks(sorted(marked)):
        conn.execute(update(s).where(s.c.id.in_(some)).values(voided=True))
    return voided


def _chunks(items: Collection[str], size: int = 500) -> list[list[str]]:
    rest = list(items)
    return [rest[start : start + size] for start in range(0, len(rest), size)]
