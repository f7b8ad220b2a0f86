"""For how long the evidence of a unit counts: its validity in time (2009 Recommendation, Annex II.1), from the time of
each statement on. Pure.

Evidence that has run out lowers what was shown; what people decided stays, and their acceptance of prior learning is
such a decision. Hours that were recorded stay recorded: they tell what was done, not what is known today.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from lti_tool.ecvet.evidence import Evidence, Verdict
from lti_tool.ecvet.hours import Record
from lti_tool.ecvet.live import Live, runs_out
from lti_tool.ecvet.reasons import Reason, reason
from lti_tool.ecvet.rules import matchers, module_ids
from lti_tool.ecvet.terms import Programme, Unit
from xapi.scalars import write_time

NEAR: Final = timedelta(days=90)
"""So long before evidence runs out a record says so."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What is shown of a unit at some moment: of each outcome, by id, and of the unit's own rule."""

    outcomes: Mapping[str, Verdict]
    own: Verdict

    @property
    def met(self) -> frozenset[str]:
        """The outcomes that are shown."""
        return frozenset(id for id, verdict in self.outcomes.items() if verdict.met)

    @property
    def whole(self) -> bool:
        """Whether all of the unit is shown."""
        return self.own.met and bool(self.outcomes) and len(self.met) == len(self.outcomes)


Records = Callable[[Live], Mapping[str, Record]]
"""The hours of a unit by mode, as these statements record them."""


class Weigher(Protocol):
    """What is shown of one unit at a moment; without one, at the moment of the judgement."""

    def __call__(self, at: datetime | None = None) -> Weighed: ...


def weigh(
    programme: Programme,
    unit: Unit,
    live: Live,
    modules: Mapping[str, Verdict],
    records: Records,
    begun: frozenset[str],
    at: datetime | None = None,
) -> Weighed:
    """What the statements show of the unit, as far as they have not run out at the moment `at` (None: at the moment of
    `live`). `modules`: what they show of modules, whatever their age."""
    if unit.validity or at is not None:
        live = live.lasting(unit.validity, at)
        alone = Evidence(live, {}, {}, begun)
        wanted = {id for rule in (unit.rule, *(one.rule for one in unit.outcomes)) for id in module_ids(rule)}
        modules = {one.id: alone.weigh_or_waived(one.rule, one.iri) for one in programme.modules if one.id in wanted}
    evidence = Evidence(live, modules, records(live), begun)
    outcomes = {one.id: evidence.weigh_or_waived(one.rule, one.iri) for one in unit.outcomes}
    return Weighed(outcomes, evidence.weigh(unit.rule))


def spans(programme: Programme, unit: Unit) -> frozenset[str]:
    """For how long statements count that the unit may rest on: by its own validity, and by what rules ask."""
    asked = [unit.rule, *(one.rule for one in unit.outcomes)]
    wanted = {id for rule in asked for id in module_ids(rule)}
    asked += [one.rule for one in programme.modules if one.id in wanted]
    found = {f"P{one.valid_months}M" for rule in asked for one in matchers(rule) if one.valid_months}
    return frozenset(found | ({unit.validity} if unit.validity else set()))


def ends(spans: Collection[str], live: Live, at: Weigher) -> datetime | None:
    """When a unit is, or was, no longer shown as a whole if nothing is added: the moment at which something runs out
    that it rests on. None where it never was shown, or lasts. `at`: what is shown of it at a moment."""
    moments = sorted({runs_out(one.at, span) for one in live.heard for span in spans})
    if not moments or not at(moments[0] - timedelta.resolution).whole:
        return None
    # What has run out does not come back: the moments at which all is shown come first.
    first, last = 0, len(moments)
    while first < last:
        middle = (first + last) // 2
        if at(moments[middle]).whole:
            first = middle + 1
        else:
            last = middle
    return moments[first] if first < len(moments) else None


def notes(end: datetime | None, now: datetime, state: str, settled: Collection[str]) -> tuple[Reason, ...]:
    """What the record says of the end of a unit in this state. `settled`: the states that people's acts lead to."""
    if end is None or (state != "demonstrated" and state not in settled):
        return ()
    if end <= now:
        return (reason("evidence_ran_out", since=write_time(end)),)
    return (reason("evidence_lasts", until=write_time(end)),) if end - now <= NEAR else ()
