"""What is a statement, and when are two the same? Pure: no clock, no database, no chance.

`validate` is strict by the specification: xAPI 1.0.3, data part, 2
(https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#parttwo) and IEEE 9274.1.1 (xAPI 2.0), 4.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from xapi.actors import actor_key
from xapi.checks import (
    check_activity,
    check_actor,
    check_agent,
    check_attachments,
    check_extensions,
    check_group,
    check_iri,
    check_language,
    check_list,
    check_object,
    check_reference,
    check_result,
    check_text,
    check_time,
    check_uuid,
    check_verb,
    refuse,
    refuse_unknown,
)
from xapi.sameness import same
from xapi.scalars import in_utc
from xapi.vocabulary import VOIDED

__all__ = ["V1", "V2", "actor_key", "complete", "same", "validate"]

V1 = "1.0.3"
V2 = "2.0.0"

_SUB_KEYS = frozenset({"objectType", "actor", "verb", "object", "result", "context", "timestamp", "attachments"})
_STATEMENT_KEYS = (_SUB_KEYS - {"objectType"}) | {"id", "stored", "authority", "version"}
_CONTEXT_KEYS_1 = frozenset(
    {
        "registration",
        "instructor",
        "team",
        "contextActivities",
        "revision",
        "platform",
        "language",
        "statement",
        "extensions",
    }
)
_CONTEXT_KEYS_2 = _CONTEXT_KEYS_1 | {"contextAgents", "contextGroups"}
_KINDS = frozenset({"parent", "grouping", "category", "other"})
_VERSION_1 = re.compile(r"1\.0(?:\.[0-9]+)?").fullmatch
_VERSION_2 = re.compile(r"1\.0(?:\.[0-9]+)?|2\.0(?:\.[0-9]+)?").fullmatch
_RELATED = {"contextAgent": "agent", "contextGroup": "group"}


def validate(statement: Any, version: str = V2, path: str = "$") -> None:
    """Returns where the statement is valid under that version of xAPI ("1.0.3" or "2.0.0").

    Raises InvalidStatement with the JSON path of the first fault, below `path`, and the name of the rule.
    """
    given = check_object(statement, path)
    if not given.keys() <= _STATEMENT_KEYS:
        refuse_unknown(given, _STATEMENT_KEYS, path)
    if "id" in given:
        check_uuid(given["id"], f"{path}.id")
    _check_core(given, version, path, sub=False)
    if given["verb"]["id"] == VOIDED and given["object"].get("objectType") != "StatementRef":
        refuse(f"{path}.object", "voiding", "A voiding statement must have a StatementRef as its object.")
    if "stored" in given:
        check_time(given["stored"], f"{path}.stored")
    if "version" in given:
        allowed = _VERSION_1 if version == V1 else _VERSION_2
        if not isinstance(given["version"], str) or not allowed(given["version"]):
            refuse(f"{path}.version", "version", "This version of xAPI is not known here.")
    if "authority" in given:
        _check_authority(given["authority"], f"{path}.authority")


def _check_core(given: dict[str, Any], version: str, path: str, *, sub: bool) -> None:
    for name in ("actor", "verb", "object"):
        if name not in given:
            refuse(path, "required", f"The property {name} is missing.")
    check_actor(given["actor"], f"{path}.actor")
    check_verb(given["verb"], f"{path}.verb")
    kind = _check_target(given["object"], version, f"{path}.object", sub=sub)
    if "result" in given:
        check_result(given["result"], f"{path}.result")
    if "context" in given:
        _check_context(given["context"], kind, version, f"{path}.context")
    if "timestamp" in given:
        check_time(given["timestamp"], f"{path}.timestamp")
    if "attachments" in given:
        check_attachments(given["attachments"], f"{path}.attachments")


def _check_target(value: Any, version: str, path: str, *, sub: bool) -> str:
    kind = check_object(value, path).get("objectType", "Activity")
    if kind == "Activity":
        check_activity(value, path)
    elif kind == "Agent":
        check_agent(value, path)
    elif kind == "Group":
        check_group(value, path)
    elif kind == "StatementRef":
        check_reference(value, path)
    elif kind == "SubStatement" and not sub:
        if not value.keys() <= _SUB_KEYS:
            refuse_unknown(value, _SUB_KEYS, path)
        _check_core(value, version, path, sub=True)
    elif kind == "SubStatement":
        refuse(path, "nested-sub-statement", "A SubStatement must not hold another one.")
    else:
        allowed = "Activity, Agent, Group, StatementRef or SubStatement"
        refuse(f"{path}.objectType", "object-type", f"This must be {allowed}.")
    return str(kind)


def _check_context(value: Any, kind: str, version: str, path: str) -> None:
    given = check_object(value, path)
    known = _CONTEXT_KEYS_1 if version == V1 else _CONTEXT_KEYS_2
    if not given.keys() <= known:
        refuse_unknown(given, known, path)
    if "registration" in given:
        check_uuid(given["registration"], f"{path}.registration")
    if "contextActivities" in given:
        _check_activities(given["contextActivities"], f"{path}.contextActivities")
    if "extensions" in given:
        check_extensions(given["extensions"], f"{path}.extensions")
    for name in ("revision", "platform"):
        if name in given:
            check_text(given[name], f"{path}.{name}")
            if kind != "Activity":
                refuse(f"{path}.{name}", "activity-only", f"{name} needs an Activity as the object.")
    if "language" in given:
        check_language(given["language"], f"{path}.language")
    if "instructor" in given:
        check_actor(given["instructor"], f"{path}.instructor")
    if "team" in given:
        check_group(given["team"], f"{path}.team")
    if "statement" in given:
        check_reference(given["statement"], f"{path}.statement")
    if "contextAgents" in given:
        check_list(given["contextAgents"], f"{path}.contextAgents", _check_context_agent)
    if "contextGroups" in given:
        check_list(given["contextGroups"], f"{path}.contextGroups", _check_context_group)


def _check_activities(value: Any, path: str) -> None:
    given = check_object(value, path)
    if not given.keys() <= _KINDS:
        refuse_unknown(given, _KINDS, path)
    for kind, one in given.items():
        # A single activity is valid in place of an array (data part, 2.4.6.2); `complete` makes it one.
        if isinstance(one, list):
            for index, activity in enumerate(one):
                check_activity(activity, f"{path}.{kind}[{index}]")
        else:
            check_activity(one, f"{path}.{kind}")


def _check_context_agent(value: Any, path: str) -> None:
    _check_related(value, path, "contextAgent")
    check_agent(value["agent"], f"{path}.agent")


def _check_context_group(value: Any, path: str) -> None:
    _check_related(value, path, "contextGroup")
    check_group(value["group"], f"{path}.group")


def _check_related(value: Any, path: str, kind: str) -> None:
    given = check_object(value, path)
    who = _RELATED[kind]
    known = frozenset({"objectType", who, "relevantTypes"})
    if not given.keys() <= known:
        refuse_unknown(given, known, path)
    if given.get("objectType") != kind:
        refuse(f"{path}.objectType", "object-type", f'This must be "{kind}".')
    if who not in given:
        refuse(path, "required", f"The property {who} is missing.")
    if "relevantTypes" in given:
        check_list(given["relevantTypes"], f"{path}.relevantTypes", check_iri)
        if not given["relevantTypes"]:
            refuse(f"{path}.relevantTypes", "not-empty", "This must not be empty.")


def _check_authority(value: Any, path: str) -> None:
    # An Agent, or the two Agents of three-legged OAuth (data part, 2.4.9).
    check_actor(value, path)
    if value.get("objectType") == "Group" and (
        len(value.get("member", ())) != 2 or value.keys() & {"mbox", "mbox_sha1sum", "openid", "account"}
    ):
        refuse(path, "authority", "An authority is an Agent, or a Group of exactly two Agents without an identifier.")


def complete(
    statement: Mapping[str, Any],
    authority: Mapping[str, Any],
    stored: str,
    new_id: Callable[[], str],
    version: str = V2,
) -> dict[str, Any]:
    """A valid statement as it is stored; the one handed in is left alone.

    It has an id (its own, or a new one), the authority that is given here whatever it claimed, `stored` and, where it
    had none, a timestamp equal to `stored`; its version is kept, or set to 1.0.0 or 2.0.0; times are in UTC; context
    activities are arrays. (data part, 2.3.1 and 2.4; IEEE 9274.1.1, 4.2.4.2)
    """
    whole: dict[str, Any] = {"id": "", **statement}
    if not whole["id"]:
        whole["id"] = new_id()
    _settle(whole)
    target = whole["object"]
    if target.get("objectType") == "SubStatement":
        whole["object"] = target = dict(target)
        _settle(target)
    whole.setdefault("timestamp", stored)
    whole["stored"] = stored
    whole.setdefault("version", "1.0.0" if version == V1 else V2)
    whole["authority"] = dict(authority)
    return whole


def _settle(part: dict[str, Any]) -> None:
    if "timestamp" in part:
        part["timestamp"] = in_utc(part["timestamp"])
    context = part.get("context")
    if context and "contextActivities" in context:
        around = context["contextActivities"]
        if not all(isinstance(one, list) for one in around.values()):
            arrays = {kind: one if isinstance(one, list) else [one] for kind, one in around.items()}
            part["context"] = {**context, "contextActivities": arrays}
