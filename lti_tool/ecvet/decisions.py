"""What people decide about a unit: assess, validate, recognise. Separate, dated acts by persons of the institution.

2009 Recommendation, Annex II (OJ C 155, 8.7.2009): assessed by the one, validated and recognised by the competent
institution. An act is a row that is never changed: whoever errs withdraws it by a new one. The statement that tells of
it is a copy under an account of its own, which no programme trusts, so that no judgement ever reads it back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.ecvet import store
from lti_tool.ecvet.acts import FORMER, RESULTS, in_force
from lti_tool.ecvet.entries import Author
from lti_tool.ecvet.record import Record, UnitRecord, act, authority, shown
from lti_tool.errors import N_, BadInput, Conflict, NotFound
from lti_tool.people.roles import Action, may
from xapi.access import Principal
from xapi.recording import OnStored
from xapi.store import add
from xapi.vocabulary import ACTIVITY_TYPES, VERBS

Kind = Literal["assess", "validate", "recognise"]
KINDS: Final[tuple[Kind, ...]] = ("assess", "validate", "recognise")
COPIES: Final = "lti-tool-decisions"
UNDO: Final = timedelta(seconds=60)
"""How long "undo" takes an act back without a reason. Pages offer it right after the act, for ten seconds; the rest is
for slow lines. Afterwards an act is withdrawn with a reason."""
_VERBS: Final = {"assess": "scored", "validate": "satisfied", "recognise": "mastered"}
_FOUR_EYES: Final = {
    "validate": N_("You assessed this unit, so somebody else validates it: this programme asks for two persons."),
    "recognise": N_("You validated this unit, so somebody else recognises it: this programme asks for two persons."),
}
_ORDER: Final = N_("Look at the unit again: it shows what comes first.")
_LOCK: Final = 7420190203


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to decide. No outcomes: the unit as a whole."""

    kind: Kind
    result: str
    reason: str
    outcomes: tuple[str, ...] = ()


def open_to(record: Record, unit: UnitRecord, by: Author, base_url: str) -> tuple[Kind, ...]:
    """The acts on this unit that `by` may do now: the role allows them and their turn has come."""
    return tuple(
        kind
        for kind in KINDS
        if by.may_any((kind,), record)
        and _problem(record, unit, kind, RESULTS[kind][0], base_url) is None
        and not _same_eyes(record, unit, kind, by)
    )


def in_turn(record: Record, unit: UnitRecord, kind: Kind, base_url: str) -> bool:
    """Whether the turn of this act has come, for whoever has the role."""
    return _problem(record, unit, kind, RESULTS[kind][0], base_url) is None


def of_second(record: Record, unit: UnitRecord, by: Author, base_url: str) -> str:
    """Why somebody else does the act whose turn has come: `by` has the role and did the one before. "" otherwise."""
    kept = (
        _FOUR_EYES[kind]
        for kind in KINDS
        if _same_eyes(record, unit, kind, by) and by.may_any((kind,), record) and in_turn(record, unit, kind, base_url)
    )
    return next(kept, "")


def waits(state: str) -> Kind | None:
    """The act that a unit in this state waits for."""
    turns: dict[str, Kind] = {
        "demonstrated": "assess",
        "assessed_achieved": "validate",
        "validated": "recognise",
    }
    return turns.get(state)


def decide(
    conn: Connection,
    record: Record,
    unit: str,
    wish: Wish,
    by: Author,
    now: datetime,
    base_url: str,
    on_stored: OnStored | None = None,
) -> str:
    """The act is recorded, with a copy for the record store, of which `on_stored` is told; its id.

    `record` must be read in this transaction, after `take_turn`.

    Raises NotFound, BadInput (no reason, unknown outcomes), Forbidden (role, oneself), Conflict (out of turn).
    """
    found = record.unit(unit)
    if found is None:
        raise NotFound("ECVET-UNIT", N_("There is no such unit in this programme."))
    by.must_any((wish.kind,), record)
    if wish.kind not in KINDS or wish.result not in RESULTS[wish.kind]:
        raise BadInput("ECVET-RESULT", N_("Choose a result."), N_("Go back and tick one."))
    if set(wish.outcomes) - {outcome.id for outcome in found.unit.outcomes}:
        raise BadInput("ECVET-OUTCOME", N_("There is no such outcome in this unit."), N_("Go back and tick again."))
    if wish.outcomes and wish.kind != "assess":
        raise BadInput(
            "ECVET-WHOLE", N_("Units are validated and recognised as a whole."), N_("Assess single outcomes instead.")
        )
    problem = _problem(record, found, wish.kind, wish.result, base_url)
    if problem is not None:
        raise problem
    if wish.result == "granted" and _same_eyes(record, found, wish.kind, by):
        raise Conflict("ECVET-FOUR-EYES", _FOUR_EYES[wish.kind], N_("Ask a colleague of your institution."))
    outcomes = () if len(wish.outcomes) == len(found.unit.outcomes) else wish.outcomes
    return _write(
        conn, record, found, (wish.kind, wish.result, outcomes, _said(wish.reason), None), by, now, base_url, on_stored
    )


def withdraw(
    conn: Connection,
    record: Record,
    decision: str,
    reason: str,
    by: Author,
    now: datetime,
    base_url: str,
    on_stored: OnStored | None = None,
) -> str:
    """An act no longer counts, by a new act that says so; the id of the new one. Its copy is void.

    Raises NotFound, Forbidden, BadInput (no reason) or Conflict (withdrawn already, or others rest on it).
    """
    row = next((one for one in record.decisions if one.id == decision), None)
    found = record.unit(row.unit) if row is not None else None
    if row is None or found is None or row.kind == "withdraw":
        raise NotFound("ECVET-DECISION", N_("There is no such decision."))
    by.must_any((row.kind,), record)
    if decision not in standing(record, found):
        raise Conflict("ECVET-WITHDRAWN", N_("This was withdrawn already."), N_("There is nothing to do."))
    later = {"assess": ("validated", "recognised"), "validate": ("recognised",)}.get(row.kind, ())
    if found.judged.state in later:
        raise Conflict("ECVET-ORDER", N_("Later decisions rest on this one."), N_("Withdraw the later one first."))
    return _write(conn, record, found, ("withdraw", None, (), _said(reason), decision), by, now, base_url, on_stored)


def may_undo(row: sa.Row[Any], by: Author, now: datetime) -> bool:
    """Whether `by` did this just now, so that it can be taken back without giving a reason."""
    return row.by_key in by.keys and row.kind != "withdraw" and now - row.at <= UNDO


def standing(record: Record, unit: UnitRecord) -> frozenset[str]:
    """The ids of the acts on this unit that count."""
    counted = in_force([act(row) for row in record.decisions], unit.unit, record.at)
    return frozenset(one.id for one in counted if one.kind != "withdraw")


def _same_eyes(record: Record, unit: UnitRecord, kind: Kind, by: Author) -> bool:
    """Whether the programme asks for a second person and `by` is the first: one whose act before this stands."""
    if kind not in record.programme.two_persons:
        return False
    counts = standing(record, unit)
    return any(
        row.by_key in by.keys for row in record.acts_on(unit.unit.id) if row.kind == FORMER[kind] and row.id in counts
    )


def take_turn(conn: Connection) -> None:
    """Until the commit nobody else decides, so that no two acts meet whose order nobody checked.

    On SQLite whoever writes is alone already.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _said(reason: str) -> str:
    said = " ".join(reason.split())
    if not said or len(said) > 2000:
        raise BadInput(
            "ECVET-REASON", N_("A decision needs a reason."), N_("Go back and say in a sentence or two why.")
        )
    return said


def _problem(record: Record, unit: UnitRecord, kind: Kind, result: str, base_url: str) -> Conflict | None:
    """What stands in the way of this act, None where its turn has come."""
    state = unit.judged.state
    if kind == "assess":
        if state in ("validated", "recognised"):
            return Conflict("ECVET-ORDER", N_("This unit is validated already."), N_("Withdraw the validation first."))
        return None
    if kind == "validate":
        return _validation_problem(record, unit, result, base_url)
    if result == "refused" and state == "recognised":
        return None
    if state == "recognised":
        return Conflict("ECVET-DONE-ALREADY", N_("This unit is recognised already."), N_("There is nothing to do."))
    if state != "validated":
        return Conflict("ECVET-ORDER", N_("Only a validated unit can be recognised."), _ORDER)
    return None


def _validation_problem(record: Record, unit: UnitRecord, result: str, base_url: str) -> Conflict | None:
    state = unit.judged.state
    if state in ("validated", "recognised"):
        if result == "refused" and state == "validated":
            return None
        done = N_("This unit is validated already.")
        return Conflict("ECVET-DONE-ALREADY", done, N_("There is nothing to do."))
    alone = shown(record, base_url).unit(unit.unit.id)
    if alone is None or alone.state != "demonstrated":
        return Conflict("ECVET-ORDER", N_("Evidence for this unit is missing, so it can't be validated yet."), _ORDER)
    ready = ("assessed_achieved",) if unit.unit.assessment.by_person else ("assessed_achieved", "demonstrated")
    if state not in ready:
        return Conflict(
            "ECVET-ORDER", N_("Every outcome must be assessed as achieved before the unit is validated."), _ORDER
        )
    return None


def _write(
    conn: Connection,
    record: Record,
    unit: UnitRecord,
    done: tuple[str, str | None, Collection[str], str, str | None],
    by: Author,
    now: datetime,
    base_url: str,
    on_stored: OnStored | None,
) -> str:
    kind, result, outcomes, reason, supersedes = done
    id = str(uuid4())
    store.add_decision(
        conn,
        id=id,
        actor_key=record.enrolment.actor_key if record.enrolment else record.learner.keys[0],
        programme=record.programme.id,
        version=record.version_of(unit.unit.id),
        unit=unit.unit.id,
        outcomes=list(outcomes) or None,
        kind=kind,
        result=result,
        reason=reason,
        by_key=by.keys[0],
        by_name=by.name,
        institution=_institution(record, kind, by),
        at=now,
        supersedes=supersedes,
    )
    copy = _copy(record, unit, (id, *done), by, now)
    principal = Principal(authority=authority(base_url, COPIES), scopes=frozenset({"all"}), name="decisions")
    added = add(conn, principal, [copy], now)
    if on_stored is not None:
        on_stored(conn, added.stored)
    return id


def _institution(record: Record, kind: str, by: Author) -> str | None:
    """For whom the person acts: the institution of the grant that allows it, else that of the learner."""
    for grant in by.grants:
        actions: tuple[Action, ...] = KINDS if kind == "withdraw" else (kind,)  # type: ignore[assignment]  # KINDS are actions too
        where = {"institution": record.institution, "programme": record.programme.id}
        if grant.institution and any(may([grant], action, **where) for action in actions):
            return grant.institution
    return record.institution


def _copy(
    record: Record,
    unit: UnitRecord,
    done: tuple[str, str, str | None, Collection[str], str, str | None],
    by: Author,
    now: datetime,
) -> dict[str, Any]:
    id, kind, result, outcomes, reason, supersedes = done
    if supersedes:
        return {
            "id": id,
            "actor": by.agent,
            "verb": {"id": VERBS["voided"]},
            "object": {"objectType": "StatementRef", "id": supersedes},
            "timestamp": now.isoformat(),
        }
    account = record.learner.account
    if account is None:
        raise NotFound("ECVET-LEARNER", N_("There is no such learner."))
    activities: dict[str, Any] = {"grouping": [{"id": record.programme.activity}]}
    if outcomes:
        activities["other"] = [{"id": one.iri} for one in unit.unit.outcomes if one.id in outcomes]
    return {
        "id": id,
        "actor": account.actor,
        "verb": {"id": VERBS[_VERBS[kind]]},
        "object": {
            "objectType": "Activity",
            "id": unit.unit.iri,
            "definition": {"type": ACTIVITY_TYPES["objective"], "name": dict(unit.unit.title)},
        },
        "result": {"success": result in ("achieved", "granted"), "response": reason},
        "context": {"instructor": by.agent, "contextActivities": activities},
        "timestamp": now.isoformat(),
    }
