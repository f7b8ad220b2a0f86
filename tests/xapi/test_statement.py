"""Which statements are taken, and what becomes of them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.xapi.builders import (
    MODULE,
    REGISTRATION,
    an_id,
    full_statement,
    group,
    learner,
    reference,
    statement,
    voiding,
)
from xapi import InvalidStatement, actor_key, complete, same, validate
from xapi.statement import V1, V2


def changed(path: str, value: Any) -> dict[str, Any]:
    """The full statement with the value at a dotted path; `...` removes it."""
    made = copy.deepcopy(full_statement())
    *way, last = path.split(".")
    at: Any = made
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if value is ...:
        del at[last]
    elif isinstance(at, list):
        at[int(last)] = value
    else:
        at[last] = value
    return made


def sub(**more: Any) -> dict[str, Any]:
    return {"objectType": "SubStatement", **statement(), **more}


ACCEPTED = {
    "with everything": full_statement(),
    "with as little as possible": statement(),
    "an agent as object": statement(object=learner("boris")),
    "a group as object": statement(object=group("boris")),
    "a sub-statement": statement(object=sub(context={"contextActivities": {"other": {"id": MODULE}}})),
    "an identified group without members": statement(actor={"objectType": "Group", "mbox": "mailto:g@example.org"}),
    "empty result and context": statement(result={}, context={}),
    "extensions may be null": statement(result={"extensions": {"a:b": None}}),
    "an interaction without its list": changed("object.definition.choices", ...),
    "an upper-case id": statement(id=an_id(1).upper()),
    "a version 1.0.9": statement(version="1.0.9"),
    "a voiding one": voiding(3),
    "two agents as authority": statement(authority=group("a", "b")),
    "a time to come": statement(timestamp="2999-01-01T00:00:00Z"),
    "a raw score alone": statement(result={"score": {"raw": -3.5}}),
}

REFUSED: dict[str, tuple[Any, str, str]] = {
    "no object": ([], "$", "object"),
    "null": (None, "$", "object"),
    "no actor": (changed("actor", ...), "$", "required"),
    "no verb": (changed("verb", ...), "$", "required"),
    "no target": (changed("object", ...), "$", "required"),
    "unknown property": (changed("extra", 1), "$.extra", "unknown-property"),
    "wrong case": (changed("Verb", {}), "$.Verb", "unknown-property"),
    "null property": (changed("result", None), "$.result", "object"),
    "null deep": (changed("result.response", None), "$.result.response", "string"),
    "id no UUID": (changed("id", "7"), "$.id", "uuid"),
    "id a number": (changed("id", 7), "$.id", "uuid"),
    "id null": (changed("id", None), "$.id", "uuid"),
    "verb id missing": (changed("verb.id", ...), "$.verb.id", "iri"),
    "verb id relative": (changed("verb.id", "completed"), "$.verb.id", "iri"),
    "verb display no map": (changed("verb.display", "x"), "$.verb.display", "object"),
    "language tag": (changed("verb.display", {"a12345678": "x"}), "$.verb.display.a12345678", "language"),
    "language text": (changed("verb.display", {"en": 1}), "$.verb.display.en", "string"),
    "agent without identifier": (changed("actor", {"name": "A"}), "$.actor", "one-identifier"),
    "agent with two": (changed("actor.mbox", "mailto:a@b.example"), "$.actor", "one-identifier"),
    "agent with members": (changed("actor.member", []), "$.actor.member", "unknown-property"),
    "agent of wrong type": (changed("actor.objectType", "agent"), "$.actor.objectType", "agent"),
    "account without name": (changed("actor.account.name", ...), "$.actor.account", "account"),
    "account with more": (changed("actor.account.x", 1), "$.actor.account", "account"),
    "account homePage": (changed("actor.account.homePage", "moodle"), "$.actor.account.homePage", "iri"),
    "name no text": (changed("actor.name", 1), "$.actor.name", "string"),
    "mbox": (statement(actor={"mbox": "anna@example.org"}), "$.actor.mbox", "mbox"),
    "mbox_sha1sum": (statement(actor={"mbox_sha1sum": "abc"}), "$.actor.mbox_sha1sum", "sha1"),
    "openid": (statement(actor={"openid": "anna"}), "$.actor.openid", "iri"),
    "anonymous group without members": (changed("context.team.member", ...), "$.context.team", "anonymous-group"),
    "group with two identifiers": (
        statement(actor={"objectType": "Group", "openid": "a:b", "mbox": "mailto:a@b.c"}),
        "$.actor",
        "one-identifier",
    ),
    "member a group": (statement(actor=group() | {"member": [group("a")]}), "$.actor.member[0].objectType", "agent"),
    "object type": (changed("object.objectType", "activity"), "$.object.objectType", "object-type"),
    "object type a list": (changed("object.objectType", ["Activity"]), "$.object.objectType", "object-type"),
    "activity without id": (changed("object.id", ...), "$.object.id", "iri"),
    "definition type": (changed("object.definition.type", "x"), "$.object.definition.type", "iri"),
    "definition unknown": (changed("object.definition.Name", {}), "$.object.definition.Name", "unknown-property"),
    "interaction type": (
        changed("object.definition.interactionType", "Choice"),
        "$.object.definition.interactionType",
        "interaction-type",
    ),
    "interaction type missing": (
        changed("object.definition.interactionType", ...),
        "$.object.definition.interactionType",
        "interaction-type",
    ),
    "interaction list of another type": (
        changed("object.definition.scale", []),
        "$.object.definition.scale",
        "interaction-component",
    ),
    "interaction ids repeated": (
        changed("object.definition.choices.1.id", "a"),
        "$.object.definition.choices[1].id",
        "distinct-ids",
    ),
    "responses pattern": (
        changed("object.definition.correctResponsesPattern", "a"),
        "$.object.definition.correctResponsesPattern",
        "array",
    ),
    "reference without id": (statement(object={"objectType": "StatementRef"}), "$.object.id", "uuid"),
    "reference with more": (statement(object=reference(1) | {"x": 1}), "$.object.x", "unknown-property"),
    "sub-statement with id": (statement(object=sub(id=an_id(1))), "$.object.id", "unknown-property"),
    "sub-statement with stored": (
        statement(object=sub(stored="2022-10-07T09:30:00Z")),
        "$.object.stored",
        "unknown-property",
    ),
    "sub-statement with authority": (
        statement(object=sub(authority=learner())),
        "$.object.authority",
        "unknown-property",
    ),
    "sub-statement with version": (statement(object=sub(version="1.0.0")), "$.object.version", "unknown-property"),
    "sub-statement in another": (statement(object=sub(object=sub())), "$.object.object", "nested-sub-statement"),
    "score no number": (changed("result.score.raw", "5"), "$.result.score.raw", "number"),
    "score a boolean": (changed("result.score.raw", True), "$.result.score.raw", "number"),
    "score not a number": (changed("result.score.raw", float("nan")), "$.result.score.raw", "number"),
    "score without end": (changed("result.score.max", float("inf")), "$.result.score.max", "number"),
    "scaled above 1": (changed("result.score.scaled", 1.01), "$.result.score.scaled", "score-scaled"),
    "scaled below -1": (changed("result.score.scaled", -1.01), "$.result.score.scaled", "score-scaled"),
    "raw above max": (changed("result.score.raw", 11), "$.result.score.raw", "score-range"),
    "raw below min": (changed("result.score.raw", -1), "$.result.score.raw", "score-range"),
    "min not below max": (changed("result.score.min", 10), "$.result.score.min", "score-range"),
    "success a text": (changed("result.success", "true"), "$.result.success", "boolean"),
    "completion a number": (changed("result.completion", 1), "$.result.completion", "boolean"),
    "duration": (changed("result.duration", "PA1H"), "$.result.duration", "duration"),
    "extension key": (
        changed("result.extensions", {"should fail": 1}),
        "$.result.extensions['should fail']",
        "iri",
    ),
    "registration": (changed("context.registration", "x"), "$.context.registration", "uuid"),
    "team an agent": (changed("context.team", learner()), "$.context.team.objectType", "group"),
    "context language": (changed("context.language", "en_US"), "$.context.language", "language"),
    "context statement": (
        changed("context.statement.objectType", ...),
        "$.context.statement.objectType",
        "statement-ref",
    ),
    "context activities key": (
        changed("context.contextActivities.Parent", []),
        "$.context.contextActivities.Parent",
        "unknown-property",
    ),
    "context activity no activity": (
        changed("context.contextActivities.grouping.0", learner()),
        "$.context.contextActivities.grouping[0].objectType",
        "activity",
    ),
    "revision with an agent": (
        statement(object=learner(), context={"revision": "1"}),
        "$.context.revision",
        "activity-only",
    ),
    "platform with a reference": (
        statement(object=reference(1), context={"platform": "1"}),
        "$.context.platform",
        "activity-only",
    ),
    "context agent's type": (
        changed("context.contextAgents.0.objectType", "Agent"),
        "$.context.contextAgents[0].objectType",
        "object-type",
    ),
    "context agent's relevant types empty": (
        changed("context.contextAgents.0.relevantTypes", []),
        "$.context.contextAgents[0].relevantTypes",
        "not-empty",
    ),
    "context agent's relevant types": (
        changed("context.contextAgents.0.relevantTypes", ["abc"]),
        "$.context.contextAgents[0].relevantTypes[0]",
        "iri",
    ),
    "context group missing": (changed("context.contextGroups.0.group", ...), "$.context.contextGroups[0]", "required"),
    "timestamp": (changed("timestamp", "2022-10-07"), "$.timestamp", "timestamp"),
    "timestamp -00:00": (changed("timestamp", "2022-10-07T09:30:00-00:00"), "$.timestamp", "timestamp"),
    "stored": (changed("stored", "now"), "$.stored", "timestamp"),
    "version 0.9.9": (changed("version", "0.9.9"), "$.version", "version"),
    "version 1.1.0": (changed("version", "1.1.0"), "$.version", "version"),
    "authority of three": (changed("authority", group("a", "b", "c")), "$.authority", "authority"),
    "authority an identified group": (
        changed("authority", group("a", "b", mbox="mailto:g@example.org")),
        "$.authority",
        "authority",
    ),
    "voiding what is no reference": (statement("voided"), "$.object", "voiding"),
    "attachments no list": (changed("attachments", {}), "$.attachments", "array"),
    "attachment without display": (changed("attachments.0.display", ...), "$.attachments[0].display", "object"),
    "attachment's length": (changed("attachments.0.length", 4.5), "$.attachments[0].length", "length"),
    "attachment's digest": (changed("attachments.0.sha2", "xyz"), "$.attachments[0].sha2", "sha2"),
    "attachment's media type": (
        changed("attachments.0.contentType", "pdf"),
        "$.attachments[0].contentType",
        "media-type",
    ),
    "attachment's address": (changed("attachments.0.fileUrl", "c.pdf"), "$.attachments[0].fileUrl", "iri"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    before = copy.deepcopy(ACCEPTED[name])
    validate(ACCEPTED[name])
    assert ACCEPTED[name] == before


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_path_and_rule(name: str) -> None:
    given, path, rule = REFUSED[name]
    with pytest.raises(InvalidStatement) as caught:
        validate(given)
    assert (caught.value.path, caught.value.rule, caught.value.status) == (path, rule, 400)


@pytest.mark.parametrize("name", ["contextAgents", "contextGroups"])
def test_1_0_3_does_not_know_what_2_0_added(name: str) -> None:
    given = statement(context={name: full_statement()["context"][name]})
    validate(given, V2)
    with pytest.raises(InvalidStatement, match=name):
        validate(given, V1)


def test_1_0_3_takes_no_version_2() -> None:
    with pytest.raises(InvalidStatement):
        validate(statement(version="2.0.0"), V1)


def test_a_complete_statement() -> None:
    given = full_statement(
        object=sub(timestamp="2022-10-07T09:30:00+01:00", context={"contextActivities": {"other": {"id": MODULE}}})
    )
    before = copy.deepcopy(given)
    whole = complete(given, learner("tool"), "2022-10-08T00:00:00Z", lambda: an_id(99))
    assert given == before
    assert whole["id"] == an_id(7)
    assert whole["authority"] == learner("tool")
    assert whole["stored"] == "2022-10-08T00:00:00Z"
    assert whole["timestamp"] == "2022-10-07T07:30:00.123Z"
    assert whole["context"]["contextActivities"]["parent"] == [{"id": MODULE}]
    assert whole["object"]["timestamp"] == "2022-10-07T08:30:00Z"
    assert whole["object"]["context"]["contextActivities"] == {"other": [{"id": MODULE}]}


@pytest.mark.parametrize(("version", "told"), [(V1, "1.0.0"), (V2, "2.0.0")])
def test_what_is_missing_is_added(version: str, told: str) -> None:
    whole = complete(statement(), learner("tool"), "2022-10-08T00:00:00Z", lambda: an_id(99), version)
    assert (whole["id"], whole["timestamp"], whole["version"]) == (an_id(99), "2022-10-08T00:00:00Z", told)
    assert (
        complete(statement(version="1.0.3"), learner(), "2022-10-08T00:00:00Z", lambda: "", version)["version"]
        == "1.0.3"
    )


SAME = {
    "id": ("id", an_id(8)),
    "authority": ("authority", learner("other")),
    "stored": ("stored", "2020-01-01T00:00:00Z"),
    "timestamp": ("timestamp", "2022-10-07T07:30:00.123Z"),
    "no timestamp": ("timestamp", ...),
    "version": ("version", "1.0.3"),
    "attachments": ("attachments", ...),
    "definition": ("object.definition", ...),
    "display": ("verb.display", {"de": "beantwortete"}),
    "default type of the actor": ("actor.objectType", ...),
    "default type of the object": ("object.objectType", ...),
    "order of members": ("context.team.member", [learner("boris"), learner("anna")]),
    "case of the registration": ("context.registration", REGISTRATION.upper()),
    "case of the language": ("context.language", "LV-lv"),
    "an array for one": ("context.contextActivities.parent", [{"id": MODULE}]),
    "a number's form": ("result.score.raw", 5.0),
    "thousandths of a second": ("result.duration", "PT90.509S"),
}
DIFFERENT = {
    "actor": ("actor.account.name", "boris"),
    "actor's name": ("actor.name", "Anna B."),
    "verb": ("verb.id", "http://adlnet.gov/expapi/verbs/passed"),
    "object": ("object.id", MODULE),
    "score": ("result.score.scaled", 0.6),
    "success": ("result.success", ...),
    "success false": ("result.success", False),
    "response": ("result.response", "A"),
    "hundredths of a second": ("result.duration", "PT90.51S"),
    "extension": ("result.extensions", {"https://x.example/e": {"deep": [True, None]}}),
    "registration": ("context.registration", an_id(5)),
    "members": ("context.team", group("anna")),
    "parent": ("context.contextActivities.parent", ...),
    "context agent": ("context.contextAgents.0.agent", learner("another")),
}


@pytest.mark.parametrize("name", SAME)
def test_differences_that_do_not_count(name: str) -> None:
    assert same(full_statement(), changed(*SAME[name]))
    assert same(changed(*SAME[name]), full_statement())


@pytest.mark.parametrize("name", DIFFERENT)
def test_differences_that_count(name: str) -> None:
    assert not same(full_statement(), changed(*DIFFERENT[name]))


def test_1_0_3_compares_durations_as_text() -> None:
    assert not same(full_statement(), changed("result.duration", "PT90.5S"), V1)
    assert same(full_statement(), changed("result.duration", "PT90.5S"), V2)


def test_keys_of_actors() -> None:
    assert actor_key(learner()) == "account:https://moodle.example|anna"
    assert actor_key({"mbox": "mailto:a@b.c"}) == "mbox:mailto:a@b.c"
    assert actor_key({"mbox_sha1sum": "AB" * 20}) == f"mbox_sha1sum:{'ab' * 20}"
    assert actor_key({"openid": "https://a.example"}) == "openid:https://a.example"
    assert actor_key(group("a", "b")) == actor_key(group("b", "a")) != actor_key(group("a"))
