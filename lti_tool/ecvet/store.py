"""Imported programmes, every version kept, and the acts of people on units.

A programme is kept as the texts it was read from: an award names the version it was made under, and that version can be
read again for as long as the award stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, insert, metadata
from lti_tool.ecvet.programme import Programme, read
from lti_tool.people.enrolments import enrolments
from xapi.prepared import Prepared

programmes = sa.Table(
    "programmes",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("version", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),  # of the file that begins it, a key of `texts`
    sa.Column("texts", JSONText, nullable=False),
    sa.Column("imported_at", UTCDateTime, nullable=False),
    sa.Column("current", sa.Boolean, nullable=False),
)
decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("actor_key", sa.String, nullable=False),  # the learner, by one of their accounts
    sa.Column("programme", sa.String, nullable=False),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("unit", sa.String, nullable=False),
    sa.Column("outcomes", JSONText),  # None: the unit as a whole
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("result", sa.String),
    sa.Column("reason", sa.String, nullable=False, server_default=""),
    sa.Column("by_key", sa.String, nullable=False),
    sa.Column("by_name", sa.String, nullable=False),  # as it was on that day: the record must stay readable
    sa.Column("institution", sa.String),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("supersedes", sa.String(36)),
    sa.Index("ix_decisions_actor_key", "actor_key"),
    sa.Index("ix_decisions_programme", "programme", "unit"),
)


@dataclass(frozen=True, slots=True)
class Version:
    """An imported version of a programme. `current`: who begins now gets it. `learners`: accounts that are on it."""

    version: str
    imported_at: datetime
    current: bool
    learners: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    programme: Programme
    new: bool
    """False where just this version was there already."""


def import_programme(conn: Connection, name: str, texts: Mapping[str, str], now: datetime) -> Imported:
    """The programme that `texts[name]` begins is there and is the current version of its id.

    Raises ProgrammeInvalid. Older versions stay, for the awards and learners that name them.
    """
    programme = read(name, texts)
    done = conn.execute(
        insert(conn, programmes)
        .values(
            id=programme.id,
            version=programme.version,
            name=name,
            texts=dict(texts),
            imported_at=now,
            current=True,
        )
        .on_conflict_do_nothing(index_elements=["id", "version"])
        .returning(programmes.c.version)  # the row count of an INSERT is not told on every database
    )
    new = done.one_or_none() is not None
    conn.execute(
        programmes.update()
        .where(programmes.c.id == programme.id)
        .values(current=programmes.c.version == programme.version)
    )
    return Imported(programme, new)


def current(conn: Connection) -> tuple[Programme, ...]:
    """The current version of every programme, by id."""
    return tuple(_known(conn, row.id, row.version) for row in _CURRENT.rows(conn))


def versions_of(conn: Connection, id: str) -> tuple[Version, ...]:
    """All versions of a programme, the newest import first."""
    on_it = (
        sa.select(sa.func.count())
        .select_from(enrolments)
        .where(
            enrolments.c.programme == programmes.c.id,
            enrolments.c.version == programmes.c.version,
            enrolments.c.left_at.is_(None),
        )
        .scalar_subquery()
    )
    rows = conn.execute(
        sa.select(programmes.c.version, programmes.c.imported_at, programmes.c.current, on_it.label("learners"))
        .where(programmes.c.id == id)
        .order_by(programmes.c.imported_at.desc(), programmes.c.version)
    )
    return tuple(Version(row.version, row.imported_at, row.current, row.learners) for row in rows)


def get(conn: Connection, id: str, version: str | None = None) -> Programme | None:
    """The programme in this version (the current one where none is named); None where it was never imported."""
    query = sa.select(programmes.c.version).where(programmes.c.id == id)
    query = query.where(programmes.c.current) if version is None else query.where(programmes.c.version == version)
    found = conn.scalar(query)
    return None if found is None else _known(conn, id, found)


_CURRENT = Prepared(
    sa.select(programmes.c.id, programmes.c.version).where(programmes.c.current).order_by(programmes.c.id)
)

# A version never changes, so what was read of it once is right for the life of the process.
_read: dict[tuple[str, str], Programme] = {}
_MOST_READ = 64


def _known(conn: Connection, id: str, version: str) -> Programme:
    found = _read.get((id, version))
    if found is None:
        row = conn.execute(
            sa.select(programmes.c.name, programmes.c.texts).where(
                programmes.c.id == id, programmes.c.version == version
            )
        ).one()
        found = read(row.name, row.texts)
        if len(_read) >= _MOST_READ:
            _read.clear()
        _read[(id, version)] = found
    return found


def add_decision(conn: Connection, **columns: Any) -> None:
    """The act is recorded. Acts are never changed or removed: a new one reverses an older."""
    conn.execute(decisions.insert().values(**columns))


def decisions_of(conn: Connection, keys: Collection[str], programme: str | None = None) -> list[sa.Row[Any]]:
    """The acts on a learner's units, oldest first; rows with the columns of `decisions`."""
    query = sa.select(decisions).where(decisions.c.actor_key.in_(keys)).order_by(decisions.c.at, decisions.c.id)
    if programme is not None:
        query = query.where(decisions.c.programme == programme)
    return list(conn.execute(query))
