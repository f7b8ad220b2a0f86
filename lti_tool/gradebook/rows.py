"""The tables of line items and of the outbox, and their rows as values.

A row of the outbox says "this may have changed", for one learner on one line item. It holds no score to be sent:
that is judged when it is sent, so a burst of statements costs one message, and what is sent is as new as the record.
`version` counts the changes, `done_version` those that were dealt with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, metadata
from lti_tool.gradebook.score import Score

line_items = sa.Table(
    "line_items",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("platform_id", sa.Integer, nullable=False),
    sa.Column("course_id", sa.Integer, nullable=False),
    sa.Column("link_id", sa.String, nullable=False),
    sa.Column("activity", sa.String, nullable=False),  # IRI of what is graded
    sa.Column("programme", sa.String),  # of a unit; None: a module is graded, whatever the programme
    sa.Column("resource_id", sa.String, nullable=False, server_default=""),
    sa.Column("label", sa.String, nullable=False, server_default=""),
    sa.Column("maximum", sa.String, nullable=False, server_default="100"),  # a decimal, as text
    sa.Column("url", sa.String),  # None: the platform has made none, or it is gone
    sa.Column("items_url", sa.String),
    sa.Column("scopes", JSONText, nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("known_at", UTCDateTime),  # when an address was first known; None: never
    # What the platform was told by us, or was seen to say, when it was last looked at.
    sa.Column("told_label", sa.String),
    sa.Column("told_maximum", sa.String),
    # Whoever looks for the column, makes or changes it holds this: one worker at a time.
    sa.Column("leased_until", UTCDateTime),
    sa.Column("leased_by", sa.String),
    # Several contents of one link have a column each where the platform allows it (`items.place`).
    sa.UniqueConstraint("course_id", "link_id", "activity", name="uq_line_items_course_id_link_id_activity"),
    sa.Index("ix_line_items_activity", "activity"),
)
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("line_item_id", sa.ForeignKey("line_items.id", ondelete="CASCADE"), nullable=False),
    sa.Column("user_id", sa.String, nullable=False),
    sa.Column("actor_key", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("done_version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("due_at", UTCDateTime, nullable=False),
    sa.Column("leased_until", UTCDateTime),
    sa.Column("leased_by", sa.String),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("problem", sa.String),  # code of what went wrong last
    sa.Column("detail", sa.String),
    # The score that was sent last, or is being sent: written before the platform is called, so that a repeat after a
    # crash is the same message with the same timestamp.
    sa.Column("given", sa.String),
    sa.Column("given_maximum", sa.String),
    sa.Column("given_completed", sa.Boolean),
    sa.Column("given_at", UTCDateTime),
    sa.Column("confirmed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("sent_at", UTCDateTime),
    sa.Column("tried_at", UTCDateTime),  # when the platform was last called
    sa.Column("changed_at", UTCDateTime, nullable=False),
    sa.UniqueConstraint("line_item_id", "user_id"),
    sa.Index(
        "ix_deliveries_due_at",
        "due_at",
        sqlite_where=sa.text("version > done_version"),
        postgresql_where=sa.text("version > done_version"),
    ),
    sa.Index("ix_deliveries_actor_key", "actor_key"),
)

State = Literal["none", "waiting", "sent", "refused", "kept"]
"""none: nothing to send yet. kept: the platform holds a newer grade by a teacher, which stays."""


@dataclass(frozen=True, slots=True)
class LineItem:
    """A gradebook column of a platform that takes this tool's scores."""

    id: int
    platform_id: int
    course_id: int
    link_id: str
    activity: str
    label: str
    maximum: Decimal
    url: str | None
    items_url: str | None
    scopes: frozenset[str]
    programme: str | None = None
    """The programme whose unit is graded; None where it is a module."""
    resource_id: str = ""
    known: bool = False
    """Whether the platform had this column at any time."""
    told_label: str | None = None
    told_maximum: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of the outbox, as claimed or as shown to people."""

    id: int
    item: LineItem
    user_id: str
    actor_key: str
    version: int
    state: State
    attempts: int
    problem: str | None
    detail: str | None
    last: Score | None
    confirmed: bool
    """False where the last score was about to be sent and nothing is known of its fate."""
    due_at: datetime
    sent_at: datetime | None
    tried_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one claimed row. Made by the functions `done`, `refused`, `later` and `released`."""

    delivery: Delivery
    kind: Literal["done", "refused", "later", "released"]
    state: State = "waiting"
    problem: str | None = None
    detail: str | None = None
    due_at: datetime | None = None
    blamed: bool = True
    """Whether this counts as a failed try of the row; no if the whole platform is in trouble."""


def done(delivery: Delivery, state: State, problem: str | None = None) -> Outcome:
    """The changes up to the claimed version are dealt with."""
    return Outcome(delivery, "done", state, problem)


def refused(delivery: Delivery, problem: str, detail: str) -> Outcome:
    """No try will help before a person acts, or before something changes."""
    return Outcome(delivery, "refused", "refused", problem, detail)


def later(delivery: Delivery, problem: str, detail: str, due_at: datetime, *, blamed: bool = True) -> Outcome:
    """The next try comes at `due_at`."""
    return Outcome(delivery, "later", "waiting", problem, detail, due_at, blamed)


def released(delivery: Delivery) -> Outcome:
    """Nothing was tried: the row is as it was, for whoever claims it next."""
    return Outcome(delivery, "released")


def select(conn: Connection, where: sa.ColumnElement[bool], limit: int | None = None) -> list[Delivery]:
    """The rows of the outbox for which that is true, the first due first."""
    d = [column.label(f"d_{column.name}") for column in deliveries.c]
    query = (
        sa.select(line_items, *d)
        .join(deliveries, deliveries.c.line_item_id == line_items.c.id)
        .where(where)
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(limit)
    )
    return [read_delivery(row) for row in conn.execute(query)]


def read_delivery(row: sa.Row[Any]) -> Delivery:
    """A row of `select`."""
    last = (
        Score(Decimal(row.d_given), Decimal(row.d_given_maximum), row.d_given_completed, row.d_given_at)
        if row.d_given is not None
        else None
    )
    return Delivery(
        row.d_id,
        read_item(row),
        row.d_user_id,
        row.d_actor_key,
        row.d_version,
        row.d_state,
        row.d_attempts,
        row.d_problem,
        row.d_detail,
        last,
        row.d_confirmed,
        row.d_due_at,
        row.d_sent_at,
        row.d_tried_at,
    )


def read_item(row: sa.Row[Any]) -> LineItem:
    """A row with all columns of `line_items` under their names."""
    return LineItem(
        row.id,
        row.platform_id,
        row.course_id,
        row.link_id,
        row.activity,
        row.label,
        Decimal(row.maximum),
        row.url,
        row.items_url,
        frozenset(row.scopes),
        row.programme,
        row.resource_id,
        row.known_at is not None,
        row.told_label,
        None if row.told_maximum is None else Decimal(row.told_maximum),
    )
