"""The rules for the parts of a statement, one function a part. Pure.

Each takes a value and its JSON path and returns nothing, or raises InvalidStatement with the path of the fault and the
name of the rule. xAPI 1.0.3, data part, 2.2 and 2.4 (https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md).

Written for speed: plain dicts, set operations on their keys, and no path is built until something is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from xapi.actors import IDENTIFIERS
from xapi.errors import InvalidStatement
from xapi.scalars import (
    is_duration,
    is_iri,
    is_language,
    is_mbox,
    is_media_type,
    is_sha1,
    is_sha2,
    is_uuid,
    read_time,
)

_AGENT_KEYS = frozenset({"objectType", "name", *IDENTIFIERS})
_GROUP_KEYS = _AGENT_KEYS | {"member"}
_IDENTIFIERS = frozenset(IDENTIFIERS)
_ACCOUNT_KEYS = {"homePage", "name"}
_VERB_KEYS = frozenset({"id", "display"})
_ACTIVITY_KEYS = frozenset({"objectType", "id", "definition"})
_COMPONENTS: dict[str, tuple[str, ...]] = {
    "true-false": (),
    "choice": ("choices",),
    "fill-in": (),
    "long-fill-in": (),
    "matching": ("source", "target"),
    "performance": ("steps",),
    "sequencing": ("choices",),
    "likert": ("scale",),
    "numeric": (),
    "other": (),
}
_COMPONENT_KEYS = ("choices", "scale", "source", "target", "steps")
_INTERACTION_KEYS = frozenset({"interactionType", "correctResponsesPattern", *_COMPONENT_KEYS})
_DEFINITION_KEYS = frozenset({"name", "description", "type", "moreInfo", "extensions"}) | _INTERACTION_KEYS
_ONE_COMPONENT_KEYS = frozenset({"id", "description"})
_REFERENCE_KEYS = frozenset({"objectType", "id"})
_RESULT_KEYS = frozenset({"score", "success", "completion", "response", "duration", "extensions"})
_SCORE_KEYS = frozenset({"scaled", "raw", "min", "max"})
_ATTACHMENT_KEYS = frozenset({"usageType", "display", "description", "contentType", "length", "sha2", "fileUrl"})


def refuse(path: str, rule: str, message: str) -> NoReturn:
    """Raises InvalidStatement."""
    raise InvalidStatement(message, path=path, rule=rule)


def refuse_unknown(given: dict[str, Any], known: frozenset[str], path: str) -> NoReturn:
    """Raises InvalidStatement for the first property that the specification does not know (or spells otherwise)."""
    name = sorted(given.keys() - known)[0]
    refuse(
        member(path, name), "unknown-property", f"There is no property {name[:80]!r} here; names are case-sensitive."
    )


def member(path: str, name: str) -> str:
    """The JSON path of a member; a name that is no identifier is quoted."""
    return f"{path}.{name}" if name.isidentifier() else f"{path}[{name[:200]!r}]"


def check_object(value: Any, path: str) -> dict[str, Any]:
    """The value, which is a JSON object."""
    if not isinstance(value, dict):
        refuse(path, "object", "This must be a JSON object.")
    return value


def check_text(value: Any, path: str) -> None:
    """A string."""
    if not isinstance(value, str):
        refuse(path, "string", "This must be a string.")


def check_iri(value: Any, path: str) -> None:
    """An absolute IRI."""
    if not isinstance(value, str) or not is_iri(value):
        refuse(path, "iri", "This must be an absolute IRI, with a scheme and without white space.")


def check_uuid(value: Any, path: str) -> None:
    """A UUID in its text form."""
    if not isinstance(value, str) or not is_uuid(value):
        refuse(path, "uuid", "This must be a UUID.")


def check_time(value: Any, path: str) -> None:
    """A timestamp: ISO 8601, an offset other than -00."""
    if not isinstance(value, str) or read_time(value) is None:
        refuse(path, "timestamp", "This must be a timestamp such as 2022-10-07T09:30:00.000Z.")


def check_language(value: Any, path: str) -> None:
    """A language tag."""
    if not isinstance(value, str) or not is_language(value):
        refuse(path, "language", "This must be a language tag (RFC 5646), such as lv or en-GB.")


def check_language_map(value: Any, path: str) -> None:
    """Language tags to strings; may be empty (data part, 4.2)."""
    for tag, text in check_object(value, path).items():
        if not is_language(tag):
            refuse(member(path, tag), "language", "The key must be a language tag (RFC 5646), such as lv or en-GB.")
        if not isinstance(text, str):
            refuse(member(path, tag), "string", "This must be a string.")


def check_extensions(value: Any, path: str) -> None:
    """IRIs to anything, null included (data part, 4.1)."""
    for key in check_object(value, path):
        if not is_iri(key):
            refuse(member(path, key), "iri", "The key of an extension must be an absolute IRI.")


def check_agent(value: Any, path: str) -> None:
    """An Agent: exactly one identifier (data part, 2.4.2.1)."""
    given = check_object(value, path)
    if given.get("objectType", "Agent") != "Agent":
        refuse(f"{path}.objectType", "agent", 'This must be an Agent: objectType "Agent" or none.')
    if not given.keys() <= _AGENT_KEYS:
        refuse_unknown(given, _AGENT_KEYS, path)
    if _check_identifiers(given, path) != 1:
        refuse(path, "one-identifier", f"An Agent has exactly one of {', '.join(IDENTIFIERS)}.")


def check_group(value: Any, path: str) -> None:
    """A Group: one identifier, or none and members; the members are Agents (data part, 2.4.2.2)."""
    given = check_object(value, path)
    if given.get("objectType") != "Group":
        refuse(f"{path}.objectType", "group", 'This must be a Group: objectType "Group".')
    if not given.keys() <= _GROUP_KEYS:
        refuse_unknown(given, _GROUP_KEYS, path)
    count = _check_identifiers(given, path)
    if count > 1:
        refuse(path, "one-identifier", f"A Group has at most one of {', '.join(IDENTIFIERS)}.")
    if "member" in given:
        members = given["member"]
        if not isinstance(members, list):
            refuse(f"{path}.member", "array", "The members must be an array of Agents.")
        for index, one in enumerate(members):
            check_agent(one, f"{path}.member[{index}]")
    if not count and not given.get("member"):
        refuse(path, "anonymous-group", "A Group without an identifier must have members.")


def check_actor(value: Any, path: str) -> None:
    """An Agent or a Group."""
    if check_object(value, path).get("objectType") == "Group":
        check_group(value, path)
    else:
        check_agent(value, path)


def _check_identifiers(given: dict[str, Any], path: str) -> int:
    if "name" in given:
        check_text(given["name"], f"{path}.name")
    found = given.keys() & _IDENTIFIERS
    for name in found:
        value = given[name]
        if name == "account":
            account = check_object(value, f"{path}.account")
            if account.keys() != _ACCOUNT_KEYS:
                refuse(f"{path}.account", "account", "An account has a homePage and a name, and nothing else.")
            check_iri(account["homePage"], f"{path}.account.homePage")
            check_text(account["name"], f"{path}.account.name")
        elif name == "mbox":
            if not isinstance(value, str) or not is_mbox(value):
                refuse(f"{path}.mbox", "mbox", "This must be an e-mail address as mailto:name@example.org.")
        elif name == "openid":
            check_iri(value, f"{path}.openid")
        elif not isinstance(value, str) or not is_sha1(value):
            refuse(f"{path}.mbox_sha1sum", "sha1", "This must be 40 hexadecimal digits.")
    return len(found)


def check_verb(value: Any, path: str) -> None:
    """An id and perhaps a display (data part, 2.4.3)."""
    given = check_object(value, path)
    if not given.keys() <= _VERB_KEYS:
        refuse_unknown(given, _VERB_KEYS, path)
    check_iri(given.get("id"), f"{path}.id")
    if "display" in given:
        check_language_map(given["display"], f"{path}.display")


def check_activity(value: Any, path: str) -> None:
    """An Activity (data part, 2.4.4.1)."""
    given = check_object(value, path)
    if given.get("objectType", "Activity") != "Activity":
        refuse(f"{path}.objectType", "activity", 'This must be an Activity: objectType "Activity" or none.')
    if not given.keys() <= _ACTIVITY_KEYS:
        refuse_unknown(given, _ACTIVITY_KEYS, path)
    check_iri(given.get("id"), f"{path}.id")
    if "definition" in given:
        check_definition(given["definition"], f"{path}.definition")


def check_definition(value: Any, path: str) -> None:
    """An Activity Definition, with an interaction or without."""
    given = check_object(value, path)
    if not given.keys() <= _DEFINITION_KEYS:
        refuse_unknown(given, _DEFINITION_KEYS, path)
    for name in ("name", "description"):
        if name in given:
            check_language_map(given[name], f"{path}.{name}")
    for name in ("type", "moreInfo"):
        if name in given:
            check_iri(given[name], f"{path}.{name}")
    if "extensions" in given:
        check_extensions(given["extensions"], f"{path}.extensions")
    if not given.keys().isdisjoint(_INTERACTION_KEYS):
        _check_interaction(given, path)


def _check_interaction(given: dict[str, Any], path: str) -> None:
    kind = given.get("interactionType")
    if not isinstance(kind, str) or kind not in _COMPONENTS:
        refuse(f"{path}.interactionType", "interaction-type", f"This must be one of {', '.join(_COMPONENTS)}.")
    if "correctResponsesPattern" in given:
        patterns = given["correctResponsesPattern"]
        if not isinstance(patterns, list) or not all(isinstance(one, str) for one in patterns):
            refuse(f"{path}.correctResponsesPattern", "array", "This must be an array of strings.")
    for name in _COMPONENT_KEYS:
        if name in given:
            if name not in _COMPONENTS[kind]:
                refuse(f"{path}.{name}", "interaction-component", f"An interaction of type {kind} has no {name}.")
            _check_components(given[name], f"{path}.{name}")


def _check_components(value: Any, path: str) -> None:
    if not isinstance(value, list):
        refuse(path, "array", "This must be an array of interaction components.")
    seen = set()
    for index, one in enumerate(value):
        here = f"{path}[{index}]"
        given = check_object(one, here)
        if not given.keys() <= _ONE_COMPONENT_KEYS:
            refuse_unknown(given, _ONE_COMPONENT_KEYS, here)
        name = given.get("id")
        if not isinstance(name, str):
            refuse(f"{here}.id", "string", "An interaction component must have an id, a string.")
        if name in seen:
            refuse(f"{here}.id", "distinct-ids", "Two components of a list have the same id.")
        seen.add(name)
        if "description" in given:
            check_language_map(given["description"], f"{here}.description")


def check_reference(value: Any, path: str) -> None:
    """A StatementRef (data part, 2.4.4.3)."""
    given = check_object(value, path)
    if given.get("objectType") != "StatementRef":
        refuse(f"{path}.objectType", "statement-ref", 'This must be "StatementRef".')
    if not given.keys() <= _REFERENCE_KEYS:
        refuse_unknown(given, _REFERENCE_KEYS, path)
    check_uuid(given.get("id"), f"{path}.id")


def check_result(value: Any, path: str) -> None:
    """A Result (data part, 2.4.5)."""
    given = check_object(value, path)
    if not given.keys() <= _RESULT_KEYS:
        refuse_unknown(given, _RESULT_KEYS, path)
    if "score" in given:
        check_score(given["score"], f"{path}.score")
    for name in ("success", "completion"):
        if name in given and not isinstance(given[name], bool):
            refuse(f"{path}.{name}", "boolean", "This must be true or false.")
    if "response" in given:
        check_text(given["response"], f"{path}.response")
    if "duration" in given:
        duration = given["duration"]
        if not isinstance(duration, str) or not is_duration(duration):
            refuse(f"{path}.duration", "duration", "This must be an ISO 8601 duration such as PT1H30M.")
    if "extensions" in given:
        check_extensions(given["extensions"], f"{path}.extensions")


def check_score(value: Any, path: str) -> None:
    """A Score: scaled from -1 to 1, min below max, raw between them (data part, 2.4.5.1)."""
    given = check_object(value, path)
    if not given.keys() <= _SCORE_KEYS:
        refuse_unknown(given, _SCORE_KEYS, path)
    for name, number in given.items():
        # NaN and the infinities, which a caller in Python could hand over, are the numbers whose difference is not 0.
        if isinstance(number, bool) or not isinstance(number, int | float) or number - number != 0:
            refuse(f"{path}.{name}", "number", "This must be a number.")
    if "scaled" in given and not -1 <= given["scaled"] <= 1:
        refuse(f"{path}.scaled", "score-scaled", "A scaled score is from -1 to 1.")
    if "min" in given and "max" in given and not given["min"] < given["max"]:
        refuse(f"{path}.min", "score-range", "min must be less than max.")
    if "raw" in given:
        if "min" in given and given["raw"] < given["min"]:
            refuse(f"{path}.raw", "score-range", "raw must not be less than min.")
        if "max" in given and given["raw"] > given["max"]:
            refuse(f"{path}.raw", "score-range", "raw must not be more than max.")


def check_attachments(value: Any, path: str) -> None:
    """An array of Attachments as they are described; whether their data came along, the request knows (2.4.11)."""
    check_list(value, path, _check_attachment)


def _check_attachment(value: Any, path: str) -> None:
    given = check_object(value, path)
    if not given.keys() <= _ATTACHMENT_KEYS:
        refuse_unknown(given, _ATTACHMENT_KEYS, path)
    check_iri(given.get("usageType"), f"{path}.usageType")
    check_language_map(given.get("display"), f"{path}.display")
    if "description" in given:
        check_language_map(given["description"], f"{path}.description")
    content_type = given.get("contentType")
    if not isinstance(content_type, str) or not is_media_type(content_type):
        refuse(f"{path}.contentType", "media-type", "This must be an Internet media type such as text/plain.")
    length = given.get("length")
    if isinstance(length, bool) or not isinstance(length, int) or length < 0:
        refuse(f"{path}.length", "length", "This must be the number of octets.")
    digest = given.get("sha2")
    if not isinstance(digest, str) or not is_sha2(digest):
        refuse(f"{path}.sha2", "sha2", "This must be a SHA-2 digest in hexadecimal digits.")
    if "fileUrl" in given:
        check_iri(given["fileUrl"], f"{path}.fileUrl")


def check_list(value: Any, path: str, check: Callable[[Any, str], None]) -> None:
    """An array, each of whose items passes the check."""
    if not isinstance(value, list):
        refuse(path, "array", "This must be an array.")
    for index, one in enumerate(value):
        check(one, f"{path}[{index}]")
