"""What the record is worth, for many rows of the outbox at a time. Reads; the rules are in `score`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from lti_tool.ecvet import learners, record
from lti_tool.ecvet import store as ecvet
from lti_tool.ecvet.judge import Judgement
from lti_tool.gradebook.score import ModuleResult, module_result, unit_result
from lti_tool.gradebook.store import Delivery
from xapi.store import live_many

Statement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the learners of some rows: their statements, and where a unit is graded their judgement."""

    authority: Mapping[str, Any]
    statements: Mapping[str, Sequence[Statement]]
    """By actor key; of every account of the person."""
    judgements: Mapping[tuple[str, str], Judgement] = field(default_factory=dict)
    """By actor key and programme."""
    units: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Ids of units by programme and IRI."""

    def result(self, delivery: Delivery) -> ModuleResult | None:
        """What this row is worth now; None where there is nothing yet."""
        item = delivery.item
        if item.programme is None:
            return module_result(self.statements.get(delivery.actor_key, ()), item.activity, self.authority)
        judgement = self.judgements.get((delivery.actor_key, item.programme))
        unit = judgement.unit(self.units.get((item.programme, item.activity), "")) if judgement else None
        return unit_result([one.state for one in unit.outcomes], known=delivery.last is not None) if unit else None


def read(
    conn: Connection, rows: Sequence[Delivery], authority: Mapping[str, Any], base_url: str, now: datetime
) -> Known:
    """Everything that these rows rest on, with a handful of queries, however many they are."""
    keys = sorted({row.actor_key for row in rows})
    found = learners.by_key(conn, keys)
    accounts = {key: found[key].keys if key in found else (key,) for key in keys}
    by_account = live_many(conn, {account for some in accounts.values() for account in some})
    statements = {key: [one for account in some for one in by_account[account]] for key, some in accounts.items()}
    programmes = {row.item.programme for row in rows if row.item.programme is not None}
    if not programmes:
        return Known(authority, statements)
    judgements: dict[tuple[str, str], Judgement] = {}
    units: dict[tuple[str, str], str] = {}
    for programme in sorted(programmes):
        wanted = {row.actor_key for row in rows if row.item.programme == programme}
        judgements |= _judged(conn, programme, {k: one for k, one in found.items() if k in wanted}, now, base_url)
        current = ecvet.get(conn, programme)
        units |= {(programme, unit.iri): unit.id for unit in current.units} if current else {}
    return Known(authority, statements, judgements, units)


def _judged(
    conn: Connection, programme: str, wanted: Mapping[str, learners.Learner], now: datetime, base_url: str
) -> dict[tuple[str, str], Judgement]:
    """The judgements on these learners in the version they are enrolled in; without enrolment, in the current one."""
    some = _unique(wanted.values())
    by_person = {
        person: records[0].judgement
        for person, records in record.many(conn, some, now, base_url, programme).items()
        if records
    }
    rest = [one for one in some if one.person not in by_person]
    current = ecvet.get(conn, programme)
    if rest and current:
        outside = record.outside(conn, rest, current, now, base_url)
        by_person |= {person: one.judgement for person, one in outside.items()}
    return {(key, programme): by_person[one.person] for key, one in wanted.items() if one.person in by_person}


def _unique(some: Collection[learners.Learner]) -> list[learners.Learner]:
    return list({one.person: one for one in some}.values())
