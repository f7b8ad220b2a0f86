"""Rated observations by people without an account: a signed link for one learner and one task, used once.

Whoever works with a learner invites somebody who has seen the task done, and vouches for the name. The rating is a
statement under an authority of its own, `by-link`: it counts only where a rule names that source.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, metadata
from lti_tool.ecvet.entries import Author
from lti_tool.ecvet.record import Record, authority
from lti_tool.ecvet.rules import BY_LINK
from lti_tool.ecvet.terms import Outcome, Unit
from lti_tool.errors import N_, BadInput, Conflict, NotFound
from lti_tool.people.roles import Action
from xapi.access import Principal
from xapi.store import Added, add
from xapi.vocabulary import ACTIVITY_TYPES, VERBS

LIVES: Final = (3, 7, 14, 30)
"""Days that a link may live."""
USUAL_LIFE: Final = 14
MOST_WORDS: Final = 2000
MAY_INVITE: Final[tuple[Action, ...]] = ("confirm_hours", "enter_attendance", "assess")
"""Any of these actions allows to ask somebody for a rating; a learner does not choose who rates them."""
Rating = Literal["alone", "helped", "not_yet"]
SCALED: Final[Mapping[Rating, float]] = {"alone": 1.0, "helped": 0.5, "not_yet": 0.0}
"""Does it alone, does it with some help, not yet: as `result.score.scaled`."""

links = sa.Table(
    "observation_links",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("actor_key", sa.String, nullable=False),  # the learner, by one of their accounts
    sa.Column("learner_name", sa.String, nullable=False),  # as the one who rates is to read it
    sa.Column("programme", sa.String, nullable=False),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("unit", sa.String, nullable=False),
    sa.Column("outcomes", JSONText, nullable=False),
    sa.Column("task", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),  # of who rates, as the inviter gave it
    sa.Column("email", sa.String),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("by_key", sa.String, nullable=False),
    sa.Column("by_name", sa.String, nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("expires_at", UTCDateTime, nullable=False),
    sa.Column("withdrawn_at", UTCDateTime),
    sa.Column("used_at", UTCDateTime),
    sa.Column("rating", sa.String(16)),
    sa.Index("ix_observation_links_actor_key", "actor_key"),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to have rated, by whom, and how long the link is to live (days)."""

    task: str
    outcomes: tuple[str, ...]
    name: str
    email: str
    language: str
    days: int


@dataclass(frozen=True, slots=True)
class Link:
    """An invitation to rate. `state`: open, used, withdrawn or expired at the moment it was read."""

    id: str
    actor_key: str
    learner_name: str
    programme: str
    version: str
    unit: str
    outcomes: tuple[str, ...]
    task: str
    name: str
    email: str | None
    language: str
    by_name: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    rating: str | None
    state: str


def read_wish(sent: Mapping[str, str], outcomes: Collection[str], unit: Unit) -> Wish:
    """What a form says, checked. Raises BadInput (ECVET-TASKS, ECVET-OUTCOMES, ECVET-RATER, PEOPLE-EMAIL, …)."""
    task, name = " ".join(sent.get("task", "").split()), " ".join(sent.get("name", "").split())
    email = sent.get("email", "").strip()
    if not task or len(task) > MOST_WORDS:
        raise BadInput("ECVET-TASKS", N_("Say in a few words what was done."), N_("Go back and fill in the tasks."))
    if not outcomes or set(outcomes) - {one.id for one in unit.outcomes}:
        raise BadInput("ECVET-OUTCOMES", N_("Tick the outcomes that the task shows."), N_("Tick one or more, or all."))
    if not name or len(name) > 200:
        raise BadInput("ECVET-RATER", N_("Say who has seen the task done."), N_("Write first name and family name."))
    if email and ("@" not in email or len(email) > 254 or any(c in email for c in "\r\n ")):
        raise BadInput("PEOPLE-EMAIL", N_("This is not an e-mail address."), N_("Go back and check it."))
    days = sent.get("days", "")
    life = int(days) if days.isascii() and days.isdigit() and len(days) < 4 else USUAL_LIFE
    language = sent.get("language", "en")
    return Wish(task, tuple(outcomes), name, email, language, life if life in LIVES else USUAL_LIFE)


def invite(conn: Connection, record: Record, unit: str, wish: Wish, by: Author, now: datetime, shown_as: str) -> Link:
    """Somebody is invited to rate the learner, who is called `shown_as` to them. Raises Forbidden, NotFound."""
    by.must_any(MAY_INVITE, record)
    account = record.learner.account
    if account is None or record.programme.unit(unit) is None:
        raise NotFound("ECVET-UNIT", N_("There is no such unit in this programme."))
    id = str(uuid4())
    conn.execute(
        links.insert().values(
            id=id,
            actor_key=account.key,
            learner_name=shown_as,
            programme=record.programme.id,
            version=record.programme.version,
            unit=unit,
            outcomes=list(wish.outcomes),
            task=wish.task,
            name=wish.name,
            email=wish.email or None,
            language=wish.language,
            by_key=by.keys[0],
            by_name=by.name,
            created_at=now,
            expires_at=now + timedelta(days=wish.days),
        )
    )
    found = get(conn, id, now)
    assert found is not None  # noqa: S101  # it was written just now
    return found


def get(conn: Connection, id: str, now: datetime) -> Link | None:
    """The invitation of this id."""
    row = conn.execute(sa.select(links).where(links.c.id == id)).one_or_none()
    return None if row is None else _link(row, now)


def of_learner(conn: Connection, keys: Collection[str], unit: str, now: datetime) -> list[Link]:
    """All invitations to rate this learner in a unit, newest first."""
    rows = conn.execute(
        sa.select(links)
        .where(links.c.actor_key.in_(keys), links.c.unit == unit)
        .order_by(links.c.created_at.desc(), links.c.id)
    )
    return [_link(row, now) for row in rows]


def withdraw(conn: Connection, record: Record, id: str, by: Author, now: datetime) -> None:
    """The link opens nothing any more. Raises Forbidden; NotFound where it is none of this learner's; Conflict where
    it was used before, for then the rating is there and is taken back by its own means."""
    by.must_any(MAY_INVITE, record)
    found = get(conn, id, now)
    if found is None or found.actor_key not in record.learner.keys or found.programme != record.programme.id:
        raise NotFound("ECVET-INVITATION", N_("There is no such invitation."), N_("Reload the page."))
    done = conn.execute(
        links.update()
        .where(links.c.id == id, links.c.used_at.is_(None), links.c.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
        .returning(links.c.id)
    )
    if done.one_or_none() is None and found.state != "withdrawn":
        raise Conflict("ECVET-RATED", N_("This was rated already."), N_("There is nothing to do."))


def rate(
    conn: Connection,
    link: Link,
    rating: Rating,
    comment: str,
    parts: tuple[Mapping[str, Any], Unit, tuple[Outcome, ...], str],
    now: datetime,
    base_url: str,
) -> Added | None:
    """The link is used up and the rating is a statement; None where it was used, withdrawn or expired before.

    `parts`: the learner's actor, the unit, the outcomes rated, the programme's activity. One UPDATE decides, so of two
    who send at once one is heard.
    """
    taken = conn.execute(
        links.update()
        .where(
            links.c.id == link.id,
            links.c.used_at.is_(None),
            links.c.withdrawn_at.is_(None),
            links.c.expires_at > now,
        )
        .values(used_at=now, rating=rating)
        .returning(links.c.id)
    ).one_or_none()
    if taken is None:
        return None
    principal = Principal(authority=authority(base_url, BY_LINK), scopes=frozenset({"all"}), name=BY_LINK)
    return add(conn, principal, [_statement(link, rating, comment, parts, now, base_url)], now)


def _statement(
    link: Link,
    rating: Rating,
    comment: str,
    parts: tuple[Mapping[str, Any], Unit, tuple[Outcome, ...], str],
    now: datetime,
    base_url: str,
) -> dict[str, Any]:
    actor, unit, outcomes, programme = parts
    scaled = SCALED[rating]
    # No account stands behind the name: it is what the inviter gave, and the account says of which invitation.
    rater = {
        "objectType": "Agent",
        "name": link.name,
        "account": {"homePage": base_url, "name": f"{BY_LINK}-{link.id}"},
    }
    return {
        "id": link.id,
        "actor": actor,
        "verb": {"id": VERBS["scored"]},
        "object": {
            "objectType": "Activity",
            "id": f"{unit.iri}/observation/{link.id}",
            "definition": {"type": ACTIVITY_TYPES["performance"], "name": {link.language: link.task}},
        },
        "result": {
            "score": {"scaled": scaled},
            "success": scaled > 0,
            "completion": True,
            **({"response": comment} if comment else {}),
        },
        "context": {
            "instructor": rater,
            "contextActivities": {
                "parent": [{"id": unit.iri}, *({"id": one.iri} for one in outcomes)],
                "grouping": [{"id": programme}],
            },
        },
        "timestamp": now.isoformat(),
    }


def _link(row: sa.Row[Any], now: datetime) -> Link:
    state = "open"
    if row.used_at is not None:
        state = "used"
    elif row.withdrawn_at is not None:
        state = "withdrawn"
    elif row.expires_at <= now:
        state = "expired"
    return Link(
        row.id,
        row.actor_key,
        row.learner_name,
        row.programme,
        row.version,
        row.unit,
        tuple(row.outcomes),
        row.task,
        row.name,
        row.email,
        row.language,
        row.by_name,
        row.created_at,
        row.expires_at,
        row.used_at,
        row.rating,
        state,
    )
