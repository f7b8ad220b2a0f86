"""Recognition of prior learning: a learner claims what a certificate proves; a competent person accepts or refuses it.

Acceptance is an act with a date, a name and a reason, reversed only by a new act. It excuses modules (and shows
outcomes) by statements `waived`, which the judge hears from this tool alone. Study hours must be equal: modules are
excused only up to the hours that the certificate proves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, metadata
from lti_tool.ecvet.entries import Author
from lti_tool.ecvet.offline import TOOL_ACCOUNT
from lti_tool.ecvet.record import Record, authority
from lti_tool.ecvet.terms import Programme, tidy
from lti_tool.errors import N_, BadInput, Conflict, NotFound
from lti_tool.people.roles import Action
from xapi.access import Principal
from xapi.store import Stored, add
from xapi.vocabulary import ACTIVITY_TYPES, EXTENSIONS, VERBS

MAY_DECIDE: Final[tuple[Action, ...]] = ("accept_prior",)
Result = Literal["accepted", "refused", "withdrawn"]
MOST_WORDS: Final = 2000

claims = sa.Table(
    "prior_claims",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("actor_key", sa.String, nullable=False),
    sa.Column("programme", sa.String, nullable=False),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("issuer", sa.String, nullable=False),
    sa.Column("issued_on", sa.String(10), nullable=False),
    sa.Column("hours", sa.Float, nullable=False),
    sa.Column("modules", JSONText, nullable=False),
    sa.Column("outcomes", JSONText, nullable=False),
    sa.Column("note", sa.String, nullable=False, server_default=""),
    sa.Column("file", sa.String(36), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("taken_back_at", UTCDateTime),
    sa.Index("ix_prior_claims_actor_key", "actor_key"),
    sa.Index("ix_prior_claims_programme", "programme"),
)
# Acts are never changed: a new one reverses an older.
acts = sa.Table(
    "prior_acts",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("claim", sa.String(36), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("result", sa.String(16), nullable=False),
    sa.Column("modules", JSONText, nullable=False),
    sa.Column("outcomes", JSONText, nullable=False),
    sa.Column("statements", JSONText, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("by_key", sa.String, nullable=False),
    sa.Column("by_name", sa.String, nullable=False),
    sa.Column("institution", sa.String),
    sa.Column("at", UTCDateTime, nullable=False),
    # Of two who decide at once one comes second, and is told.
    sa.UniqueConstraint("claim", "number"),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a learner claims; a day as ISO 8601."""

    title: str
    issuer: str
    issued_on: str
    hours: float
    modules: tuple[str, ...]
    outcomes: tuple[str, ...]
    note: str

    @property
    def day(self) -> date:
        """When the certificate was issued."""
        return date.fromisoformat(self.issued_on)


@dataclass(frozen=True, slots=True)
class Act:
    """What a competent person said to a claim."""

    id: str
    result: str
    modules: tuple[str, ...]
    outcomes: tuple[str, ...]
    statements: tuple[str, ...]
    reason: str
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim with its acts, oldest first. `state`: waiting, accepted, refused, or taken_back by the learner."""

    id: str
    actor_key: str
    programme: str
    wish: Wish
    file: str
    created_at: datetime
    taken_back: bool
    acts: tuple[Act, ...] = field(default=())

    @property
    def state(self) -> str:
        last = self.acts[-1].result if self.acts else "withdrawn"
        return "taken_back" if self.taken_back else "waiting" if last == "withdrawn" else last

    @property
    def since(self) -> datetime:
        """When it began to wait."""
        return self.acts[-1].at if self.acts else self.created_at


def read_wish(
    sent: Mapping[str, str], modules: Sequence[str], outcomes: Sequence[str], programme: Programme, today: date
) -> Wish:
    """What a form says, checked. Raises BadInput."""
    title, issuer = " ".join(sent.get("title", "").split()), " ".join(sent.get("issuer", "").split())
    if not title or not issuer or len(title) > 300 or len(issuer) > 300:
        raise BadInput(
            "ECVET-CERTIFICATE",
            N_("Title and issuer of the certificate are needed."),
            N_("Write them as they stand on it."),
        )
    try:
        day = date.fromisoformat(sent.get("day", "").strip())
    except ValueError:
        day = date.max
    if day > today or day.year < 1950:
        raise BadInput(
            "ECVET-DAY", N_("This is no day up to today."), N_("Go back and choose the day in the calendar.")
        )
    try:
        hours = float(sent.get("hours", "").strip().replace(",", "."))
    except ValueError:
        hours = -1.0
    if not 0 < hours <= 5000:
        raise BadInput(
            "ECVET-CERTIFICATE-HOURS",
            N_("Study hours are a number above 0."),
            N_("Write the hours that the certificate proves, for example 12."),
        )
    known = {one.id for one in programme.modules}, {one.id for unit in programme.units for one in unit.outcomes}
    if set(modules) - known[0] or set(outcomes) - known[1] or not (modules or outcomes):
        raise BadInput(
            "ECVET-CLAIM", N_("Say what the certificate stands for."), N_("Tick modules or outcomes, or both.")
        )
    note = " ".join(sent.get("note", "").split())[:MOST_WORDS]
    return Wish(title, issuer, day.isoformat(), tidy(hours), tuple(modules), tuple(outcomes), note)


def claim(conn: Connection, record: Record, wish: Wish, file: str, now: datetime) -> str:
    """The learner's claim waits for a competent person; its id."""
    account = record.learner.account
    if account is None:
        raise NotFound("ECVET-LEARNER", N_("There is no such learner."))
    id = str(uuid4())
    conn.execute(
        claims.insert().values(
            id=id,
            actor_key=account.key,
            programme=record.programme.id,
            version=record.programme.version,
            title=wish.title,
            issuer=wish.issuer,
            issued_on=wish.issued_on,
            hours=wish.hours,
            modules=list(wish.modules),
            outcomes=list(wish.outcomes),
            note=wish.note,
            file=file,
            created_at=now,
        )
    )
    return id


def of_learner(conn: Connection, keys: Collection[str], programme: str) -> list[Claim]:
    """The claims of a learner in a programme, newest first."""
    return _claims(conn, claims.c.actor_key.in_(sorted(keys)), claims.c.programme == programme)


def in_programme(conn: Connection, programme: str) -> list[Claim]:
    """All claims in a programme, newest first."""
    return _claims(conn, claims.c.programme == programme)


def take_back(conn: Connection, record: Record, id: str, now: datetime) -> None:
    """The learner no longer claims this. Raises NotFound; Conflict where it was decided."""
    found = _of(conn, record, id)
    if found.state != "waiting":
        raise Conflict("ECVET-DECIDED", N_("This was decided already."), N_("Reload the page."))
    conn.execute(claims.update().where(claims.c.id == id).values(taken_back_at=now))


def decide(
    conn: Connection,
    record: Record,
    id: str,
    result: str,
    chosen: tuple[Sequence[str], Sequence[str]],
    reason: str,
    by: Author,
    now: datetime,
    base_url: str,
) -> tuple[Stored, ...]:
    """The claim is accepted for the `chosen` modules and outcomes, or refused, or an earlier act on it withdrawn.

    To be called after `take_turn`, with `record` read in this transaction. Raises Forbidden, NotFound, BadInput, and
    Conflict where it is not its turn or the hours are too few. Returns the statements that were written.
    """
    by.must_any(MAY_DECIDE, record)
    found = _of(conn, record, id)
    said = " ".join(reason.split())
    if not said or len(said) > MOST_WORDS:
        raise BadInput(
            "ECVET-REASON", N_("A decision needs a reason."), N_("Go back and say in a sentence or two why.")
        )
    turn = {"accepted": ("waiting",), "refused": ("waiting",), "withdrawn": ("accepted", "refused")}
    if result not in turn:
        raise BadInput("ECVET-RESULT", N_("Choose a result."), N_("Go back and tick one."))
    if found.state not in turn[result]:
        raise Conflict("ECVET-DECIDED", N_("This was decided already."), N_("Reload the page."))
    modules, outcomes = (tuple(chosen[0]), tuple(chosen[1])) if result == "accepted" else ((), ())
    if set(modules) - set(found.wish.modules) or set(outcomes) - set(found.wish.outcomes):
        raise BadInput("ECVET-CLAIM", N_("Only what is claimed can be accepted."), N_("Go back and tick again."))
    if result == "accepted":
        _check_accepted(record.programme, found.wish, modules, outcomes)
        given = _waivers(record, found, (modules, outcomes), said, by, now)
    else:
        given = [_voiding(by, one, now) for one in (found.acts[-1].statements if found.acts else ())]
    principal = Principal(authority=authority(base_url, TOOL_ACCOUNT), scopes=frozenset({"all"}), name="prior")
    added = add(conn, principal, given, now)
    conn.execute(
        acts.insert().values(
            id=str(uuid4()),
            claim=id,
            number=len(found.acts) + 1,
            result=result,
            modules=list(modules),
            outcomes=list(outcomes),
            statements=list(added.ids) if result == "accepted" else [],
            reason=said,
            by_key=by.keys[0],
            by_name=by.name,
            institution=record.institution,
            at=now,
        )
    )
    return added.stored


def _check_accepted(programme: Programme, wish: Wish, modules: tuple[str, ...], outcomes: tuple[str, ...]) -> None:
    if not modules and not outcomes:
        raise BadInput(
            "ECVET-CLAIM", N_("Say what the certificate stands for."), N_("Tick modules or outcomes, or both.")
        )
    needed = tidy(sum(one.hours for one in programme.modules if one.id in modules))
    if needed > wish.hours:
        raise Conflict(
            "ECVET-HOURS-SHORT",
            N_("These modules take %(needed)s h, and the certificate proves %(hours)s h."),
            N_("Accept fewer modules, or refuse."),
            params={"needed": needed, "hours": wish.hours},
        )


def _waivers(
    record: Record,
    found: Claim,
    chosen: tuple[tuple[str, ...], tuple[str, ...]],
    reason: str,
    by: Author,
    now: datetime,
) -> list[dict[str, Any]]:
    programme, account = record.programme, record.learner.account
    if account is None:
        raise NotFound("ECVET-LEARNER", N_("There is no such learner."))
    things: list[tuple[str, str, Mapping[str, str], float]] = [
        (one.iri, "module", one.title, one.hours) for one in programme.modules if one.id in chosen[0]
    ]
    things += [
        (one.iri, "objective", one.text, 0) for unit in programme.units for one in unit.outcomes if one.id in chosen[1]
    ]
    return [
        {
            "actor": account.actor,
            "verb": {"id": VERBS["waived"]},
            "object": {
                "objectType": "Activity",
                "id": iri,
                "definition": {"type": ACTIVITY_TYPES[kind], "name": dict(names)},
            },
            "result": {
                "success": True,
                "completion": True,
                "response": reason,
                **({"duration": f"PT{round(hours * 3600)}S"} if hours else {}),
                # One of the reasons that cmi5 names (9.5.5.2).
                "extensions": {EXTENSIONS["reason"]: "Equivalent Outside Activity"},
            },
            "context": {
                "instructor": by.agent,
                "contextActivities": {
                    "grouping": [{"id": programme.activity}],
                    "other": [{"id": f"{programme.activity}/prior/{found.id}"}],
                },
            },
            "timestamp": now.isoformat(),
        }
        for iri, kind, names, hours in things
    ]


def _voiding(by: Author, statement: str, now: datetime) -> dict[str, Any]:
    return {
        "actor": by.agent,
        "verb": {"id": VERBS["voided"]},
        "object": {"objectType": "StatementRef", "id": statement},
        "timestamp": now.isoformat(),
    }


def _of(conn: Connection, record: Record, id: str) -> Claim:
    found = next((one for one in of_learner(conn, record.learner.keys, record.programme.id) if one.id == id), None)
    if found is None:
        raise NotFound("ECVET-NO-CLAIM", N_("There is no such claim."), N_("Reload the page."))
    return found


def _claims(conn: Connection, *where: sa.ColumnElement[bool]) -> list[Claim]:
    rows = list(conn.execute(sa.select(claims).where(*where).order_by(claims.c.created_at.desc(), claims.c.id)))
    done: dict[str, list[Act]] = {row.id: [] for row in rows}
    query = sa.select(acts).join(claims, claims.c.id == acts.c.claim).where(*where).order_by(acts.c.number)
    for row in conn.execute(query):
        done[row.claim].append(
            Act(
                row.id,
                row.result,
                tuple(row.modules),
                tuple(row.outcomes),
                tuple(row.statements),
                row.reason,
                row.by_name,
                row.at,
            )
        )
    return [
        Claim(
            row.id,
            row.actor_key,
            row.programme,
            Wish(
                row.title,
                row.issuer,
                row.issued_on,
                tidy(row.hours),
                tuple(row.modules),
                tuple(row.outcomes),
                row.note,
            ),
            row.file,
            row.created_at,
            row.taken_back_at is not None,
            tuple(done[row.id]),
        )
        for row in rows
    ]
