"""Statements as a reader wants them: format=ids and format=canonical. Pure.

xAPI 1.0.3, communication part, 2.1.3 "GET Statements", `format`; IEEE 9274.1.1: one language only in each map.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from xapi.actors import bare_actor

Definitions = Mapping[str, Mapping[str, Any]]
_Change = Callable[[Mapping[str, Any]], dict[str, Any]]


def as_ids(statement: Mapping[str, Any]) -> dict[str, Any]:
    """The statement with only what identifies its actors, activities and verbs; anonymous groups keep their members."""
    return _rebuild(statement, actor=_bare_actor, activity=_bare_activity, verb=lambda verb: {"id": verb["id"]})


def as_canonical(statement: Mapping[str, Any], languages: Sequence[str], definitions: Definitions) -> dict[str, Any]:
    """The statement with the store's own definitions of its activities, and one language in each language map."""

    def activity(given: Mapping[str, Any]) -> dict[str, Any]:
        definition = definitions.get(given["id"], given.get("definition"))
        return dict(given) if definition is None else {**given, "definition": _define(definition, languages)}

    def verb(given: Mapping[str, Any]) -> dict[str, Any]:
        return _in_one_language(given, ("display",), languages)

    changed = _rebuild(statement, actor=dict, activity=activity, verb=verb)
    if "attachments" in changed:
        changed["attachments"] = [
            _in_one_language(one, ("display", "description"), languages) for one in changed["attachments"]
        ]
    return changed


def activity_ids(statement: Mapping[str, Any]) -> Iterator[str]:
    """The IRIs of all activities in the statement."""
    target = statement["object"]
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        yield target["id"]
    elif kind == "SubStatement":
        yield from activity_ids(target)
    for given in statement.get("context", {}).get("contextActivities", {}).values():
        for one in given:
            yield one["id"]


def read_languages(accept_language: str) -> list[str]:
    """The languages of an Accept-Language header, the dearest first, equals in their order, without those of q=0."""
    found: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _, rest = part.strip().partition(";")
        quality = 1.0
        name, _, value = rest.strip().partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
        if tag.strip() and quality > 0:
            found.append((-quality, tag.strip()))
    return [tag for _, tag in sorted(found, key=lambda pair: pair[0])]


def choose_language(texts: Mapping[str, str], languages: Sequence[str]) -> dict[str, str]:
    """The map with one language: the first wanted one it has (RFC 4647, 3.4, or a more special one), or its first."""
    by_tag = {tag.lower(): tag for tag in texts}
    for wanted in languages:
        given = wanted.lower()
        if given == "*":
            break
        rest = given
        while rest:
            if rest in by_tag:
                return {by_tag[rest]: texts[by_tag[rest]]}
            rest = rest.rpartition("-")[0]
        for tag, original in by_tag.items():
            if tag.startswith(f"{given}-"):
                return {original: texts[original]}
    return dict(list(texts.items())[:1])


def _in_one_language(part: Mapping[str, Any], names: Sequence[str], languages: Sequence[str]) -> dict[str, Any]:
    return {**part, **{name: choose_language(part[name], languages) for name in names if name in part}}


def _define(definition: Mapping[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    changed = _in_one_language(definition, ("name", "description"), languages)
    for name in ("choices", "scale", "source", "target", "steps"):
        if name in changed:
            changed[name] = [_in_one_language(one, ("description",), languages) for one in changed[name]]
    return changed


def _bare_actor(actor: Mapping[str, Any]) -> dict[str, Any]:
    bare = bare_actor(actor)
    if "objectType" not in actor:
        del bare["objectType"]
    return bare


def _bare_activity(activity: Mapping[str, Any]) -> dict[str, Any]:
    # Activity is what an object is by default, so its objectType identifies nothing.
    return {"id": activity["id"]}


def _rebuild(part: Mapping[str, Any], actor: _Change, activity: _Change, verb: _Change) -> dict[str, Any]:
    changed = dict(part)
    changed["actor"] = actor(part["actor"])
    changed["verb"] = verb(part["verb"])
    target = part["object"]
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        changed["object"] = activity(target)
    elif kind in ("Agent", "Group"):
        changed["object"] = actor(target)
    elif kind == "SubStatement":
        changed["object"] = _rebuild(target, actor, activity, verb)
    if "authority" in part:
        changed["authority"] = actor(part["authority"])
    if "context" in part:
        changed["context"] = _rebuild_context(part["context"], actor, activity)
    return changed


def _rebuild_context(context: Mapping[str, Any], actor: _Change, activity: _Change) -> dict[str, Any]:
    changed = dict(context)
    for name in ("instructor", "team"):
        if name in context:
            changed[name] = actor(context[name])
    if "contextActivities" in context:
        changed["contextActivities"] = {
            kind: [activity(one) for one in given] for kind, given in context["contextActivities"].items()
        }
    for name, who in (("contextAgents", "agent"), ("contextGroups", "group")):
        if name in context:
            changed[name] = [{**one, who: actor(one[who])} for one in context[name]]
    return changed
