"""What one act did to rows, so that it can be taken back: exactly, and without touching what came after it.

Each row that the act makes or changes is written down as it was and as it is then. Taking back goes through the book
from its end: a row that was made is deleted, and a row that was changed gets its old values, unless somebody has
changed it since or other rows rest on it. Such rows stay as they are: they tell of something that happened afterwards.

Tables are named, so rows of any feature can be in one book. Every function takes a Connection and never commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, metadata

journal_entries = sa.Table(
    "journal_entries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("book", sa.String(64), nullable=False),
    sa.Column("table_name", sa.String(64), nullable=False),
    sa.Column("row_key", JSONText, nullable=False),
    sa.Column("before", JSONText),  # None: the act made the row
    sa.Column("after", JSONText, nullable=False),
    sa.Index("ix_journal_entries_book", "book", "id"),
)

SOME: Final = 400
"""Rows of one statement: SQLite takes a limited number of values."""


@dataclass(frozen=True, slots=True)
class Undone:
    """How many rows were taken back, and how many stayed because something happened to them since."""

    back: int
    stayed: int


def insert(conn: Connection, book: str, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> list[sa.Row[Any]]:
    """These rows are in the table and in the book; as they are now, in the order given. All name the same columns."""
    made: list[sa.Row[Any]] = []
    for start in range(0, len(rows), SOME):
        some = [dict(row) for row in rows[start : start + SOME]]
        done = conn.execute(table.insert().returning(*table.c, sort_by_parameter_order=True), some).all()
        _note(conn, [(book, table, row, None, dict(row._mapping)) for row in done])
        made += done
    return made


def update(
    conn: Connection, book: str, table: sa.Table, changes: Sequence[tuple[sa.Row[Any], Mapping[str, Any]]]
) -> None:
    """These rows (read with all columns, in this transaction) have the values, which are no SQL; the book tells the old
    ones. All changes name the same columns."""
    if not changes:
        return
    keys = [column.name for column in table.primary_key]
    names = list(changes[0][1])
    where = sa.and_(*(table.c[name] == sa.bindparam(f"key_{name}") for name in keys))
    conn.execute(
        table.update().where(where).values({name: sa.bindparam(f"new_{name}") for name in names}),
        [
            {f"key_{name}": getattr(row, name) for name in keys} | {f"new_{name}": values[name] for name in names}
            for row, values in changes
        ],
    )
    _note(
        conn,
        [(book, table, row, {name: getattr(row, name) for name in names}, dict(values)) for row, values in changes],
    )


def _note(
    conn: Connection,
    entries: Sequence[tuple[str, sa.Table, sa.Row[Any], Mapping[str, Any] | None, Mapping[str, Any]]],
) -> None:
    if entries:
        conn.execute(
            journal_entries.insert(),
            [
                {
                    "book": book,
                    "table_name": table.name,
                    "row_key": _plain({column.name: getattr(row, column.name) for column in table.primary_key}),
                    "before": None if before is None else _plain(before),
                    "after": _plain(after),
                }
                for book, table, row, before, after in entries
            ],
        )


def undo(conn: Connection, book: str) -> Undone:
    """What the book tells was taken back, as far as nothing rests on it by now; the book is closed (empty)."""
    back = stayed = 0
    rows = conn.execute(
        sa.select(journal_entries).where(journal_entries.c.book == book).order_by(journal_entries.c.id.desc())
    )
    # Rows of one table that were made (or changed) one after the other are taken back together: nothing in between
    # rests on them.
    for (name, columns), group in groupby(rows.all(), key=_alike):
        entries = list(group)
        for start in range(0, len(entries), SOME):
            done = _take_back(conn, metadata.tables[name], entries[start : start + SOME], made=columns is None)
            back, stayed = back + done.back, stayed + done.stayed
    conn.execute(journal_entries.delete().where(journal_entries.c.book == book))
    return Undone(back, stayed)


def _alike(entry: sa.Row[Any]) -> tuple[str, tuple[str, ...] | None]:
    """The table, and the columns that were changed; None where the row was made."""
    return entry.table_name, None if entry.before is None else tuple(sorted(entry.before))


def _take_back(conn: Connection, table: sa.Table, entries: Sequence[sa.Row[Any]], *, made: bool) -> Undone:
    names = [str(column.name) for column in table.primary_key]
    keys = {entry.id: tuple(_read(table, entry.row_key)[name] for name in names) for entry in entries}
    query = sa.select(table).where(_among(table, names, list(keys.values()))).with_for_update()
    there = {tuple(getattr(row, name) for name in names): row for row in conn.execute(query)}
    same = [
        entry
        for entry in entries
        if (now := there.get(keys[entry.id])) is not None
        and all(getattr(now, name) == value for name, value in _read(table, entry.after).items())
    ]
    if made:
        rested = _rested_on(conn, table, [there[keys[entry.id]] for entry in same])
        same = [entry for entry in same if keys[entry.id] not in rested]
        if same:
            conn.execute(table.delete().where(_among(table, names, [keys[entry.id] for entry in same])))
    else:
        _restore(conn, table, names, [(keys[entry.id], _read(table, entry.before)) for entry in same])
    return Undone(len(same), len([one for one in keys.values() if one in there]) - len(same))


def _restore(
    conn: Connection, table: sa.Table, names: Sequence[str], rows: Sequence[tuple[tuple[Any, ...], Mapping[str, Any]]]
) -> None:
    if not rows:
        return
    changed = list(rows[0][1])
    where = sa.and_(*(table.c[name] == sa.bindparam(f"key_{name}") for name in names))
    conn.execute(
        table.update().where(where).values({name: sa.bindparam(f"old_{name}") for name in changed}),
        [
            {f"key_{name}": value for name, value in zip(names, key, strict=True)}
            | {f"old_{name}": before[name] for name in changed}
            for key, before in rows
        ],
    )


def _among(table: sa.Table, names: Sequence[str], values: Sequence[tuple[Any, ...]]) -> sa.ColumnElement[bool]:
    """The columns of these names have together one of these values."""
    if len(names) == 1:
        return table.c[names[0]].in_([value for (value,) in values])
    return sa.tuple_(*(table.c[name] for name in names)).in_(values)


def close(conn: Connection, book: str) -> None:
    """The book is forgotten: what it tells can't be taken back any more."""
    conn.execute(journal_entries.delete().where(journal_entries.c.book == book))


_NAMED_SO: Final[Mapping[str, Mapping[str, str]]] = {
    # Columns that name a row of another table without a foreign key: the key may outlive the row, or come before it.
    "courses": {"id": "course_id"},
    "accounts": {"actor_key": "actor_key"},
}


def _rested_on(conn: Connection, table: sa.Table, rows: Sequence[sa.Row[Any]]) -> set[tuple[Any, ...]]:
    """The primary keys of those rows that a row of another table names, by a foreign key or by a column that is called
    so."""
    own = [str(column.name) for column in table.primary_key]
    found: set[tuple[Any, ...]] = set()
    for other in metadata.sorted_tables:
        if other in (table, journal_entries):
            continue
        pairs = [
            [(str(element.column.name), str(element.parent.name)) for element in key.elements]
            for key in other.foreign_key_constraints
            if key.referred_table is table
        ]
        named = _NAMED_SO.get(table.name, {})
        pairs += [[(mine, theirs)] for mine, theirs in named.items() if theirs in other.c]
        for pair in pairs:
            values = {tuple(getattr(row, mine) for mine, _theirs in pair): row for row in rows}
            if not values:
                continue
            theirs = [name for _mine, name in pair]
            query = sa.select(*(other.c[name] for name in theirs)).where(_among(other, theirs, list(values))).distinct()
            found |= {tuple(getattr(values[tuple(row)], name) for name in own) for row in conn.execute(query)}
    return found


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(name): {"at": value.astimezone(UTC).isoformat()} if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _read(table: sa.Table, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value["at"])
        if value is not None and isinstance(table.c[name].type, UTCDateTime)
        else value
        for name, value in values.items()
    }
