"""Seminars, and who was there: entered by the trainer, or by learners who typed the code on the trainer's screen.

Each attendance is a statement with the trainer as instructor. A row per learner keeps it from being written twice; the
statement decides whether it counts, so what was voided elsewhere is not attended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, insert, metadata
from lti_tool.ecvet.entries import Author, Spent, enter_attendance, read_spent, take_back
from lti_tool.ecvet.record import Record
from lti_tool.ecvet.terms import Programme
from lti_tool.errors import N_, BadInput, NotFound
from lti_tool.evidence.codes import fits
from lti_tool.people.roles import Action
from xapi.store import Stored, get

MAY_HOLD: Final[tuple[Action, ...]] = ("enter_attendance",)
MODE: Final = "face_to_face"
OPEN_FOR: Final = timedelta(hours=1)
"""So long a code may be typed once the trainer has opened it; the trainer can close it, or open it again."""

seminars = sa.Table(
    "seminars",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("programme", sa.String, nullable=False),
    sa.Column("unit", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.Column("hours", sa.Float, nullable=False),
    sa.Column("institution", sa.String),  # None: for learners of any
    sa.Column("trainer", JSONText, nullable=False),  # the agent who vouches for those who type the code
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("open_until", UTCDateTime),
    sa.Index("ix_seminars_programme_day", "programme", "day"),
)
attendances = sa.Table(
    "attendances",
    metadata,
    sa.Column("seminar", sa.ForeignKey("seminars.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("actor_key", sa.String, primary_key=True),
    sa.Column("statement", sa.String(36), nullable=False),
    sa.Column("how", sa.String(8), nullable=False),  # list | code
    sa.Column("at", UTCDateTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Seminar:
    """A meeting of so many hours in a unit. `trainer`: the agent who holds it."""

    id: str
    programme: str
    unit: str
    title: str
    day: date
    hours: float
    institution: str | None
    trainer: Mapping[str, Any]
    open_until: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Whether its code may be typed."""
        return self.open_until is not None and now < self.open_until

    @property
    def spent(self) -> Spent:
        return Spent(MODE, self.day, self.hours, self.title)


def read(sent: Mapping[str, str], programme: Programme, today: date) -> tuple[str, Spent]:
    """Unit and hours of a seminar from a form. Raises BadInput (ECVET-DAY, ECVET-HOURS, ECVET-TASKS), NotFound."""
    unit = sent.get("unit", "")
    if programme.unit(unit) is None:
        raise NotFound("ECVET-UNIT", N_("There is no such unit in this programme."))
    # A seminar may be prepared: its day lies ahead by a year at most.
    last = today + timedelta(days=366)
    return unit, read_spent(MODE, sent.get("day", ""), sent.get("hours", ""), sent.get("title", ""), last)


def create(
    conn: Connection,
    programme: Programme,
    unit: str,
    spent: Spent,
    institution: str | None,
    trainer: Mapping[str, Any],
    now: datetime,
) -> str:
    """The seminar stands in the list of the programme; its id."""
    id = str(uuid4())
    conn.execute(
        seminars.insert().values(
            id=id,
            programme=programme.id,
            unit=unit,
            title=spent.tasks,
            day=spent.day.isoformat(),
            hours=spent.hours,
            institution=institution,
            trainer=dict(trainer),
            created_at=now,
        )
    )
    return id


def get_seminar(conn: Connection, programme: str, id: str) -> Seminar:
    """The seminar of this programme. Raises NotFound (ECVET-SEMINAR)."""
    row = conn.execute(sa.select(seminars).where(seminars.c.id == id, seminars.c.programme == programme)).one_or_none()
    if row is None:
        raise NotFound("ECVET-SEMINAR", N_("There is no such seminar for you."), N_("Go back to the list."))
    return _seminar(row)


def of_programme(conn: Connection, programme: str) -> list[Seminar]:
    """All seminars of a programme, the latest day first."""
    rows = conn.execute(
        sa.select(seminars)
        .where(seminars.c.programme == programme)
        .order_by(seminars.c.day.desc(), seminars.c.created_at.desc(), seminars.c.id)
    )
    return [_seminar(row) for row in rows]


def upcoming(
    conn: Connection, programme: str, institution: str | None, first: date, last: date, most: int = 50
) -> list[Seminar]:
    """The seminars of these days to which a learner of this institution may go, the next one first."""
    theirs = seminars.c.institution.is_(None)
    rows = conn.execute(
        sa.select(seminars)
        .where(
            seminars.c.programme == programme,
            seminars.c.day.between(first.isoformat(), last.isoformat()),
            sa.or_(theirs, seminars.c.institution == institution) if institution else theirs,
        )
        .order_by(seminars.c.day, seminars.c.created_at, seminars.c.id)
        .limit(most)
    )
    return [_seminar(row) for row in rows]


def open_code(conn: Connection, seminar: Seminar, trainer: Mapping[str, Any], until: datetime | None) -> None:
    """Until then learners may type the code, and `trainer` vouches for them; None: nobody may."""
    values: dict[str, Any] = {"open_until": until}
    if until is not None:
        values["trainer"] = dict(trainer)
    conn.execute(seminars.update().where(seminars.c.id == seminar.id).values(**values))


def present(conn: Connection, seminar: Seminar) -> dict[str, tuple[str, str]]:
    """Who was there: statement and how it was entered, by actor key. What was voided is left out."""
    rows = conn.execute(sa.select(attendances).where(attendances.c.seminar == seminar.id))
    return {row.actor_key: (row.statement, row.how) for row in rows if get(conn, row.statement) is not None}


def check_in(
    conn: Connection,
    record: Record,
    seminar: Seminar,
    how: str,
    trainer: Mapping[str, Any],
    now: datetime,
    base_url: str,
) -> tuple[Stored, ...]:
    """The learner was there. Said twice, it is written once. To be called after `take_turn`."""
    account = record.learner.account
    if account is None:
        raise NotFound("ECVET-LEARNER", N_("There is no such learner."))
    there = present(conn, seminar)
    if any(key in there for key in record.learner.keys):
        return ()
    # A day that lies ahead has no attendance: who types the code is there today.
    spent = seminar.spent if seminar.day <= now.date() else Spent(MODE, now.date(), seminar.hours, seminar.title)
    added = enter_attendance(conn, record, seminar.unit, seminar.id, spent, trainer, now, base_url)
    values = {"statement": added.ids[0], "how": how, "at": now}
    conn.execute(
        insert(conn, attendances)
        .values(seminar=seminar.id, actor_key=account.key, **values)
        .on_conflict_do_update(index_elements=["seminar", "actor_key"], set_=values)
    )
    return added.stored


def check_out(
    conn: Connection, record: Record, seminar: Seminar, by: Author, now: datetime, base_url: str
) -> tuple[Stored, ...]:
    """The learner was not there after all: the statement is void. Raises Forbidden where somebody else entered it."""
    by.must_any(MAY_HOLD, record)
    there = present(conn, seminar)
    stored: tuple[Stored, ...] = ()
    for key in record.learner.keys:
        if key in there:
            stored += take_back(conn, record, there[key][0], by, now, base_url).stored
            conn.execute(
                attendances.delete().where(attendances.c.seminar == seminar.id, attendances.c.actor_key == key)
            )
    return stored


def by_code(conn: Connection, programmes: Collection[str], typed: str, secret: str, now: datetime) -> Seminar:
    """The open seminar of these programmes whose code this is. Raises BadInput (ECVET-CODE)."""
    rows = conn.execute(
        sa.select(seminars).where(seminars.c.programme.in_(sorted(programmes)), seminars.c.open_until > now)
    )
    found = [one for one in map(_seminar, rows) if fits(secret, one.id, typed, now)]
    if not found:
        raise BadInput(
            "ECVET-CODE",
            N_("This is not the code, or it has changed meanwhile."),
            N_("Type what the screen shows now."),
        )
    return found[0]


def _seminar(row: sa.Row[Any]) -> Seminar:
    return Seminar(
        row.id,
        row.programme,
        row.unit,
        row.title,
        date.fromisoformat(row.day),
        row.hours,
        row.institution,
        row.trainer,
        row.open_until,
    )
