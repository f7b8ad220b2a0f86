"""Learners are moved to another version of their programme, by an act that stays on record: who, when, why.

Nobody is moved by an import: whoever has begun stays on the version they began with, until a coordinator has seen what
the move changes and does it. A move back is another move.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, metadata
from lti_tool.ecvet import store
from lti_tool.ecvet.entries import Author
from lti_tool.ecvet.programme import Programme
from lti_tool.ecvet.record import Record, as_if, authority
from lti_tool.errors import N_, BadInput, NotFound
from lti_tool.people.enrolments import move as move_enrolment
from lti_tool.people.roles import Action
from xapi.access import Principal
from xapi.recording import OnStored
from xapi.store import add
from xapi.vocabulary import ACTIVITY_TYPES, VERBS

MOVE: Final[tuple[Action, ...]] = ("move",)
COPIES: Final = "lti-tool-decisions"
"""The account under which copies are written, as of decisions: no programme trusts it."""
MOST_REASON: Final = 2000

moves = sa.Table(
    "programme_moves",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("actor_key", sa.String, nullable=False),  # the learner, by one of their accounts
    sa.Column("programme", sa.String, nullable=False),
    sa.Column("from_version", sa.String, nullable=False),
    sa.Column("to_version", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("by_key", sa.String, nullable=False),
    sa.Column("by_name", sa.String, nullable=False),  # as it was on that day: the record must stay readable
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Index("ix_programme_moves_actor_key", "actor_key"),
    sa.Index("ix_programme_moves_programme", "programme"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A unit before and after a move. States are those of the judge; "" where the unit is not there. `kept`: it is
    awarded, and stays as it was awarded."""

    unit: str
    before: str
    after: str
    points_before: float
    points_after: float
    kept: bool

    @property
    def changes(self) -> bool:
        return (self.before, self.points_before) != (self.after, self.points_after)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a move would do to one learner."""

    before: Record
    after: Record

    @property
    def units(self) -> tuple[Difference, ...]:
        """All units of both versions, in the order of the new one."""
        names = dict.fromkeys(
            [one.unit.id for one in self.after.units] + [one.unit.id for one in self.before.units],
        )
        found = []
        for id in names:
            was, now = self.before.unit(id), self.after.unit(id)
            found.append(
                Difference(
                    id,
                    was.judged.state if was else "",
                    now.judged.state if now else "",
                    was.judged.points if was else 0,
                    now.judged.points if now else 0,
                    bool(now and now.kept),
                )
            )
        return tuple(found)

    @property
    def changed(self) -> tuple[Difference, ...]:
        return tuple(one for one in self.units if one.changes)

    @property
    def hours(self) -> tuple[float, float]:
        """Recorded hours over all modes, before and after."""
        before, after = (
            sum(line.recorded for line in one.judgement.hours.values()) for one in (self.before, self.after)
        )
        return before, after


def effect(conn: Connection, record: Record, to: Programme, base_url: str) -> Effect:
    """What it would do to this learner to be moved to this version; nothing is written."""
    return Effect(record, as_if(conn, record, to, base_url))


def target(conn: Connection, programme: str, version: str) -> Programme:
    """The programme in the version to move to; raises NotFound."""
    found = store.get(conn, programme, version) if version else store.get(conn, programme)
    if found is None:
        raise NotFound("ECVET-VERSION", N_("This version of the programme was never imported."), N_("Choose another."))
    return found


def must_say_why(reason: str) -> str:
    """The reason with single white space; raises BadInput where there is none."""
    said = " ".join(reason.split())
    if not said or len(said) > MOST_REASON:
        raise BadInput(
            "ECVET-REASON", N_("A decision needs a reason."), N_("Go back and say in a sentence or two why.")
        )
    return said


def move(
    conn: Connection,
    record: Record,
    to: Programme,
    reason: str,
    by: Author,
    now: datetime,
    base_url: str,
    on_stored: OnStored | None = None,
) -> bool:
    """The learner is on version `to`, with all accounts that are in the programme; False where they were already.

    The role is the caller's to check (`Author.must_any(MOVE, record)`): at the command line there is none. A copy for
    the record store tells of it; `on_stored` hears of that, as grades of units may be others now. Raises BadInput
    (no reason).
    """
    said = must_say_why(reason)
    if record.enrolment is None or record.enrolment.version == to.version:
        return False
    id = str(uuid4())
    move_enrolment(conn, record.learner.keys, to.id, to.version)
    conn.execute(
        moves.insert().values(
            id=id,
            actor_key=record.enrolment.actor_key,
            programme=to.id,
            from_version=record.enrolment.version,
            to_version=to.version,
            reason=said,
            by_key=by.keys[0] if by.keys else "",
            by_name=by.name,
            at=now,
        )
    )
    account = record.learner.account
    if account is not None:
        copy = {
            "id": id,
            "actor": account.actor,
            "verb": {"id": VERBS["registered"]},
            "object": {
                "objectType": "Activity",
                "id": to.activity,
                "definition": {"type": ACTIVITY_TYPES["course"], "name": dict(to.title)},
            },
            "result": {"response": said},
            "context": {"revision": to.version, **({"instructor": by.agent} if by.actor else {})},
            "timestamp": now.isoformat(),
        }
        principal = Principal(authority=authority(base_url, COPIES), scopes=frozenset({"all"}), name="moves")
        added = add(conn, principal, [copy], now)
        if on_stored is not None:
            on_stored(conn, added.stored)
    return True


def moves_of(conn: Connection, keys: Collection[str], programme: str | None = None) -> Sequence[sa.Row[Any]]:
    """The moves of a learner, newest first; rows with the columns of `programme_moves`."""
    query = sa.select(moves).where(moves.c.actor_key.in_(keys)).order_by(moves.c.at.desc(), moves.c.id)
    if programme is not None:
        query = query.where(moves.c.programme == programme)
    return conn.execute(query).all()


def recent(conn: Connection, programme: str, most: int = 200) -> Sequence[sa.Row[Any]]:
    """The newest moves in a programme."""
    query = sa.select(moves).where(moves.c.programme == programme).order_by(moves.c.at.desc(), moves.c.id).limit(most)
    return conn.execute(query).all()


def as_json(effect: Effect, names: Mapping[str, str]) -> dict[str, Any]:
    """An effect for scripts. `names`: what to say of the learner, by field."""
    before, after = effect.before, effect.after
    hours_before, hours_after = effect.hours
    return {
        **names,
        "from": before.enrolment.version if before.enrolment else before.programme.version,
        "to": after.programme.version,
        "points": {"before": before.judgement.points, "after": after.judgement.points},
        "planned_points": {"before": before.programme.points, "after": after.programme.points},
        "hours": {"before": hours_before, "after": hours_after},
        "units": [
            {
                "id": one.unit,
                "before": one.before,
                "after": one.after,
                "points": {"before": one.points_before, "after": one.points_after},
                "kept": one.kept,
            }
            for one in effect.units
        ],
    }
