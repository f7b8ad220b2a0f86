"""Announcements: a few words to everybody who learns in a programme, or in it at one institution, until a day.

Nobody is told anything about a single learner this way, and nothing is decided by it. Storage functions take a
Connection and never commit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, metadata
from lti_tool.errors import N_, BadInput, Conflict, NotFound
from lti_tool.i18n import LANGUAGES
from lti_tool.people.roles import Grant, may

LONGEST: Final = 2000
"""Characters."""
FARTHEST: Final = 366
"""Days for which one may stand."""
USUAL: Final = 30
"""Days that the form offers."""
MOST: Final = 20
"""Standing at once for one audience."""
KEPT: Final = timedelta(days=366)
"""After its end, for those who wrote it; then it is forgotten."""

announcements = sa.Table(
    "announcements",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("programme", sa.String, nullable=False),
    sa.Column("institution", sa.String),  # NULL: wherever they learn
    sa.Column("language", sa.String(2), nullable=False),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("by_key", sa.String, nullable=False),
    sa.Column("made_at", UTCDateTime, nullable=False),
    sa.Column("until", UTCDateTime, nullable=False),
    sa.Column("taken_back_at", UTCDateTime),
    sa.Index("ix_announcements_programme", "programme", "until"),
)


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is spoken to: everybody in the programme, or those of them at one institution."""

    programme: str
    institution: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to announce. `until`: the first moment at which it does not stand any more."""

    audience: Audience
    language: str
    text: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Announcement:
    """What was announced. `by_key`: the account of whoever wrote it."""

    id: str
    audience: Audience
    language: str
    text: str
    by_key: str
    made_at: datetime
    until: datetime
    taken_back_at: datetime | None

    @property
    def last_day(self) -> date:
        """The last day on which it stands."""
        return (self.until - timedelta(days=1)).date()

    def stands(self, now: datetime) -> bool:
        """Whether learners see it."""
        return self.taken_back_at is None and self.until > now


def audiences(grants: Iterable[Grant], programmes: Mapping[str, Collection[str]]) -> list[Audience]:
    """Everybody whom the holder of these grants may speak to; `programmes`: the institutions of each by its id."""
    held = list(grants)
    offered = [
        Audience(programme, institution)
        for programme, institutions in programmes.items()
        for institution in (None, *institutions)
    ]
    return [one for one in offered if may_speak(held, one)]


def may_speak(grants: Iterable[Grant], audience: Audience) -> bool:
    """Whether one of the grants reaches the whole audience."""
    return may(grants, "announce", institution=audience.institution, programme=audience.programme)


def read(sent: Mapping[str, str], offered: Collection[Audience], today: date) -> Wish:
    """What a form says, checked. Raises BadInput."""
    programme, _bar, institution = sent.get("audience", "").partition("|")
    audience = Audience(programme, institution or None)
    if audience not in offered:
        raise BadInput(
            "ANNOUNCE-AUDIENCE", N_("You can't speak to these learners."), N_("Choose one of the groups of the list.")
        )
    text = "\n".join(line.strip() for line in sent.get("text", "").strip().splitlines())
    if not text or len(text) > LONGEST or any(ord(sign) < 32 and sign != "\n" for sign in text):
        raise BadInput(
            "ANNOUNCE-TEXT",
            N_("An announcement needs a text of %(most)s characters at most."),
            N_("Write it, or shorten it."),
            params={"most": LONGEST},
        )
    language = sent.get("language", "")
    if language not in LANGUAGES:
        raise BadInput("ANNOUNCE-TEXT", N_("Say in which language you wrote."), N_("Choose it from the list."))
    try:
        day = date.fromisoformat(sent.get("until", "").strip())
    except ValueError:
        day = today - timedelta(days=1)
    if not today <= day <= today + timedelta(days=FARTHEST):
        raise BadInput(
            "ANNOUNCE-UNTIL", N_("The last day must be today or later, within a year."), N_("Choose another day.")
        )
    return Wish(audience, language, text, datetime.combine(day + timedelta(days=1), time(), UTC))


def add(conn: Connection, wish: Wish, by_key: str, now: datetime) -> str:
    """The learners see it from now on; its id. Raises Conflict where too much stands for them already.

    What ended long ago is forgotten on the occasion.
    """
    conn.execute(announcements.delete().where(announcements.c.until < now - KEPT))
    audience = wish.audience
    if sum(one.stands(now) for one in of_programmes(conn, [audience.programme]) if one.audience == audience) >= MOST:
        raise Conflict(
            "ANNOUNCE-MOST",
            N_("%(most)s announcements stand for these learners already. Nobody reads more."),
            N_("Take one of them back first."),
            params={"most": MOST},
        )
    id = str(uuid4())
    conn.execute(
        announcements.insert().values(
            id=id,
            programme=audience.programme,
            institution=audience.institution,
            language=wish.language,
            text=wish.text,
            by_key=by_key,
            made_at=now,
            until=wish.until,
        )
    )
    return id


def take_back(conn: Connection, id: str, grants: Collection[Grant], now: datetime) -> None:
    """Learners see it no more. Raises NotFound for what is not there, or not in reach."""
    row = conn.execute(sa.select(announcements).where(announcements.c.id == id)).one_or_none()
    if row is None or not may_speak(grants, Audience(row.programme, row.institution)):
        raise NotFound("ANNOUNCE-UNKNOWN", N_("There is no such announcement."))
    conn.execute(
        announcements.update()
        .where(announcements.c.id == id, announcements.c.taken_back_at.is_(None))
        .values(taken_back_at=now)
    )


def of_programmes(conn: Connection, programmes: Collection[str]) -> list[Announcement]:
    """All of these programmes, the newest first; those that ended or were taken back too."""
    rows = conn.execute(
        sa.select(announcements)
        .where(announcements.c.programme.in_(programmes))
        .order_by(announcements.c.made_at.desc(), announcements.c.id)
    )
    return [
        Announcement(
            row.id,
            Audience(row.programme, row.institution),
            row.language,
            row.text,
            row.by_key,
            row.made_at,
            row.until,
            row.taken_back_at,
        )
        for row in rows
    ]


def for_learner(conn: Connection, programme: str, institution: str | None, now: datetime) -> list[Announcement]:
    """What somebody who learns in this programme, at this institution, is told now; the newest first."""
    return [
        one
        for one in of_programmes(conn, [programme])
        if one.stands(now) and one.audience.institution in (None, institution)
    ]
