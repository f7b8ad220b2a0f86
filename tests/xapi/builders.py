"""Statements and principals that read as prose. Few values, so that generated ones collide."""

from __future__ import annotations

from typing import Any

from xapi import VERBS, Principal

MOODLE = "https://moodle.example"
MODULE = "tag:biblio-project.eu,2022:module/M01"
PROGRAMME = "tag:biblio-project.eu,2022:programme/CECO"
REGISTRATION = "aa97b177-9383-4934-8543-0f91a7a02836"


def an_id(number: int) -> str:
    """A UUID that can be told from others by its number."""
    return f"00000000-0000-4000-8000-{number:012d}"


def learner(name: str = "anna") -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": MOODLE, "name": name}}


def key_of(name: str = "anna") -> str:
    return f"account:{MOODLE}|{name}"


def group(*members: str, **more: Any) -> dict[str, Any]:
    return {"objectType": "Group", "member": [learner(name) for name in members], **more}


def statement(verb: str = "completed", who: str = "anna", what: str = MODULE, **more: Any) -> dict[str, Any]:
    """`who` did `verb` to `what`; other properties by name, an `id` as a number."""
    made: dict[str, Any] = {"actor": learner(who), "verb": {"id": VERBS[verb]}, "object": {"id": what}, **more}
    if isinstance(made.get("id"), int):
        made["id"] = an_id(made["id"])
    return made


def voiding(target: int, **more: Any) -> dict[str, Any]:
    return statement("voided", "admin", object=reference(target), **more)


def reference(target: int) -> dict[str, Any]:
    return {"objectType": "StatementRef", "id": an_id(target)}


def full_statement(**more: Any) -> dict[str, Any]:
    """One with every part that a statement of 2.0 may have."""
    return {
        "id": an_id(7),
        "actor": {"name": "Anna", **learner()},
        "verb": {"id": VERBS["answered"], "display": {"en-US": "answered", "lv": "atbildēja"}},
        "object": {
            "objectType": "Activity",
            "id": f"{MODULE}#q1",
            "definition": {
                "name": {"en": "Question 1", "lv": "1. jautājums"},
                "description": {"en": "Choose"},
                "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
                "moreInfo": "https://biblio.example/q1",
                "interactionType": "choice",
                "correctResponsesPattern": ["a"],
                "choices": [{"id": "a", "description": {"en": "A"}}, {"id": "b"}],
                "extensions": {"https://x.example/e": None},
            },
        },
        "result": {
            "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10},
            "success": True,
            "completion": False,
            "response": "a",
            "duration": "PT1M30.5S",
            "extensions": {"https://x.example/e": {"deep": [1, None]}},
        },
        "context": {
            "registration": REGISTRATION,
            "instructor": {"mbox": "mailto:teacher@example.org"},
            "team": group("anna", "boris"),
            "contextActivities": {"parent": {"id": MODULE}, "grouping": [{"id": PROGRAMME}]},
            "contextAgents": [
                {
                    "objectType": "contextAgent",
                    "agent": learner("mentor"),
                    "relevantTypes": ["https://x.example/mentor"],
                }
            ],
            "contextGroups": [{"objectType": "contextGroup", "group": group("clara")}],
            "revision": "3",
            "platform": "tool",
            "language": "lv-LV",
            "statement": reference(1),
            "extensions": {"https://x.example/e": ""},
        },
        "timestamp": "2022-10-07T09:30:00.123+02:00",
        "authority": learner("forged"),
        "version": "2.0.0",
        "attachments": [
            {
                "usageType": "https://x.example/certificate",
                "display": {"en": "Certificate"},
                "contentType": "application/pdf",
                "length": 4,
                "sha2": "0" * 64,
                "fileUrl": "https://x.example/c.pdf",
            }
        ],
        **more,
    }


def principal(name: str = "lti-tool", *scopes: str, **more: Any) -> Principal:
    authority = {"objectType": "Agent", "account": {"homePage": "https://tool.example", "name": name}}
    return Principal(authority, frozenset(scopes or ("all",)), name=name, **more)


def page_of(name: str = "anna", **more: Any) -> Principal:
    """The principal of a page's token."""
    bound: dict[str, Any] = {
        "actor": learner(name),
        "activity": MODULE,
        "registration": REGISTRATION,
        "verbs": frozenset(VERBS[verb] for verb in ("initialized", "experienced", "answered", "progressed")),
    }
    return principal("page", "statements/write", "statements/read/mine", "state", "profile", **(bound | more))
