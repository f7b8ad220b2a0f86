"""When two statements are the same one, sent twice. Pure.

xAPI 1.0.3, data part, 2.2 "Statement Immutability and Exceptions"
(https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#statement-immutability-and-exceptions).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from xapi.actors import actor_key
from xapi.scalars import read_duration

_TEXT = orjson.OPT_SORT_KEYS


def same(one: Mapping[str, Any], other: Mapping[str, Any], version: str = "2.0.0") -> bool:
    """Whether two valid statements differ in nothing but what a store may change, or is told not to look at.

    That is: id, authority, stored, timestamp, version, attachments, definitions of activities, display of verbs, order
    of group members, letter case where it means nothing (UUIDs, language tags, hexadecimal digits), a single context
    activity for an array of one, a default objectType left out. Durations are compared as text in 1.0.3 and to 0.01 s
    in 2.0. Numbers in results are compared as numbers; extensions as they stand.
    """
    return _essence(one, version) == _essence(other, version)


def _essence(statement: Mapping[str, Any], version: str) -> bytes:
    return orjson.dumps(_core(statement, version), option=_TEXT)


def _core(statement: Mapping[str, Any], version: str) -> dict[str, Any]:
    core = {
        "actor": _actor(statement["actor"]),
        "verb": statement["verb"]["id"],
        "object": _object(statement["object"], version),
    }
    if "result" in statement:
        core["result"] = _result(statement["result"], version)
    if "context" in statement:
        core["context"] = _context(statement["context"])
    return core


def _actor(actor: Mapping[str, Any]) -> dict[str, Any]:
    core: dict[str, Any] = {"kind": actor.get("objectType", "Agent"), "name": actor.get("name")}
    if actor.keys() & {"account", "mbox", "mbox_sha1sum", "openid"}:
        core["key"] = actor_key(actor)
    if "member" in actor:
        core["member"] = sorted(
            (_actor(one) for one in actor["member"]), key=lambda one: orjson.dumps(one, option=_TEXT)
        )
    return core


def _object(thing: Mapping[str, Any], version: str) -> dict[str, Any]:
    kind = thing.get("objectType", "Activity")
    if kind == "Activity":
        return {"activity": thing["id"]}
    if kind == "StatementRef":
        return {"statement": thing["id"].lower()}
    if kind == "SubStatement":
        return {"sub": _core(thing, version)}
    return {"actor": _actor(thing)}


def _result(result: Mapping[str, Any], version: str) -> dict[str, Any]:
    core = dict(result)
    if "score" in core:
        core["score"] = {name: float(number) for name, number in core["score"].items()}
    if "duration" in core and version != "1.0.3":
        months, seconds = read_duration(core["duration"])
        core["duration"] = f"{months.normalize():f} {seconds:f}"
    return core


def _context(context: Mapping[str, Any]) -> dict[str, Any]:
    core = dict(context)
    for name in ("instructor", "team"):
        if name in core:
            core[name] = _actor(core[name])
    if "registration" in core:
        core["registration"] = core["registration"].lower()
    if "language" in core:
        core["language"] = core["language"].lower()
    if "statement" in core:
        core["statement"] = core["statement"]["id"].lower()
    if "contextActivities" in core:
        core["contextActivities"] = {
            kind: [activity["id"] for activity in (given if isinstance(given, list) else [given])]
            for kind, given in core["contextActivities"].items()
        }
    for name, who in (("contextAgents", "agent"), ("contextGroups", "group")):
        if name in core:
            core[name] = [{**one, who: _actor(one[who])} for one in core[name]]
    return core
