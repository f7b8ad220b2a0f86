"""From what the record says of a module to the score that a platform is told. Pure.

AGS 2.0, "Score publish service": https://www.imsglobal.org/spec/lti-ags/v2p0#score-publish-service
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from xapi.vocabulary import VERBS

_PASSED, _FAILED, _COMPLETED = VERBS["passed"], VERBS["failed"], VERBS["completed"]
_STEP: Final = Decimal("0.00001")
"""Moodle keeps five decimals; more would make a repeat look like a change."""


@dataclass(frozen=True, slots=True)
class ModuleResult:
    """The best that a learner has shown in a module: share of the points (None: it has none), and the end state."""

    scaled: Decimal | None
    passed: bool
    completed: bool


@dataclass(frozen=True, slots=True)
class Score:
    """What the platform is told of one learner on one line item."""

    given: Decimal
    maximum: Decimal
    completed: bool
    timestamp: datetime

    def same_grade(self, other: Score | None) -> bool:
        """True where both say the same; when they say it is no difference."""
        return other is not None and (self.given, self.maximum, self.completed) == (
            other.given,
            other.maximum,
            other.completed,
        )


def module_result(
    statements: Iterable[Mapping[str, Any]], activity: str, authority: Mapping[str, Any]
) -> ModuleResult | None:
    """The best result among the live statements on `activity` that this tool itself issued; None where there is none.

    The order and repeats of the statements make no difference, and a later, worse attempt takes nothing away.
    Statements of any other authority are not looked at: the page, a learner's client or another store can't grade
    (DESIGN, "Whose word counts").
    """
    best: Decimal | None = None
    passed = completed = found = False
    for statement in statements:
        verb = statement["verb"]["id"]
        if (
            verb not in (_PASSED, _FAILED, _COMPLETED)
            or statement["object"].get("id") != activity
            or _account(statement.get("authority")) != _account(authority)
        ):
            continue
        found = True
        passed = passed or verb == _PASSED
        completed = completed or verb in (_PASSED, _COMPLETED)
        scaled = statement.get("result", {}).get("score", {}).get("scaled")
        if scaled is not None:
            value = min(max(Decimal(str(scaled)), Decimal(0)), Decimal(1))
            best = value if best is None else max(best, value)
    return ModuleResult(best, passed, completed) if found else None


_SHOWN: Final = frozenset({"demonstrated", "assessed_achieved", "validated", "recognised"})
"""States of an outcome that count for a unit's column. *Assessed, not yet* does not: it isn't achieved."""


def unit_result(outcomes: Sequence[str], *, known: bool) -> ModuleResult | None:
    """The share of a unit's learning outcomes (by their states) that the learner has demonstrated, or better.

    None until there is one: no learner begins with a zero. `known`: the platform has a grade already, so that a share
    which falls back to nothing is told.
    """
    shown = sum(state in _SHOWN for state in outcomes)
    if not outcomes or (shown == 0 and not known):
        return None
    whole = shown == len(outcomes)
    return ModuleResult(Decimal(shown) / len(outcomes), passed=whole, completed=whole)


def _account(agent: Mapping[str, Any] | None) -> tuple[str, str] | None:
    account = (agent or {}).get("account")
    return (account["homePage"], account["name"]) if account else None


def score(result: ModuleResult | None, maximum: Decimal, last: Score | None, now: datetime) -> Score | None:
    """The score to send, or None where there is nothing to send: no result yet, or the platform already knows it.

    A module without points gives the maximum when it is completed. The timestamp is at least a whole second after the
    last one sent: Moodle compares whole seconds and refuses what isn't later (409).
    """
    if result is None or (result.scaled is None and not result.completed):
        return None
    share = result.scaled if result.scaled is not None else Decimal(1)
    given = (share * maximum).quantize(_STEP, ROUND_HALF_UP)
    when = now.astimezone(UTC).replace(microsecond=0)
    if last is not None:
        when = max(when, last.timestamp + timedelta(seconds=1))
    new = Score(given, maximum, result.completed, when)
    return None if new.same_grade(last) else new


def next_score(
    result: ModuleResult | None, maximum: Decimal, last: Score | None, now: datetime, *, confirmed: bool
) -> Score | None:
    """As `score`; where nothing new is to be said, what was about to be said when a worker died, unchanged.

    Nobody knows whether it arrived: the same message with the same timestamp can do no harm.
    """
    new = score(result, maximum, last, now)
    return last if new is None and not confirmed else new


def message(score: Score, user_id: str) -> dict[str, object]:
    """The score as JSON for the platform.

    gradingProgress is FullyGraded, always: on Moodle any other value erases the grade that is there. Until the learner
    has completed the module, activityProgress says that more may come.
    """
    return {
        "userId": user_id,
        "scoreGiven": float(score.given),
        "scoreMaximum": float(score.maximum),
        "activityProgress": "Completed" if score.completed else "InProgress",
        "gradingProgress": "FullyGraded",
        "timestamp": score.timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def scores_url(line_item: str) -> str:
    """The address for scores of a line item: `/scores` is added to the path, before any query (Moodle has one)."""
    return _below(line_item, "scores")


def results_url(line_item: str) -> str:
    """The address at which the results of a line item are read."""
    return _below(line_item, "results")


def _below(line_item: str, name: str) -> str:
    parts = urlsplit(line_item)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))
