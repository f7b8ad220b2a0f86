"""Whether the statements meet a rule, since when, by which of them, and if not, what is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from lti_tool.ecvet.hours import Record, in_hours
from lti_tool.ecvet.live import EARLIEST, WAIVED, Live
from lti_tool.ecvet.reasons import Reason, reason
from lti_tool.ecvet.rules import (
    ADL,
    TOOL,
    All,
    AtLeast,
    HoursOf,
    Matcher,
    Mean,
    Modules,
    Pattern,
    Rule,
    Statements,
)
from xapi.scalars import write_time

FAILED = ADL + "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`since`: when the rule was first met (EARLIEST where it asks nothing). `evidence`: ids of the statements that
    speak for it, oldest first, met or not. `why`: what is left, most useful first; empty where it is met."""

    met: bool
    begun: bool = False
    since: datetime | None = None
    evidence: tuple[str, ...] = ()
    why: tuple[Reason, ...] = ()


class Evidence:
    """Weighs rules against the same statements. `modules` are the verdicts on modules, `records` the hours of the
    unit whose rule is weighed; rules of modules themselves need neither."""

    def __init__(
        self, live: Live, modules: Mapping[str, Verdict], records: Mapping[str, Record], begun: frozenset[str]
    ):
        self._live = live
        self._modules = modules
        self._records = records
        self._begun = begun

    def weigh(self, rule: Rule) -> Verdict:
        if isinstance(rule, All):
            return join(self.weigh(part) for part in rule.of)
        if isinstance(rule, AtLeast):
            return self._at_least(rule)
        if isinstance(rule, Modules):
            verdicts = [self._modules.get(id, Verdict(False)) for id in rule.ids]
            return join(verdicts) if verdicts else Verdict(False, why=(reason("no_evidence_rule"),))
        if isinstance(rule, HoursOf):
            return self._hours(rule)
        if isinstance(rule, Mean):
            return self._mean(rule)
        return self._statements(rule)

    def weigh_or_waived(self, rule: Rule, iri: str) -> Verdict:
        """What `weigh` says; met as well where prior learning was accepted for this module or outcome.

        Acceptance is an act of a person, so its statement counts from the tool alone, whatever rules say."""
        verdict = self.weigh(rule)
        waivers = self._live.select(waiver(iri))
        if not waivers:
            return verdict
        since = min(one for one in (waivers[0].at, verdict.since) if one is not None)
        return Verdict(True, True, since, _merged((verdict.evidence, tuple(one.id for one in waivers))))

    def _at_least(self, rule: AtLeast) -> Verdict:
        verdicts = [self.weigh(part) for part in rule.of]
        met = sorted((one for one in verdicts if one.met), key=lambda one: one.since or EARLIEST)
        if len(met) >= rule.count:
            return Verdict(True, True, met[rule.count - 1].since, _merged(one.evidence for one in met))
        # The author's first way is what a learner is told of, unless he is already on another.
        left = sorted((one for one in verdicts if not one.met), key=lambda one: not one.begun)
        why = left[0].why if left and rule.count == 1 else (reason("choose", count=rule.count - len(met)), *_whys(left))
        begun = any(one.begun for one in verdicts)
        return Verdict(False, begun, None, _merged(one.evidence for one in verdicts), why)

    def _mean(self, rule: Mean) -> Verdict:
        """As more is learnt no best score falls, so the mean only rises: it is met from one moment on."""
        verdicts = [self.weigh(part) for _weight, part in rule.of]
        scores = [self._scores(one) for one in verdicts]
        total = sum(weight for weight, _part in rule.of)
        evidence = _merged(one.evidence for one in verdicts)
        mean = 0.0
        for moment in (EARLIEST, *sorted({at for some in scores for at, _score in some})):
            best = [max((score for at, score in some if at <= moment), default=0.0) for some in scores]
            mean = sum(weight * one for (weight, _part), one in zip(rule.of, best, strict=True)) / total
            if mean >= rule.least - 1e-9:
                return Verdict(True, bool(evidence), moment, evidence)
        why = (reason("mean_below", scaled=round(mean, 4), needed=rule.least), *_whys(v for v in verdicts if not v.met))
        return Verdict(False, any(one.begun for one in verdicts), None, evidence, why)

    def _scores(self, verdict: Verdict) -> list[tuple[datetime, float]]:
        """When which score was there: a statement's own; 1 from when the part was met by one that has no score."""
        heard = self._live.by_id(verdict.evidence)
        found = [(one.at, max(0.0, one.scaled)) for one in heard if one.scaled is not None]
        if len(found) < len(heard) and verdict.met and verdict.since is not None:
            found.append((verdict.since, 1.0))
        return found

    def _hours(self, rule: HoursOf) -> Verdict:
        record = self._records.get(rule.mode, Record())
        ids = tuple(one.id for one in sorted(record.confirmed, key=lambda one: (one.at, one.id)))
        since = EARLIEST if rule.least <= 0 else record.reached(rule.least)
        if since is not None:
            return Verdict(True, bool(ids), since, ids)
        left = max(0.01, in_hours((rule.least - record.hours) * 3600))
        waiting = min(record.hours_waiting, left)
        why = [reason("hours_wait", mode=rule.mode, hours=waiting)] if waiting else []
        if left > waiting:
            why.insert(0, reason("hours_left", mode=rule.mode, hours=round(left - waiting, 2)))
        return Verdict(False, bool(ids or waiting), None, ids, tuple(why))

    def _statements(self, rule: Statements) -> Verdict:
        found = self._live.select(rule.matcher)
        seconds = 0.0
        for count, one in enumerate(found, 1):
            seconds += one.seconds
            if count >= rule.times and seconds >= rule.min_hours * 3600 - 0.5:
                return Verdict(True, True, one.at, tuple(other.id for other in found))
        about = dict(rule.about)
        begun = bool(found) or about.get("module", "") in self._begun
        why = (self._missing(rule, len(found), seconds, about), *self._unvouched(rule.matcher, about))
        return Verdict(False, begun, None, tuple(one.id for one in found), why)

    def _missing(self, rule: Statements, count: int, seconds: float, about: Mapping[str, str]) -> Reason:
        activity = str(rule.matcher.activities[0]) if rule.matcher.activities else ""
        if not count and (end := self._live.ran_out(rule.matcher)):
            if module := about.get("module", ""):
                return reason("module_ran_out", module=module, since=write_time(end))
            return reason("run_out", activity=activity, since=write_time(end))
        if count and count < rule.times:
            return reason("times_left", activity=activity, times=rule.times - count)
        if count:
            return reason("duration_left", activity=activity, hours=in_hours(rule.min_hours * 3600 - seconds))
        module = about.get("module", "")
        if rule.matcher.min_scaled is not None:
            others = self._live.select(replace(rule.matcher, min_scaled=None))
            best = max((one.scaled for one in others if one.scaled is not None), default=None)
            if best is not None and module:
                return reason("score_below", module=module, scaled=best, needed=rule.matcher.min_scaled)
            if best is not None and rule.why == "project_left":
                return reason("project_below", unit=about["unit"], scaled=best, needed=rule.matcher.min_scaled)
            if best is not None and not rule.why:
                return reason("result_below", activity=activity, scaled=best, needed=rule.matcher.min_scaled)
        if rule.why == "quiz_left":
            # A quiz failed in the tool is told as such; what others say about failing is not.
            failed = self._live.select(Matcher((FAILED,), rule.matcher.activities, sources=rule.matcher.sources))
            if failed:
                return reason("quiz_failed", module=module)
            return reason("quiz_left" if module in self._begun else "module_left", module=module)
        if rule.why == "module_left":
            return reason("module_begun" if module in self._begun else "module_left", module=module)
        if rule.why == "project_left":
            return reason("project_left", unit=about["unit"])
        return reason("entry_left") if rule.why == "entry_left" else reason("statement_left", activity=activity)

    def _unvouched(self, matcher: Matcher, about: Mapping[str, str]) -> tuple[Reason, ...]:
        count = self._live.unvouched(matcher)
        name = about.get("module") or about.get("outcome") or about.get("unit") or ""
        return (reason("not_trusted", about=name, count=count),) if count else ()


@lru_cache(maxsize=4096)
def waiver(iri: str) -> Matcher:
    """Statements that prior learning was accepted in place of this."""
    return Matcher((WAIVED,), (Pattern(iri),), sources=(TOOL,))


def join(verdicts: Iterable[Verdict]) -> Verdict:
    """All of them together: met when each is."""
    parts = list(verdicts)
    met = all(one.met for one in parts)
    since = max((one.since or EARLIEST for one in parts), default=EARLIEST) if met else None
    left = [one for one in parts if not one.met]
    return Verdict(met, any(one.begun for one in parts), since, _merged(one.evidence for one in parts), _whys(left))


def _whys(verdicts: Iterable[Verdict]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(one for verdict in verdicts for one in verdict.why))


def _merged(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id for group in groups for id in group))
