"""Small programmes and statements, so that tests read as prose."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from lti_tool.ecvet.acts import Decision
from lti_tool.ecvet.judge import Judgement, judge
from lti_tool.ecvet.load import load
from lti_tool.ecvet.rules import VERBS
from lti_tool.ecvet.terms import Programme

PROGRAMMES = Path(__file__).parents[2] / "config" / "programmes"
IRI = "tag:biblio-project.eu,2022:"
BASE = "https://tool.example"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOW = START + timedelta(days=365)
LEARNER = {"objectType": "Agent", "account": {"homePage": "https://moodle.example", "name": "7"}}
TRUSTED = {
    "tool": {"homePage": BASE, "name": "lti-tool"},
    "page": {"homePage": BASE, "name": "page"},
}


@cache
def ceco() -> Programme:
    return load(PROGRAMMES / "ceco.yaml")


@cache
def digy() -> Programme:
    return load(PROGRAMMES / "digy.yaml")


def authority(name: str, home: str = BASE) -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": home, "name": name}}


def said(
    verb: str,
    about: str,
    *,
    minute: float = 0,
    by: str = "lti-tool",
    home: str = BASE,
    hours: float = 0,
    scaled: float | None = None,
    id: str | None = None,
    parent: str = "",
) -> dict[str, Any]:
    """A statement about "module/M01" (or a whole IRI), so many minutes after START, vouched for by `by`."""
    activity = about if about.startswith("http") else IRI + about
    result: dict[str, Any] = {}
    if hours:
        result["duration"] = f"PT{round(hours * 3600)}S"
    if scaled is not None:
        result["score"] = {"scaled": scaled}
    statement: dict[str, Any] = {
        "id": id or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{verb} {about} {minute} {by} {home} {hours} {scaled}")),
        "actor": LEARNER,
        "verb": {"id": VERBS[verb]},
        "object": {"objectType": "Activity", "id": activity},
        "timestamp": (START + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z"),
    }
    if by:
        statement["authority"] = authority(by, home)
    if result:
        statement["result"] = result
    if parent:
        statement["context"] = {"contextActivities": {"parent": [{"id": IRI + parent}]}}
    return statement


def voiding(target: dict[str, Any], *, by: str = "lti-tool", home: str = BASE, minute: float = 500) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"void {target['id']} {by} {home}")),
        "actor": authority(by, home),
        "verb": {"id": VERBS["voided"]},
        "object": {"objectType": "StatementRef", "id": target["id"]},
        "timestamp": (START + timedelta(minutes=minute)).isoformat(),
        "authority": authority(by, home),
    }


def act(
    kind: str,
    unit: str,
    result: str = "",
    *,
    day: float = 30,
    outcomes: tuple[str, ...] = (),
    id: str = "",
    supersedes: str | None = None,
    reason: str = "",
) -> Decision:
    default = {"assess": "achieved", "validate": "granted", "recognise": "granted", "withdraw": ""}[kind]
    return Decision(
        id=id or f"{kind}-{unit}-{result}-{day}",
        kind=kind,
        unit=unit,
        outcomes=outcomes,
        result=result or default,
        by="Anna",
        institution="LV-KISC",
        at=START + timedelta(days=day),
        reason=reason,
        supersedes=supersedes,
    )


def enough(programme: Programme, unit: str) -> list[dict[str, Any]]:
    """Statements that show the whole unit."""
    found = programme.unit(unit)
    assert found is not None
    modules = [one for one in programme.modules if one.id in found.modules]
    statements = [said("passed" if one.graded else "completed", f"module/{one.id}", scaled=0.9) for one in modules]
    statements.append(said("attended", f"unit/{unit}/face_to_face/1", hours=found.hours["face_to_face"]))
    if not modules:
        statements += [said("completed", f"outcome/{one.id}") for one in found.outcomes]
    if found.hours["work_based"]:
        statements += [said("completed", f"unit/{unit}/work_based/{day}", hours=7.5, minute=day) for day in range(22)]
    return statements


def judged(programme: Programme, *statements: dict[str, Any], acts: tuple[Decision, ...] = ()) -> Judgement:
    return judge(programme, statements, acts, NOW, TRUSTED)


def states(judgement: Judgement) -> dict[str, str]:
    """The state of every unit and outcome by id."""
    found = {unit.id: unit.state for unit in judgement.units}
    return found | {outcome.id: outcome.state for unit in judgement.units for outcome in unit.outcomes}
