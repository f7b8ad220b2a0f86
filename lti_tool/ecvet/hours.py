"""Hours by mode: planned, recorded, and what is only declared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

from lti_tool.ecvet.live import Heard, Live
from lti_tool.ecvet.rules import ADL, TOOL, Matcher
from lti_tool.ecvet.terms import Mode, Module, Programme, Unit
from xapi.vocabulary import VERBS

HOUR = 3600.0
BEGIN = ADL + "initialized"
PROGRESS = ADL + "progressed"
END = ADL + "terminated"
_RETURNED = Matcher((VERBS["commented"],), sources=(TOOL,))
"""Somebody sent an entry of this activity back to the learner."""


@dataclass(frozen=True, slots=True)
class HoursLine:
    """Hours of one mode. `recorded` counts; `declared` is that part of it which only the learner has said (self-study);
    `waiting` is what the learner entered and nobody has confirmed or returned yet, and is not part of `recorded`;
    `excused` is that part of it which was learnt before, and accepted as such."""

    planned: float
    recorded: float
    declared: float = 0
    waiting: float = 0
    excused: float = 0


@dataclass(frozen=True, slots=True)
class Record:
    """The statements that record hours of one mode, and the declared ones that wait for a confirmation; of these,
    `returned` went back to the learner, and wait for nobody else."""

    confirmed: frozenset[Heard] = frozenset()
    waiting: frozenset[Heard] = frozenset()
    returned: frozenset[Heard] = frozenset()

    @property
    def hours(self) -> float:
        return in_hours(sum(one.seconds for one in self.confirmed))

    @property
    def hours_waiting(self) -> float:
        return in_hours(sum(one.seconds for one in self.waiting - self.returned))

    def reached(self, hours: float) -> datetime | None:
        """When this many hours were reached; None where they are not."""
        total = 0.0
        for one in sorted(self.confirmed, key=lambda one: (one.at, one.id)):
            total += one.seconds
            if total >= hours * HOUR - 0.5:
                return one.at
        return None

    def __or__(self, other: Record) -> Record:
        return Record(self.confirmed | other.confirmed, self.waiting | other.waiting, self.returned | other.returned)


def in_hours(seconds: float) -> float:
    """Hours to the hundredth, whole ones as int."""
    hours = round(seconds / HOUR, 2)
    return int(hours) if hours.is_integer() else hours


@lru_cache(maxsize=4096)
def _about(matcher: Matcher, name: str, iri: str) -> Matcher:
    return matcher.filled({name: iri})


def record(mode: Mode, unit: Unit, live: Live) -> Record:
    """What is recorded in the unit for a mode that somebody confirms. A declared entry waits until some confirmed
    one is about the same activity."""
    confirmed = {one for matcher in mode.recorded for one in live.select(_about(matcher, "unit", unit.iri))}
    declared = {one for matcher in mode.declared for one in live.select(_about(matcher, "unit", unit.iri))}
    settled = {one.activity for one in confirmed}
    waiting = frozenset(one for one in declared if one.activity not in settled)
    back = {one.activity for one in live.select(_RETURNED)} if waiting else set()
    return Record(frozenset(confirmed), waiting, frozenset(one for one in waiting if one.activity in back))


@dataclass(frozen=True, slots=True)
class Online:
    """Seconds spent in a module: in sessions, before (accepted prior learning) and, as the learner says, in self-study;
    together capped at planned."""

    sessions: float
    declared: float
    excused: float = 0


def online(mode: Mode, module: Module, live: Live, events: Sequence[Heard], excused: float = 0) -> Online:
    """Session time and declared self-study of one module. `events`: all statements on its activities, oldest first."""
    planned = module.hours * HOUR
    sessions = 0.0
    said = about_module(mode, module, live)
    if mode.sessions:
        sources, cut = mode.sessions.sources, mode.sessions.idle_cut
        # What is declared was not done in the module: it is no sign that somebody was there.
        there = (one for one in events if one.source in sources and one not in said)
        sessions = min(planned, session_seconds(there, cut))
    before = min(planned - sessions, excused)
    declared = min(planned - sessions - before, sum(one.seconds for one in said))
    return Online(sessions, max(0.0, declared), max(0.0, before))


def about_module(mode: Mode, module: Module, live: Live) -> frozenset[Heard]:
    """The statements by which the learner declares hours of this mode for the module."""
    return frozenset(one for matcher in mode.declared for one in live.select(_about(matcher, "module", module.iri)))


def session_seconds(events: Iterable[Heard], idle_cut: float) -> float:
    """The time of all sessions. A session runs from `initialized` to `terminated`; where one of them is missing, to
    the next or from the last. Its time is the sum of the gaps between its statements, each cut at `idle_cut` seconds,
    or what the page itself measured as duration (of the session so far), whichever is more.

    Times and durations of a page are its own word, so no session takes longer than the server saw it last: from
    `stored` to `stored`, with each gap cut likewise. Where a file does not say when they were stored, nothing is known.
    """
    total = gaps = measured = 0.0
    last: datetime | None = None
    stored: list[datetime | None] = []
    for one in sorted(events, key=lambda one: (one.at, one.verb != BEGIN, one.verb == END, one.id)):
        if one.verb == BEGIN:
            total += min(max(gaps, measured), seen_seconds(stored, idle_cut))
            gaps = measured = 0.0
            last = None
            stored = []
        stored.append(one.stored)
        if last is not None:
            gaps += min(idle_cut, (one.at - last).total_seconds())
        last = one.at
        if one.verb in (PROGRESS, END):
            measured = max(measured, one.seconds)
        if one.verb == END:
            total += min(max(gaps, measured), seen_seconds(stored, idle_cut))
            gaps = measured = 0.0
            last = None
            stored = []
    return total + min(max(gaps, measured), seen_seconds(stored, idle_cut))


def seen_seconds(stored: Iterable[datetime | None], idle_cut: float) -> float:
    """How long a session lasted by the server's own clock, each gap cut; endless where it was not noted."""
    noted = list(stored)
    times = sorted(one for one in noted if one is not None)
    if len(times) < len(noted) or not times:
        return math.inf
    return sum(min(idle_cut, (later - earlier).total_seconds()) for earlier, later in pairwise(times))


def module_of(programme: Programme, activity: str) -> str:
    """The id of the module that this activity is or belongs to; "" where it is none of the programme."""
    prefix = programme.iri + "module/"
    if not activity.startswith(prefix):
        return ""
    id = activity[len(prefix) :].replace("#", "/").replace("?", "/").split("/")[0]
    return id if programme.module(id) else ""
