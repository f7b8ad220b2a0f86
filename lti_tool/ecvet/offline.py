"""Judging from files, without a database: statements and decisions as JSON text in, plain JSON values out. Pure."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lti_tool.ecvet.acts import RESULTS, Decision
from lti_tool.ecvet.hours import HoursLine
from lti_tool.ecvet.judge import Judgement, judge
from lti_tool.ecvet.reasons import Reason
from lti_tool.ecvet.rules import PAGE, TOOL, matchers
from lti_tool.ecvet.terms import Programme
from lti_tool.ecvet.words import reason_text
from lti_tool.errors import BadInput
from xapi.actors import actor_key, bare_actor
from xapi.scalars import read_time
from xapi.vocabulary import VOIDED

TOOL_ACCOUNT = "lti-tool"  # the name under which the tool's own statements are vouched for
_NAMESPACE = uuid.UUID("8f6d4a3e-3f0c-5d57-9d0e-3c1f2b6a7e11")

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Learner:
    """One actor, and the statements that may matter for him: his own, and all that void others."""

    actor: Object
    statements: tuple[Object, ...]
    decisions: tuple[Decision, ...]


def read_statements(text: str) -> tuple[Object, ...]:
    """The statements in a JSON list, a StatementResult, a single statement, or one statement a line. One without an
    id gets one that its content decides. Raises BadInput with the number of the faulty one."""
    found = _values(text, "STATEMENTS", "statements")
    return tuple(_statement(value, number) for number, value in enumerate(found, 1))


def _statement(value: object, number: int) -> Object:
    if not isinstance(value, dict):
        raise BadInput("STATEMENTS", f"statement {number} is no object", "write a JSON list of xAPI statements")
    if "id" not in value:
        value = {**value, "id": str(uuid.uuid5(_NAMESPACE, json.dumps(value, sort_keys=True)))}
    read_actor(value.get("actor"), f"statement {number}: the actor")
    for key in ("verb", "object"):
        if not isinstance(value.get(key), dict):
            do = "see the xAPI specification, data part, 2.4"
            raise BadInput("STATEMENTS", f"statement {number} has no {key}", do)
    return value


def read_actor(value: object, what: str) -> Object:
    """An actor that is identified (account, mbox, mbox_sha1sum or openid), without names. Raises BadInput."""
    do = 'write {"account": {"homePage": "https://…", "name": "…"}} or {"mbox": "mailto:…"}'
    if not isinstance(value, dict):
        raise BadInput("ACTOR", f"{what} is no object", do)
    account = value.get("account")
    if isinstance(account, dict):
        identified = isinstance(account.get("homePage"), str) and isinstance(account.get("name"), str)
    else:
        identified = any(isinstance(value.get(key), str) for key in ("mbox", "mbox_sha1sum", "openid"))
    if not identified:
        raise BadInput("ACTOR", f"{what} is not identified", do)
    return bare_actor(value)


def read_decisions(text: str) -> tuple[tuple[Object | None, Decision], ...]:
    """The acts in a JSON list, each with the actor it is about, where it names one. Raises BadInput."""
    return tuple(_decision(value, number) for number, value in enumerate(_values(text, "DECISIONS", "decisions"), 1))


def _decision(value: object, number: int) -> tuple[Object | None, Decision]:
    what = f"decision {number}"
    if not isinstance(value, dict):
        raise BadInput("DECISIONS", f"{what} is no object", 'write [{"kind": "assess", "unit": "BIB-U1", …}]')
    known = {"id", "kind", "unit", "outcomes", "result", "by", "institution", "at", "reason", "supersedes", "actor"}
    if unknown := sorted(set(value) - known):
        raise BadInput("DECISIONS", f'{what}: "{unknown[0]}" is not known', "write: " + ", ".join(sorted(known)))
    kind, at = str(value.get("kind", "")), read_time(str(value.get("at", "")))
    if kind not in RESULTS:
        raise BadInput("DECISIONS", f"{what} has no known kind", "write one of: " + ", ".join(RESULTS))
    if at is None:
        raise BadInput("DECISIONS", f"{what} has no time", 'write "at": "2026-11-22T10:00:00Z"')
    outcomes = value.get("outcomes", [])
    texts = [value.get(key, "") for key in ("unit", "by", "institution", "reason")]
    if not isinstance(outcomes, list) or not all(isinstance(text, str) for text in [*texts, *outcomes]) or not texts[0]:
        do = "unit, by, institution and reason are texts, outcomes a list of texts"
        raise BadInput("DECISIONS", f"{what} cannot be read", do)
    result = value.get("result", "granted" if kind in ("validate", "recognise") else "")
    supersedes = value.get("supersedes")
    try:
        act = Decision(
            id=str(value.get("id", f"decision-{number}")),
            kind=kind,
            unit=texts[0],
            outcomes=tuple(outcomes),
            result=str(result),
            by=texts[1],
            institution=texts[2],
            at=at,
            reason=texts[3],
            supersedes=str(supersedes) if supersedes else None,
        )
    except ValueError as error:
        do = "results: " + "; ".join(
            f"{kind} {' or '.join(results)}" for kind, results in RESULTS.items() if results[0]
        )
        raise BadInput("DECISIONS", f"{what}: {error}", do) from error
    return (read_actor(value["actor"], f"{what}: the actor") if "actor" in value else None, act)


def _values(text: str, code: str, key: str) -> Sequence[object]:
    try:
        value = json.loads(text)
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            return [json.loads(line) for line in lines] if len(lines) > 1 else _no_json(code, error)
        except ValueError:
            return _no_json(code, error)
    if isinstance(value, dict):
        return value[key] if isinstance(value.get(key), list) else [value]
    if not isinstance(value, list):
        raise BadInput(code, "the file holds no JSON list", "write a list of objects")
    return value


def _no_json(code: str, error: ValueError) -> Sequence[object]:
    raise BadInput(code, f"the file is no JSON: {error}", "write a JSON list, or one object a line") from error


def learners(
    statements: Iterable[Object], decisions: Sequence[tuple[Object | None, Decision]], only: Object | None
) -> tuple[Learner, ...]:
    """The statements and acts by learner, ordered by actor. `only`: that actor alone, even without any statement.
    Raises BadInput where there are several learners and an act does not say which of them it is about."""
    own: dict[str, list[Object]] = {}
    actors: dict[str, Object] = {}
    voidings = []
    for statement in statements:
        if statement["verb"].get("id") == VOIDED:
            voidings.append(statement)
            continue
        actor = bare_actor(statement["actor"])
        actors.setdefault(actor_key(actor), actor)
        own.setdefault(actor_key(actor), []).append(statement)
    for about, _ in decisions:
        if about is not None:
            actors.setdefault(actor_key(about), about)
    if only is not None:
        actors = {actor_key(only): only}
    nameless = next((act for about, act in decisions if about is None), None)
    if nameless is not None and len(actors) != 1:
        do = 'add "actor" to each decision, or choose one learner with --actor'
        raise BadInput("DECISIONS", f"there are {len(actors)} learners, and {nameless.id} names none", do)
    return tuple(
        Learner(
            actor=actors[key],
            statements=(*own.get(key, ()), *voidings),
            decisions=tuple(act for about, act in decisions if about is None or actor_key(about) == key),
        )
        for key in sorted(actors)
    )


def trusted(programme: Programme, authority: str | None) -> dict[str, dict[str, str]]:
    """Whom an offline judgement trusts: the tool, its pages, and the credentials that the programme's rules name, by
    account name; at the home page `authority` only, where it is given."""
    rules = [module.rule for module in programme.modules]
    rules += [rule for unit in programme.units for rule in (unit.rule, *(one.rule for one in unit.outcomes))]
    sources = {TOOL, PAGE} | {source for rule in rules for matcher in matchers(rule) for source in matcher.sources}
    home = {"homePage": authority} if authority else {}
    return {source: {"name": TOOL_ACCOUNT if source == TOOL else source, **home} for source in sorted(sources)}


def judged(programme: Programme, learner: Learner, now: datetime, authority: str | None) -> Object:
    """The judgement on a learner as plain values, in the form that INTERFACE promises."""
    found = judge(programme, learner.statements, learner.decisions, now, trusted(programme, authority))
    return {"actor": learner.actor, **plain(found, programme)}


def plain(found: Judgement, programme: Programme) -> Object:
    return {
        "points": found.points,
        "units": [
            {
                "id": unit.id,
                "state": unit.state,
                "points": unit.points,
                "why": [_reason(one, programme) for one in unit.why],
                "next": _reason(unit.next, programme) if unit.next else None,
                "outcomes": [
                    {
                        "id": outcome.id,
                        "state": outcome.state,
                        "evidence": list(outcome.evidence),
                        "why": [_reason(one, programme) for one in outcome.why],
                    }
                    for outcome in unit.outcomes
                ],
                "hours": _hours(unit.hours),
            }
            for unit in found.units
        ],
        "hours": _hours(found.hours),
    }


def _hours(lines: Mapping[str, HoursLine]) -> Object:
    return {
        mode: {
            "planned": line.planned,
            "recorded": line.recorded,
            "declared": line.declared,
            "waiting": line.waiting,
            "excused": line.excused,
        }
        for mode, line in lines.items()
    }


def _reason(one: Reason, programme: Programme) -> Object:
    return {"code": one.code, "params": dict(one.params), "text": reason_text(one, programme, "en", str)}
