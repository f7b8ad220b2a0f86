"""The statements that the server issues of a module. Pure: values in, statements out.

Ids are made from learner, module, attempt and verb, so a statement that was issued before a crash is the same one after
it. xAPI 1.0.3, data part, 2.4 (https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#statements).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from lti_tool.ecvet.terms import Module
from lti_tool.play.content import Content, Edition
from lti_tool.play.quiz import Match, Multiple, Question, Single
from lti_tool.play.store import Attempt
from xapi.access import Principal
from xapi.statement import actor_key
from xapi.vocabulary import ACTIVITY_TYPES, EXTENSIONS, VERBS

# The namespace of every id made here: fixed for ever, or repeats would no longer be the same statement.
_NAMESPACE = UUID("7d0c9a3e-3c52-5d0e-9f6b-0b7c2f1f7a11")


def registration_of(key: str, activity: str) -> str:
    """The registration of a learner (actor key) in an activity: the same over links, courses and days."""
    return str(uuid5(NAMESPACE_URL, f"{key} {activity}"))


def next_id(id: str) -> str:
    """The id of a statement whose own, `id`, somebody else has used."""
    return str(uuid5(_NAMESPACE, f"next\n{id}"))


def server(base_url: str) -> Principal:
    """The tool itself, as the one whose statements count."""
    authority = {"objectType": "Agent", "account": {"homePage": base_url, "name": "lti-tool"}}
    return Principal(authority, frozenset({"statements/write", "define"}), name="lti-tool")


@dataclass(frozen=True)
class Study:
    """One learner at one module, from one session. `units` and `programmes` are the activity ids in which it counts."""

    actor: Mapping[str, Any]
    module: Module
    content: Content
    edition: Edition
    units: tuple[str, ...]
    programmes: tuple[str, ...]
    platform: str
    session: str

    @cached_property
    def key(self) -> str:
        return actor_key(self.actor)

    @cached_property
    def registration(self) -> str:
        return registration_of(self.key, self.module.iri)

    def id(self, *parts: str) -> str:
        """A statement id from these parts, for this learner and module."""
        return str(uuid5(_NAMESPACE, "\n".join((self.key, self.module.iri, *parts))))

    @property
    def context(self) -> dict[str, Any]:
        """The context of every statement of this study, by server or page."""
        around = {"parent": self.units, "grouping": self.programmes}
        return {
            "registration": self.registration,
            "platform": self.platform,
            "language": self.edition.language,
            "revision": str(self.content.version),
            "contextActivities": {
                kind: [{"objectType": "Activity", "id": id} for id in ids] for kind, ids in around.items() if ids
            },
            # The session's own id opens pages: what is stored is made from it.
            "extensions": {EXTENSIONS["session-id"]: str(uuid5(_NAMESPACE, self.session))},
        }

    @property
    def activity(self) -> dict[str, Any]:
        """The module as an activity."""
        definition = {"type": ACTIVITY_TYPES["module"], "name": dict(self.module.title)}
        return {"objectType": "Activity", "id": self.module.iri, "definition": definition}


def initialized(study: Study, now: datetime) -> dict[str, Any]:
    """The module was opened, once for each session."""
    return _statement(study, "initialized", study.id(study.session, "initialized"), now)


def checked(study: Study, attempt: Attempt, complete: bool) -> list[dict[str, Any]]:
    """An attempt was scored: an `answered` for each question, and `passed` or `failed`. `complete`: the module is."""
    number = str(attempt.number)
    quiz = study.edition.quiz
    found: list[dict[str, Any]] = []
    score = quiz.check(attempt.answers) if quiz else None
    for question in quiz.questions if quiz else ():
        mark = score.marks[question.id] if score else None
        if mark is None or question.id not in attempt.answers:
            continue
        statement = _statement(study, "answered", study.id(number, "answered", question.id), attempt.at)
        statement["object"] = _asked(study, question)
        statement["result"] = {
            "success": mark.right,
            "response": _response(attempt.answers[question.id]),
            "score": {"scaled": round(float(mark.share), 4)},
        }
        parents = statement["context"]["contextActivities"]
        parents["grouping"] = [*parents.get("parent", ()), *parents.get("grouping", ())]
        parents["parent"] = [{"objectType": "Activity", "id": study.module.iri}]
        found.append(statement)
    verb = "passed" if attempt.passed else "failed"
    statement = _statement(study, verb, study.id(number, verb), attempt.at)
    statement["result"] = {
        "score": _score(attempt),
        "success": attempt.passed,
        "completion": complete,
        "duration": duration(attempt.seconds),
    }
    return [*found, statement]


def completed(study: Study, best: Attempt | None, seconds: int, now: datetime) -> dict[str, Any]:
    """All pages were seen, and the quiz, where there is one, was passed or its attempts are used up."""
    statement = _statement(study, "completed", study.id("completed"), now)
    result: dict[str, Any] = {"completion": True, "duration": duration(seconds)}
    if best is not None:
        result |= {"success": best.passed, "score": _score(best)}
    statement["result"] = result
    return statement


def duration(seconds: int) -> str:
    """ISO 8601: "PT1H2M3S"."""
    hours, rest = divmod(max(seconds, 0), 3600)
    minutes, rest = divmod(rest, 60)
    shown = "".join(f"{value}{letter}" for value, letter in ((hours, "H"), (minutes, "M"), (rest, "S")) if value)
    return f"PT{shown or '0S'}"


def moment(now: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _statement(study: Study, verb: str, id: str, now: datetime) -> dict[str, Any]:
    return {
        "id": id,
        "actor": dict(study.actor),
        "verb": {"id": VERBS[verb], "display": {"en": verb}},
        "object": study.activity,
        "context": study.context,
        "timestamp": moment(now),
    }


def _score(attempt: Attempt) -> dict[str, float]:
    return {
        "scaled": float(attempt.scaled),
        "raw": float(attempt.points),
        "min": 0,
        "max": float(attempt.maximum),
    }


def _asked(study: Study, question: Question) -> dict[str, Any]:
    """A question as an activity, without its key: whoever may read statements need not see the answers."""
    language = study.edition.language
    definition: dict[str, Any] = {
        "type": ACTIVITY_TYPES["cmi.interaction"],
        "name": {language: question.text},
    }
    if isinstance(question, Single | Multiple):
        definition["interactionType"] = "choice"
        definition["choices"] = [_component(choice.id, choice.text, language) for choice in question.choices]
    elif isinstance(question, Match):
        definition["interactionType"] = "matching"
        definition["source"] = [_component(pair.id, pair.left, language) for pair in question.pairs]
        # Sorted by their words: in the order of the file, each would stand across from its pair.
        options = sorted(question.options, key=lambda option: option.text)
        definition["target"] = [_component(option.id, option.text, language) for option in options]
    else:
        definition["interactionType"] = "fill-in"
    return {
        "objectType": "Activity",
        "id": f"{study.module.iri}/quiz/{question.id}",
        "definition": definition,
    }


def _component(id: str, text: str, language: str) -> dict[str, Any]:
    return {"id": id, "description": {language: text}}


def _response(answer: object) -> str:
    """As the interaction types want it (xAPI 1.0.3, data part, appendix C)."""
    if isinstance(answer, Mapping):
        return "[,]".join(f"{left}[.]{right}" for left, right in answer.items())
    if isinstance(answer, list):
        return "[,]".join(answer)
    return str(answer)
