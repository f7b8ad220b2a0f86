"""What a learner has shown and what people have decided, judged: a pure function, explained and reproducible.

Statements lead to *demonstrated* at most. Assessed, validated and recognised are acts of people, given as a second
argument; statements that tell of such acts are copies and never read as decisions. The same statements in any order,
repeated or late, give the same judgement; more of them never lower a demonstrated outcome, unless they void others.
Time lowers it only where the evidence runs out: by the validity of its unit, or by a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from lti_tool.ecvet import validity
from lti_tool.ecvet.acts import Decision, Standing, in_force, standings
from lti_tool.ecvet.evidence import Evidence, Verdict, waiver
from lti_tool.ecvet.frozen import Frozen
from lti_tool.ecvet.hours import HoursLine, Online, Record, in_hours, module_of, online, record
from lti_tool.ecvet.live import EARLIEST, Heard, Live, Statement, Trusted, listen
from lti_tool.ecvet.reasons import Reason, reason
from lti_tool.ecvet.terms import Module, Outcome, Programme, Unit, tidy
from lti_tool.ecvet.validity import Weigher, spans, weigh
from xapi.scalars import write_time

__all__ = [
    "STATES",
    "Decision",
    "HoursLine",
    "Judgement",
    "ModuleJudgement",
    "OutcomeJudgement",
    "Reason",
    "UnitJudgement",
    "judge",
]

STATES = (
    "not_started",
    "in_progress",
    "demonstrated",
    "assessed_not_yet",
    "assessed_achieved",
    "validated",
    "recognised",
)
_ASSESSED = ("assessed_achieved", "validated", "recognised")


@dataclass(frozen=True, slots=True)
class ModuleJudgement:
    """A module for this learner: not_started, in_progress or demonstrated (done). `scaled`: the best score among the
    evidence, from -1 to 1, or None. `since`: when it was done."""

    id: str
    state: str
    evidence: tuple[str, ...]
    why: tuple[Reason, ...]
    scaled: float | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutcomeJudgement:
    """`evidence`: ids of statements. `why`: what led here, or what is left."""

    id: str
    state: str
    evidence: tuple[str, ...]
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class UnitJudgement:
    """`points`: those of the link once the unit is validated, else 0. `next`: the one next thing, None at the end."""

    id: str
    state: str
    points: float
    why: tuple[Reason, ...]
    outcomes: tuple[OutcomeJudgement, ...]
    next: Reason | None
    hours: Frozen[HoursLine]


@dataclass(frozen=True, slots=True)
class Judgement:
    programme: str
    version: str
    units: tuple[UnitJudgement, ...]
    modules: tuple[ModuleJudgement, ...]
    points: float
    hours: Frozen[HoursLine]

    def unit(self, id: str) -> UnitJudgement | None:
        return next((unit for unit in self.units if unit.id == id), None)

    def module(self, id: str) -> ModuleJudgement | None:
        return next((module for module in self.modules if module.id == id), None)


def judge(
    programme: Programme,
    statements: Iterable[Statement],
    decisions: Iterable[Decision],
    now: datetime,
    trusted: Trusted,
) -> Judgement:
    """The judgement on one learner at the moment `now` (aware). `statements`: all of this person, under whatever actor;
    `trusted`: by source name the account that vouches ({"homePage", "name"}; without homePage, any). What is later
    than `now` does not count."""
    live = listen(statements, trusted, now)
    events: dict[str, list[Heard]] = {}
    activities = {one.activity for one in live.heard}
    module_at = {activity: module_of(programme, activity) for activity in activities}
    for one in live.heard:
        if id := module_at[one.activity]:
            events.setdefault(id, []).append(one)
    begun = frozenset(events)
    alone = Evidence(live, {}, {}, begun)
    done = {module.id: alone.weigh_or_waived(module.rule, module.iri) for module in programme.modules}
    spent = {module.id: time_online(programme, module, live, events.get(module.id, [])) for module in programme.modules}
    records = {unit.id: _records(programme, unit, live) for unit in programme.units}
    acts = tuple(decisions)
    units = tuple(
        _unit(
            unit,
            _weigher(programme, unit, live, done, records[unit.id], begun),
            live,
            spans(programme, unit),
            in_force(acts, unit, now),
            programme.two_persons,
            _lines(programme, unit.hours, records[unit.id], [spent[id] for id in unit.modules]),
            any(activity == unit.iri or activity.startswith(unit.iri + "/") for activity in activities),
        )
        for unit in programme.units
    )
    return Judgement(
        programme=programme.id,
        version=programme.version,
        units=units,
        modules=tuple(_module(module, done[module.id], live) for module in programme.modules),
        points=tidy(sum(unit.points for unit in units)),
        hours=_programme_hours(programme, records, spent),
    )


def _module(module: Module, verdict: Verdict, live: Live) -> ModuleJudgement:
    state = "demonstrated" if verdict.met else "in_progress" if verdict.begun else "not_started"
    ids = set(verdict.evidence)
    scores = [one.scaled for one in live.heard if one.id in ids and one.scaled is not None] if ids else []
    return ModuleJudgement(module.id, state, verdict.evidence, verdict.why, max(scores, default=None), verdict.since)


def _weigher(
    programme: Programme,
    unit: Unit,
    live: Live,
    done: Mapping[str, Verdict],
    recorded: Mapping[str, Record],
    begun: frozenset[str],
) -> Weigher:
    def records(some: Live) -> Mapping[str, Record]:
        return recorded if some is live else _records(programme, unit, some)

    return lambda at=None: weigh(programme, unit, live, done, records, begun, at)


def _unit(
    unit: Unit,
    weigher: Weigher,
    live: Live,
    lasting: frozenset[str],
    acts: tuple[Decision, ...],
    two_persons: frozenset[str],
    hours: Frozen[HoursLine],
    touched: bool,
) -> UnitJudgement:
    weighed = weigher()
    verdicts, own = weighed.outcomes, weighed.own
    stood, notes = standings(unit, acts, lambda at: weigher(at).met, two_persons)
    outcomes = tuple(_outcome(outcome, verdicts[outcome.id], stood[outcome.id]) for outcome in unit.outcomes)
    states = [outcome.state for outcome in outcomes]
    shown = own.met and all(state == "demonstrated" or state in _ASSESSED for state in states)
    if states and all(state in _ASSESSED for state in states):
        state = min(states, key=STATES.index)
    elif "assessed_not_yet" in states:
        state = "assessed_not_yet"
    elif shown and states:
        state = "demonstrated"
    else:
        begun = touched or own.begun or any(state != "not_started" for state in states)
        state = "in_progress" if begun else "not_started"
    unsettled = [verdicts[outcome.id] for outcome in outcomes if outcome.state not in _ASSESSED]
    left = tuple(dict.fromkeys(one for verdict in (own, *unsettled) if not verdict.met for one in verdict.why))
    since = max([own.since or EARLIEST, *(verdict.since or EARLIEST for verdict in verdicts.values())])
    why, turn = _explain(state, stood, since, left, states)
    if lasting and live.now is not None:
        notes += validity.notes(validity.ends(lasting, live, weigher), live.now, state, _ASSESSED)
    return UnitJudgement(
        id=unit.id,
        state=state,
        points=unit.points if state in ("validated", "recognised") else 0,
        why=(*why, *notes),
        outcomes=outcomes,
        next=turn,
        hours=hours,
    )


def _outcome(outcome: Outcome, verdict: Verdict, standing: Standing) -> OutcomeJudgement:
    if standing.state:
        why = (_act(standing), *(verdict.why if standing.state == "assessed_not_yet" else ()))
        return OutcomeJudgement(outcome.id, standing.state, verdict.evidence, why)
    if verdict.met:
        why = (reason("evidence_complete", since=_since(verdict.since or EARLIEST)),)
        return OutcomeJudgement(outcome.id, "demonstrated", verdict.evidence, why)
    state = "in_progress" if verdict.begun else "not_started"
    return OutcomeJudgement(outcome.id, state, verdict.evidence, verdict.why)


def _explain(
    state: str, stood: dict[str, Standing], since: datetime, left: tuple[Reason, ...], states: list[str]
) -> tuple[tuple[Reason, ...], Reason | None]:
    """Why a unit is in this state, and the one next thing."""
    act = _decisive(state, stood)
    at = _since(act.act.at) if act and act.act else ""
    said = (_act(act),) if act else ()
    doable = next((one for one in left if one.code != "not_trusted"), None)
    if state == "recognised":
        return said, None
    if state == "validated":
        wait = reason("waits_for_recognition", since=at)
        return (*said, wait), wait
    if state == "assessed_achieved":
        wait = reason("waits_for_validation", since=at)
        return (*said, wait, *left), wait
    if state == "assessed_not_yet":
        wait = reason("waits_for_assessment", since=at)
        return (*said, *left, *(() if doable else (wait,))), doable or wait
    settled = sum(one in _ASSESSED for one in states)
    part = (reason("assessed_in_part", count=settled, total=len(states)),) if settled else ()
    if state == "demonstrated":
        wait = reason("waits_for_assessment", since=_since(since))
        return (reason("evidence_complete", since=_since(since)), *part, wait), wait
    return (*left, *part), doable


def _decisive(state: str, stood: dict[str, Standing]) -> Standing | None:
    """The act that brought the unit into this state: the latest of those that brought its outcomes there."""
    found = [one for one in stood.values() if one.state == state and one.act]
    return max(found, key=lambda one: (one.act.at, one.act.id) if one.act else (EARLIEST, ""), default=None)


def _act(standing: Standing) -> Reason:
    act = standing.act
    names = {"by": act.by, "institution": act.institution, "at": write_time(act.at)} if act else {}
    if act and standing.state == "assessed_not_yet":
        names["reason"] = act.reason
    return reason(standing.state, **names)


def _since(moment: datetime) -> str:
    return write_time(moment) if moment > EARLIEST else ""


def _records(programme: Programme, unit: Unit, live: Live) -> dict[str, Record]:
    return {mode.id: record(mode, unit, live) for mode in programme.modes if not mode.sessions}


def time_online(programme: Programme, module: Module, live: Live, events: list[Heard]) -> Online:
    """The time that the learner spent in a module. `events`: all statements on its activities."""
    mode = next((mode for mode in programme.modes if mode.sessions), None)
    if mode is None:
        return Online(0, 0)
    excused = sum(one.seconds for one in live.select(waiver(module.iri)))
    return online(mode, module, live, events, excused)


def _lines(
    programme: Programme, planned: Frozen[float], records: Mapping[str, Record], spent: list[Online]
) -> Frozen[HoursLine]:
    lines = {}
    for mode in programme.modes:
        if mode.sessions:
            seconds = sum(one.sessions + one.declared + one.excused for one in spent)
            declared = in_hours(sum(one.declared for one in spent))
            excused = in_hours(sum(one.excused for one in spent))
            lines[mode.id] = HoursLine(planned[mode.id], in_hours(seconds), declared, 0, excused)
        else:
            entered = records[mode.id]
            lines[mode.id] = HoursLine(planned[mode.id], entered.hours, 0, entered.hours_waiting)
    return Frozen(lines)


def _programme_hours(
    programme: Programme, records: dict[str, dict[str, Record]], spent: dict[str, Online]
) -> Frozen[HoursLine]:
    # A seminar that counts in two units is still one seminar: records are joined by statement, not added.
    joined = {mode.id: Record() for mode in programme.modes if not mode.sessions}
    for by_mode in records.values():
        for mode, one in by_mode.items():
            joined[mode] = joined[mode] | one
    return _lines(programme, programme.hours, joined, list(spent.values()))
