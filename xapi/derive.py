"""What the store can be asked for, derived once from a statement. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from xapi.actors import actor_key, actor_keys, storage_key
from xapi.scalars import read_time
from xapi.vocabulary import VOIDED


@dataclass(frozen=True, slots=True)
class Derived:
    """The columns of a complete statement; texts as indexed columns hold them.

    `agents` and `activities`: key -> whether it is found without the related_… parameters. `definitions`: IRI -> the
    definitions that it gives, in their order.
    """

    id: str
    timestamp: datetime
    verb: str
    actor: str
    object: str
    registration: str | None
    authority: str
    voids: str | None
    refers: str | None
    agents: dict[str, bool] = field(default_factory=dict)
    activities: dict[str, bool] = field(default_factory=dict)
    definitions: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)


def derive(statement: Mapping[str, Any]) -> Derived:
    """The columns of a complete, valid statement (xAPI 1.0.3, communication part, 2.1.3)."""
    target = statement["object"]
    kind = target.get("objectType", "Activity")
    refers = target["id"].lower() if kind == "StatementRef" else None
    timestamp = read_time(statement["timestamp"])
    if timestamp is None:
        raise ValueError("a statement that was not validated")
    context = statement.get("context", {})
    registration = context.get("registration")
    derived = Derived(
        id=statement["id"].lower(),
        timestamp=timestamp,
        verb=storage_key(statement["verb"]["id"]),
        actor=storage_key(actor_key(statement["actor"])),
        object=storage_key(_object_key(target, kind)),
        registration=registration.lower() if registration else None,
        authority=storage_key(actor_key(statement["authority"])),
        voids=refers if statement["verb"]["id"] == VOIDED else None,
        refers=refers,
    )
    # Direct ones first: a key that is both stays direct.
    _note_agent(derived, statement["actor"], direct=True)
    _note_object(derived, target, kind, direct=True)
    _note_agent(derived, statement["authority"], direct=False)
    _note_context(derived, context)
    if kind == "SubStatement":
        inner = target["object"]
        _note_agent(derived, target["actor"], direct=False)
        _note_object(derived, inner, inner.get("objectType", "Activity"), direct=False)
        _note_context(derived, target.get("context", {}))
    return derived


def _object_key(target: Mapping[str, Any], kind: str) -> str:
    if kind == "Activity":
        return str(target["id"])
    if kind == "StatementRef":
        return f"statement:{target['id'].lower()}"
    return "sub-statement:" if kind == "SubStatement" else actor_key(target)


def _note_agent(derived: Derived, actor: Mapping[str, Any], *, direct: bool) -> None:
    for key in actor_keys(actor):
        derived.agents.setdefault(storage_key(key), direct)


def _note_activity(derived: Derived, activity: Mapping[str, Any], *, direct: bool) -> None:
    derived.activities.setdefault(storage_key(activity["id"]), direct)
    if activity.get("definition"):
        derived.definitions.append((activity["id"], activity["definition"]))


def _note_object(derived: Derived, target: Mapping[str, Any], kind: str, *, direct: bool) -> None:
    if kind == "Activity":
        _note_activity(derived, target, direct=direct)
    elif kind in ("Agent", "Group"):
        _note_agent(derived, target, direct=direct)


def _note_context(derived: Derived, context: Mapping[str, Any]) -> None:
    for given in context.get("contextActivities", {}).values():
        for activity in given if isinstance(given, list) else [given]:
            _note_activity(derived, activity, direct=False)
    for name in ("instructor", "team"):
        if name in context:
            _note_agent(derived, context[name], direct=False)
    for name, who in (("contextAgents", "agent"), ("contextGroups", "group")):
        for one in context.get(name, ()):
            _note_agent(derived, one[who], direct=False)
