"""Statements as the judge hears them: only those that count, each once, by verb and activity.

A statement counts by whom it came from (DESIGN, "Whose word counts"): its authority must be one of those that the
caller trusts. That is settled before anything else, so that a forged copy can neither hide nor void a real statement.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from lti_tool.ecvet.rules import TOOL, VERBS, Matcher
from xapi.scalars import read_duration, read_time
from xapi.vocabulary import VOIDED

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
WAIVED = VERBS["waived"]
_NONE: frozenset[str] = frozenset()
Statement = Mapping[str, Any]
Trusted = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the judge needs of one statement. `seconds`: its duration, 0 without one (months are no measure of time
    spent, so a duration with years or months counts as none). `source` is "" where nobody trusted vouches for it."""

    at: datetime
    id: str
    source: str
    verb: str
    activity: str
    type: str
    parents: frozenset[str]
    seconds: float
    scaled: float | None
    success: bool | None
    stored: datetime | None = None
    """When the store took it, by the store's own clock; None in a file that does not say."""

    def __hash__(self) -> int:
        return hash(self.id)  # equal ones have equal ids; hashing all fields took a fifth of a judgement


class Live:
    """The statements that count, and those that would if somebody trusted vouched for them."""

    def __init__(
        self,
        heard: Iterable[Heard],
        untrusted: Iterable[Heard] = (),
        now: datetime | None = None,
        gone: Iterable[tuple[Heard, datetime]] = (),
    ) -> None:
        self.heard = tuple(heard)
        self.now = now
        self.untrusted = tuple(untrusted)
        self.gone = tuple(gone)
        """Those that counted once, and until when."""

    @cached_property
    def _by_verb(self) -> dict[str, list[Heard]]:
        index: dict[str, list[Heard]] = {}
        for one in self.heard:
            index.setdefault(one.verb, []).append(one)
        return index

    @cached_property
    def _index(self) -> dict[tuple[str, str], list[Heard]]:
        index: dict[tuple[str, str], list[Heard]] = {}
        for one in self.heard:
            index.setdefault((one.verb, one.activity), []).append(one)
        return index

    def select(self, matcher: Matcher) -> tuple[Heard, ...]:
        """Those that match, oldest first; ties by id."""
        chosen = {one for one in self._near(matcher) if matches(one, matcher) and self._valid(one, matcher)}
        return tuple(sorted(chosen, key=_order)) if len(chosen) > 1 else tuple(chosen)

    def by_id(self, ids: Iterable[str]) -> tuple[Heard, ...]:
        """Those of these ids, oldest first."""
        wanted = set(ids)
        return tuple(sorted((one for one in self.heard if one.id in wanted), key=_order)) if wanted else ()

    def lasting(self, validity: str | None, at: datetime | None = None) -> Live:
        """What is left at the moment `at` (None: now) where a statement counts for `validity` from its own time; None:
        for ever. That prior learning was accepted is a person's act, and stays."""
        moment = at or self.now
        if validity is None or moment is None:
            return Live(self.heard, self.untrusted, moment)
        ends = [(one, runs_out(one.at, validity)) for one in self.heard]
        stay = [one for one, end in ends if moment < end or (one.verb == WAIVED and one.source == TOOL)]
        left = frozenset(stay)
        return Live(stay, self.untrusted, moment, ((one, end) for one, end in ends if one not in left))

    def ran_out(self, matcher: Matcher) -> datetime | None:
        """Until when the last of those counted that match and do no longer; None where there is none."""
        ends = [(one, end) for one, end in self.gone if matches(one, matcher)]
        if matcher.valid_months:
            ends += [(one, LATEST) for one in self.select(replace(matcher, valid_months=0))]
            ends = [(one, min(end, months_later(one.at, matcher.valid_months))) for one, end in ends]
        return max((end for _one, end in ends), default=None)

    def _valid(self, one: Heard, matcher: Matcher) -> bool:
        return not matcher.valid_months or self.now is None or self.now < months_later(one.at, matcher.valid_months)

    def unvouched(self, matcher: Matcher) -> int:
        """How many would match if their authority were trusted as the matcher asks."""
        others = [one for one in self._near(matcher) if one.source not in matcher.sources]
        return sum(matches(one, matcher, by_source=False) for one in (*self.untrusted, *others))

    def _near(self, matcher: Matcher) -> Iterable[Heard]:
        """No fewer than those that match; few, as a judgement asks some hundred times."""
        if not matcher.verbs:
            return self.heard
        if matcher.activities and all(one.end is None for one in matcher.activities):
            keys = [(verb, activity.begin) for verb in matcher.verbs for activity in matcher.activities]
            return (one for key in keys for one in self._index.get(key, ()))
        return (one for verb in matcher.verbs for one in self._by_verb.get(verb, ()))


def _order(one: Heard) -> tuple[datetime, str]:
    return (one.at, one.id)


def months_later(moment: datetime, months: int) -> datetime:
    """The same day of a later month, or its last day where it has none such."""
    month = moment.month - 1 + months
    year, month = moment.year + month // 12, month % 12 + 1
    if year > 9999:
        return LATEST
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))


def runs_out(moment: datetime, validity: str) -> datetime:
    """So much later (an ISO 8601 duration in years, months or days: P5Y, P18M, P90D), or the end of all times."""
    number, unit = int(validity[1:-1]), validity[-1]
    if unit == "D":
        return moment + timedelta(days=number) if LATEST - moment > timedelta(days=number) else LATEST
    return months_later(moment, number * 12 if unit == "Y" else number)


def matches(one: Heard, matcher: Matcher, by_source: bool = True) -> bool:
    return (
        (not by_source or one.source in matcher.sources)
        and (not matcher.verbs or one.verb in matcher.verbs)
        and (not matcher.activities or any(pattern.fits(one.activity) for pattern in matcher.activities))
        and (not matcher.types or one.type in matcher.types)
        and (not matcher.parents or not one.parents.isdisjoint(matcher.parents))
        and (matcher.min_scaled is None or (one.scaled is not None and one.scaled >= matcher.min_scaled))
        and (matcher.success is None or one.success is matcher.success)
    )


def listen(statements: Iterable[Statement], trusted: Trusted, now: datetime) -> Live:
    """What counts of these statements at the moment `now`: not voided by then, not later than then, each id once.
    The order of the statements, repeats of one id and forged authorities make no difference."""
    sources = {(part.get("homePage"), part.get("name")): name for name, part in sorted(trusted.items())}
    kept: dict[str, tuple[Heard, Statement]] = {}
    untrusted: dict[str, Heard] = {}
    voidings: list[tuple[str, str, object]] = []
    for statement in statements:
        source = _source(statement.get("authority"), sources)
        at = _moment(statement)
        if at > now:
            continue
        if source and _verb(statement) == VOIDED:
            target = _mapping(statement.get("object")).get("id")
            voidings.append((str(target).lower(), source, _account(statement.get("authority"))))
            continue
        one = _heard(statement, source, at)
        if not source:
            untrusted[one.id] = one
        elif one.id not in kept or _rank(one, statement) < _rank(*kept[one.id]):
            kept[one.id] = (one, statement)
    for id, source, account in voidings:
        # The store has checked who may void what; of a bare list, only the tool and the author himself may.
        if id in kept and (source == TOOL or account == _account(kept[id][1].get("authority"))):
            del kept[id]
    return Live((one for one, _ in kept.values()), untrusted.values(), now)


def _rank(one: Heard, statement: Statement) -> tuple[bool, str]:
    """Which of two statements with one id is heard: the tool's, else the first by content. A store never holds two;
    a bare list may, and neither their order nor a learner's page may decide."""
    return (one.source != TOOL, json.dumps(statement, sort_keys=True, default=str))


def _source(authority: object, sources: Mapping[tuple[str | None, str | None], str]) -> str:
    home, name = _account(authority)
    return sources.get((home, name)) or sources.get((None, name)) or "" if name else ""


def _account(authority: object) -> tuple[str | None, str | None]:
    account = _mapping(_mapping(authority).get("account"))
    home, name = account.get("homePage"), account.get("name")
    return (home, name) if isinstance(home, str) and isinstance(name, str) else (None, None)


def _heard(statement: Statement, source: str, at: datetime) -> Heard:
    target = _mapping(statement.get("object"))
    result = _mapping(statement.get("result"))
    success = result.get("success")
    activity = target.get("id") if target.get("objectType", "Activity") == "Activity" else None
    kind = _mapping(target.get("definition")).get("type")
    return Heard(
        at=at,
        id=str(statement.get("id", "")).lower(),
        source=source,
        verb=_verb(statement),
        activity=activity if isinstance(activity, str) else "",
        type=kind if isinstance(kind, str) else "",
        parents=_parents(statement),
        seconds=_seconds(result.get("duration")),
        scaled=_scaled(_mapping(result.get("score")).get("scaled")),
        success=success if isinstance(success, bool) else None,
        stored=read_time(stored) if isinstance(stored := statement.get("stored"), str) else None,
    )


def _parents(statement: Statement) -> frozenset[str]:
    activities = _mapping(_mapping(statement.get("context")).get("contextActivities"))
    if not activities:
        return _NONE
    found = set()
    for key in ("parent", "grouping"):
        value = activities.get(key)
        for one in value if isinstance(value, list | tuple) else (value,):
            id = _mapping(one).get("id")
            if isinstance(id, str):
                found.add(id)
    return frozenset(found)


def _mapping(value: object) -> Mapping[str, Any]:
    if type(value) is dict:  # as they are read from JSON; the general question is a slow one
        return value
    return value if isinstance(value, Mapping) else {}


def _verb(statement: Statement) -> str:
    id = _mapping(statement.get("verb")).get("id")
    return id if isinstance(id, str) else ""


def _moment(statement: Statement) -> datetime:
    for key in ("timestamp", "stored"):
        value = statement.get(key)
        if isinstance(value, str) and (moment := read_time(value)):
            return moment
    return EARLIEST


def _seconds(value: object) -> float:
    if not isinstance(value, str):
        return 0.0
    try:
        months, seconds = read_duration(value)
    except (ValueError, ArithmeticError):
        return 0.0
    return 0.0 if months else float(seconds)


def _scaled(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value <= 1:
        return None
    return float(value)
