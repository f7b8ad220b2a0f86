"""What lists and figures need of a learner's record in one programme: made from a judgement, and nothing of its own.

A summary is kept (`summary_rows`) so that pages over thousands of learners need not judge them all. It says nothing
that the judge did not say: `lti-tool programme verify` makes it anew and compares.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib import resources

from lti_tool.ecvet import (
    acts,
    credit,
    decisions,
    entries,
    evidence,
    hours,
    judge,
    live,
    offline,
    record,
    rules,
    validity,
    versions,
)
from lti_tool.ecvet.record import Record, UnitRecord
from lti_tool.ecvet.terms import tidy
from xapi.scalars import read_time

_JUDGES = (acts, credit, decisions, entries, evidence, hours, judge, live, offline, record, rules, validity, versions)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a person with a role: an act on a unit, or ("hours") the confirmation of an entry.
    `since` None: for as long as anybody asks."""

    kind: str
    unit: str
    position: int
    since: datetime | None
    entry: str = ""
    mode: str = ""
    hours: float = 0
    text: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.kind, self.unit, self.entry, self.mode)


@dataclass(frozen=True, slots=True)
class Summary:
    """One learner in one programme. `states`: (unit, state) in the programme's order; `hours`: recorded, over all
    modes; `last`: of any statement; `complete`: every unit is validated; `until`: the next moment at which the same
    statements and acts are judged otherwise by the time alone, None where there is none."""

    version: str
    states: tuple[tuple[str, str], ...]
    points: float
    hours: float
    last: datetime | None
    complete: bool
    waiting: tuple[Waiting, ...]
    until: datetime | None


def summarise(record: Record, base_url: str) -> Summary:
    """The summary of a record as it was judged."""
    waiting = (*_acts(record, base_url), *_hours(record, base_url))
    moments = _moments(record)
    return Summary(
        version=record.programme.version,
        states=tuple((one.unit.id, one.judged.state) for one in record.units),
        points=record.judgement.points,
        hours=tidy(sum(line.recorded for line in record.judgement.hours.values())),
        last=max(moments, default=None),
        complete=record.awarded == len(record.programme.units),
        waiting=tuple(sorted(waiting, key=lambda one: one.key)),
        until=_until(record, moments),
    )


def _acts(record: Record, base_url: str) -> Iterable[Waiting]:
    for one in record.units:
        kind = decisions.waits(one.judged.state)
        if kind and decisions.in_turn(record, one, kind, base_url):
            yield Waiting(kind, one.unit.id, one.unit.position, _since(one))


def _since(one: UnitRecord) -> datetime | None:
    return read_time(str(one.judged.next.params.get("since", ""))) if one.judged.next else None


def _hours(record: Record, base_url: str) -> Iterable[Waiting]:
    units = {one.unit.id: one for one in record.units if any(line.waiting for line in one.judged.hours.values())}
    if not units:
        return
    for entry in entries.entries(record, base_url, units):
        if entry.waiting and not entry.returned:
            position = units[entry.unit].unit.position
            text = entry.tasks[:2000]
            yield Waiting("hours", entry.unit, position, entry.at, entry.id, entry.mode, entry.hours, text)


def _moments(record: Record) -> list[datetime]:
    return [moment for one in record.statements if (moment := read_time(str(one["timestamp"])))]


def _until(record: Record, moments: list[datetime]) -> datetime | None:
    """No later than the next moment at which the time alone changes something: a statement or act of the future begins
    to count, or one ceases to be valid. The judge may well say the same afterwards."""
    changes = [*moments, *(row.at for row in record.decisions)]
    for span in {span for unit in record.programme.units for span in validity.spans(record.programme, unit)}:
        changes += [live.runs_out(one, span) for one in moments]
    return min((one for one in changes if one > record.at), default=None)


@cache
def judge_version(base_url: str) -> str:
    """A name for how this process judges: another as soon as a line of the judge, or the tool's address, is another."""
    digest = sha256(base_url.encode())
    for name in (*(module.__name__ for module in _JUDGES), __name__):
        digest.update(resources.files("lti_tool.ecvet").joinpath(f"{name.rpartition('.')[2]}.py").read_bytes())
    return digest.hexdigest()[:16]
