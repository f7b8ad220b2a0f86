"""Project work: what a learner hands in for a unit, version by version, and what assessors say to it.

The nouns, the tables and what is read from them; handing_in.py and rating.py write, and statements with it.
Nothing is changed once it is there: a new version follows an older, a new act reverses an older.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy import Connection, Subquery

from lti_tool.db import JSONText, UTCDateTime, metadata
from lti_tool.ecvet.entries import read_hours
from lti_tool.ecvet.record import Record
from lti_tool.ecvet.terms import Unit, tidy
from lti_tool.errors import N_, BadInput, NotFound
from lti_tool.people.roles import Action
from xapi.database import stored_key
from xapi.tables import persona_actors, personas

MAY_RATE: Final[tuple[Action, ...]] = ("assess",)
MODE: Final = "project_based"
"""The mode of the hours that are spent on project work."""
MOST_WORKS: Final = 5
"""Of one learner in one unit."""
MOST_VERSIONS: Final = 20
MOST_LINKS: Final = 5
MOST_HOURS: Final = 500.0
"""Of one version."""
MOST_TITLE: Final = 200
MOST_WORDS: Final = 2000
"""Characters of a description, a comment or a link."""
Result = Literal["rated", "returned", "withdrawn"]
RESULTS: Final[tuple[Result, ...]] = get_args(Result)

works = sa.Table(
    "project_works",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("actor_key", sa.String, nullable=False),  # the learner, by one of their accounts
    sa.Column("programme", sa.String, nullable=False),
    sa.Column("unit", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False),  # of the newest version
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("waits_since", UTCDateTime),  # for a rating; None: it does not
    sa.Index("ix_project_works_actor_key", "actor_key"),
    sa.Index("ix_project_works_waits_since", "waits_since"),
)
versions = sa.Table(
    "project_versions",
    metadata,
    sa.Column("work", sa.ForeignKey("project_works.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("description", sa.String, nullable=False),
    sa.Column("links", JSONText, nullable=False),
    sa.Column("files", JSONText, nullable=False),
    sa.Column("hours", sa.Float, nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
)
acts = sa.Table(
    "project_acts",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("work", sa.ForeignKey("project_works.id", ondelete="CASCADE"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # of the work: the one that was looked at
    sa.Column("result", sa.String(16), nullable=False),
    sa.Column("programme_version", sa.String, nullable=False),  # whose rubric it was rated by
    sa.Column("levels", JSONText, nullable=False),  # by criterion
    sa.Column("comments", JSONText, nullable=False),  # by criterion
    sa.Column("scaled", sa.Float),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("statements", JSONText, nullable=False),
    sa.Column("by_key", sa.String, nullable=False),
    sa.Column("by_name", sa.String, nullable=False),
    sa.Column("institution", sa.String),
    sa.Column("at", UTCDateTime, nullable=False),
    # Of two who rate at once one comes second, and is told.
    sa.UniqueConstraint("work", "number"),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a learner wants to hand in, beside files. `hours` were spent on it since the version before."""

    title: str
    description: str
    links: tuple[str, ...]
    hours: float


@dataclass(frozen=True, slots=True)
class Version:
    """What was handed in at once. `files`: ids."""

    number: int
    wish: Wish
    files: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Act:
    """What an assessor said to a version: `rated`, `returned`, or an earlier rating `withdrawn`. `levels` and
    `comments` by criterion; `scaled` from 0 to 1."""

    result: str
    version: int
    programme_version: str
    levels: Mapping[str, str]
    comments: Mapping[str, str]
    scaled: float | None
    reason: str
    statements: tuple[str, ...]
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Work:
    """Project work with its versions and acts, both oldest first."""

    id: str
    actor_key: str
    programme: str
    unit: str
    versions: tuple[Version, ...]
    acts: tuple[Act, ...] = ()

    @property
    def newest(self) -> Version:
        return self.versions[-1]

    @property
    def last(self) -> Act | None:
        """What was said to the newest version; None where nothing is that stands."""
        last = self.acts[-1] if self.acts else None
        return last if last and last.version == self.newest.number and last.result != "withdrawn" else None

    @property
    def state(self) -> str:
        """`waiting` for an assessor, `rated`, or `returned` to the learner."""
        return self.last.result if self.last else "waiting"

    def version(self, number: int) -> Version | None:
        return next((one for one in self.versions if one.number == number), None)


def read_wish(sent: Mapping[str, str], unit: Unit) -> Wish:
    """What a form says, checked. Raises BadInput (ECVET-WORK, ECVET-LINKS, ECVET-HOURS)."""
    title, description = " ".join(sent.get("title", "").split()), tidy_lines(sent.get("description", ""))
    if not title or not description or len(title) > MOST_TITLE or len(description) > MOST_WORDS:
        raise BadInput(
            "ECVET-WORK",
            N_("Project work needs a title and a short description."),
            N_("Write at most %(title)s and %(words)s characters."),
            params={"title": MOST_TITLE, "words": MOST_WORDS},
        )
    links = tuple(dict.fromkeys(line for line in map(str.strip, sent.get("links", "").splitlines()) if line))
    if len(links) > MOST_LINKS or not all(map(is_link, links)):
        raise BadInput(
            "ECVET-LINKS",
            N_("Links begin with https:// or http://, one on a line, %(most)s at most."),
            N_("Copy each from the address bar of your browser."),
            params={"most": MOST_LINKS},
        )
    hours = sent.get("hours", "").strip() if unit.hours[MODE] else ""
    return Wish(title, description, links, read_hours(hours, MOST_HOURS) if hours.strip("0., ") else 0)


def is_link(text: str) -> bool:
    """Whether this is a whole web address that a page may link to: nothing that a browser would run, and none that
    shows one place and leads to another. Nobody opens it here."""
    if len(text) > MOST_WORDS or not text.isprintable() or any(one.isspace() or one in '<>"\\`' for one in text):
        return False
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  # raises where it is no number of a port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def tidy_lines(text: str) -> str:
    """The text with its lines and without other white space than single blanks."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return "\n".join(lines).strip("\n")


def of_learner(conn: Connection, keys: Collection[str], programme: str, unit: str | None = None) -> list[Work]:
    """The work of a learner in a programme, in a unit where one is named; the newest first."""
    where = [works.c.actor_key.in_(sorted(keys)), works.c.programme == programme]
    if unit is not None:
        where.append(works.c.unit == unit)
    return _works(conn, *where)


def of_record(conn: Connection, record: Record, unit: str, id: str) -> Work:
    """The work of this id, which is this learner's in this unit. Raises NotFound (ECVET-NO-WORK)."""
    found = of_learner(conn, record.learner.keys, record.programme.id, unit)
    work = next((one for one in found if one.id == id), None)
    if work is None:
        raise NotFound("ECVET-NO-WORK", N_("There is no such project work."), N_("Reload the page."))
    return work


def waiting() -> Subquery:
    """Work that waits for a rating, for lists of many learners. Columns: id, person, programme, unit, title, since."""
    return (
        sa.select(
            works.c.id,
            personas.c.root.label("person"),
            works.c.programme,
            works.c.unit,
            works.c.title,
            works.c.waits_since.label("since"),
        )
        .join_from(works, persona_actors, persona_actors.c.key == stored_key(works.c.actor_key))
        .join(personas, personas.c.id == persona_actors.c.persona)
        .where(works.c.waits_since.is_not(None))
        .subquery("works_waiting")
    )


def waiting_in(conn: Connection, programme: str) -> list[str]:
    """The keys of the accounts whose work waits for a rating in a programme, one for each work."""
    query = sa.select(works.c.actor_key).where(works.c.programme == programme, works.c.waits_since.is_not(None))
    return list(conn.scalars(query))


def _works(conn: Connection, *where: sa.ColumnElement[bool]) -> list[Work]:
    rows = conn.execute(sa.select(works).where(*where).order_by(works.c.created_at.desc(), works.c.id)).all()
    if not rows:
        return []
    handed_in: dict[str, list[Version]] = {row.id: [] for row in rows}
    said: dict[str, list[Act]] = {row.id: [] for row in rows}
    mine = sa.select(works.c.id).where(*where)
    for row in conn.execute(sa.select(versions).where(versions.c.work.in_(mine)).order_by(versions.c.number)):
        handed_in[row.work].append(_version(row))
    for row in conn.execute(sa.select(acts).where(acts.c.work.in_(mine)).order_by(acts.c.number)):
        said[row.work].append(_act(row))
    return [
        Work(row.id, row.actor_key, row.programme, row.unit, tuple(handed_in[row.id]), tuple(said[row.id]))
        for row in rows
    ]


def _version(row: sa.Row[Any]) -> Version:
    wish = Wish(row.title, row.description, tuple(row.links), tidy(row.hours))
    return Version(row.number, wish, tuple(row.files), row.at)


def _act(row: sa.Row[Any]) -> Act:
    return Act(
        row.result,
        row.version,
        row.programme_version,
        row.levels,
        row.comments,
        row.scaled,
        row.reason,
        tuple(row.statements),
        row.by_name,
        row.at,
    )
