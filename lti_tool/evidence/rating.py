"""An assessor rates project work by the rubric of its unit, returns it with a comment, or withdraws a rating.

A rating is a statement of this tool with the assessor as instructor; by its scaled score a rule of the programme may
count it, and so it leads to *demonstrated* at most. Acts are never changed: a new one reverses an older, with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection

from lti_tool.ecvet.entries import Author, Entry, confirm_with, entries, of_work, voiding, write
from lti_tool.ecvet.offline import TOOL_ACCOUNT
from lti_tool.ecvet.record import Record, UnitRecord, authority
from lti_tool.ecvet.terms import Rubric
from lti_tool.errors import N_, BadInput, Conflict, NotFound
from lti_tool.evidence.works import MAY_RATE, MOST_WORDS, RESULTS, Work, acts, of_record, tidy_lines, works
from xapi.store import Stored
from xapi.vocabulary import ACTIVITY_TYPES, VERBS

_TURN: Final[Mapping[str, tuple[str, ...]]] = {
    "rated": ("waiting", "returned"),
    "returned": ("waiting",),
    "withdrawn": ("rated",),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What an assessor says to a version of a work. `levels` and `comments`: by criterion; `reason`: of the whole."""

    result: str
    version: str
    levels: Mapping[str, str]
    comments: Mapping[str, str]
    reason: str


def decide(
    conn: Connection,
    record: Record,
    unit: UnitRecord,
    id: str,
    said: Said,
    by: Author,
    now: datetime,
    base_url: str,
) -> tuple[Stored, ...]:
    """The work is rated or returned, or its rating withdrawn. Returns the statements that were written.

    To be called after `take_turn`, with `record` read in this transaction. Raises Forbidden, NotFound, BadInput
    (ECVET-RESULT, ECVET-COMMENT, ECVET-RUBRIC) and Conflict: where it is not its turn, a newer version came meanwhile,
    or the unit is validated on it.
    """
    by.must_any(MAY_RATE, record)
    work = of_record(conn, record, unit.unit.id, id)
    reason = read_comment(said.reason)
    if said.result not in RESULTS:
        raise BadInput("ECVET-RESULT", N_("Choose a result."), N_("Go back and tick one."))
    if not reason:
        raise BadInput("ECVET-COMMENT", N_("Say what is to be changed."), N_("Write a sentence for the learner."))
    if said.version != str(work.newest.number):
        raise Conflict(
            "ECVET-WORK-NEWER", N_("The learner has handed in a newer version meanwhile."), N_("Look at it first.")
        )
    if work.state not in _TURN[said.result]:
        raise Conflict("ECVET-DECIDED", N_("This was decided already."), N_("Reload the page."))
    if said.result == "withdrawn":
        return _withdraw(conn, record, unit, work, reason, by, now, base_url)
    if said.result == "returned":
        told = _statement(record, unit, work, VERBS["commented"], {"response": reason}, by, now)
        done = write(conn, told, authority(base_url, TOOL_ACCOUNT), now)
        _record_act(conn, record, work, said.result, ({}, {}, None), reason, done.ids, by, now)
        return done.stored
    return _rate(conn, record, unit, work, (said, reason), by, now, base_url)


def read_comment(text: str) -> str:
    """A comment from a form. Raises BadInput (ECVET-COMMENT-LONG)."""
    said = tidy_lines(text)
    if len(said) > MOST_WORDS:
        raise BadInput(
            "ECVET-COMMENT-LONG",
            N_("This comment is too long."),
            N_("Write at most %(most)s characters."),
            params={"most": MOST_WORDS},
        )
    return said


def read_levels(rubric: Rubric, levels: Mapping[str, str]) -> dict[str, str]:
    """One level for each criterion, in the rubric's order. Raises BadInput (ECVET-RUBRIC)."""
    chosen = {one.id: levels.get(one.id, "") for one in rubric.criteria}
    if not all(rubric.level(level) for level in chosen.values()) or set(levels) - set(chosen):
        raise BadInput(
            "ECVET-RUBRIC", N_("Rate every criterion by one of its levels."), N_("Go back and tick one for each.")
        )
    return chosen


def hours_waiting(record: Record, work: Work, base_url: str) -> tuple[Entry, ...]:
    """Hours that the learner entered with this work and that still wait. What a mentor returned is the learner's turn,
    and no rating confirms it."""
    found = entries(record, base_url, [work.unit])
    return tuple(one for one in found if one.waiting and not one.returned and of_work(one.activity, work.id))


def _rate(
    conn: Connection,
    record: Record,
    unit: UnitRecord,
    work: Work,
    told: tuple[Said, str],
    by: Author,
    now: datetime,
    base_url: str,
) -> tuple[Stored, ...]:
    said, reason = told
    rubric = unit.unit.rubric
    if rubric is None:
        raise NotFound(
            "ECVET-NO-RUBRIC", N_("No project work is handed in for this unit."), N_("Go back to the record.")
        )
    levels = read_levels(rubric, said.levels)
    comments = {one.id: text for one in rubric.criteria if (text := read_comment(said.comments.get(one.id, "")))}
    scaled = rubric.scaled(levels)
    result = {
        "score": {"scaled": scaled},
        "completion": True,
        "response": reason,
        # How it came to the score, for whoever reads the statement elsewhere: level by criterion.
        "extensions": {f"{record.programme.iri}rubric/{rubric.id}": levels},
    }
    rating = _statement(record, unit, work, VERBS["scored"], result, by, now)
    done = write(conn, rating, authority(base_url, TOOL_ACCOUNT), now)
    stored = done.stored + confirm_with(conn, record, hours_waiting(record, work, base_url), by, now, base_url)
    ids = [str(one.statement["id"]) for one in stored]
    _record_act(conn, record, work, "rated", (levels, comments, scaled), reason, ids, by, now)
    return stored


def _withdraw(
    conn: Connection,
    record: Record,
    unit: UnitRecord,
    work: Work,
    reason: str,
    by: Author,
    now: datetime,
    base_url: str,
) -> tuple[Stored, ...]:
    if unit.awarded:
        raise Conflict("ECVET-ORDER", N_("Later decisions rest on this one."), N_("Withdraw the later one first."))
    # Hours that were confirmed with it may have been taken back before.
    told = [one for one in (work.last.statements if work.last else ()) if record.statement(one)]
    stored: tuple[Stored, ...] = ()
    for one in told:
        stored += write(conn, voiding(by.agent, one, now), authority(base_url, TOOL_ACCOUNT), now).stored
    _record_act(conn, record, work, "withdrawn", ({}, {}, None), reason, (), by, now)
    return stored


def _record_act(
    conn: Connection,
    record: Record,
    work: Work,
    result: str,
    rating: tuple[Mapping[str, str], Mapping[str, str], float | None],
    reason: str,
    statements: Sequence[str],
    by: Author,
    now: datetime,
) -> None:
    levels, comments, scaled = rating
    conn.execute(
        acts.insert().values(
            id=str(uuid4()),
            work=work.id,
            number=len(work.acts) + 1,
            version=work.newest.number,
            result=result,
            programme_version=record.version_of(work.unit),
            levels=dict(levels),
            comments=dict(comments),
            scaled=scaled,
            reason=reason,
            statements=list(statements),
            by_key=by.keys[0],
            by_name=by.name,
            institution=record.institution,
            at=now,
        )
    )
    since = now if result == "withdrawn" else None
    conn.execute(works.update().where(works.c.id == work.id).values(waits_since=since))


def _statement(
    record: Record, unit: UnitRecord, work: Work, verb: str, result: Mapping[str, Any], by: Author, now: datetime
) -> dict[str, Any]:
    account = record.learner.account
    if account is None:
        raise NotFound("ECVET-LEARNER", N_("There is no such learner."))
    return {
        "actor": account.actor,
        "verb": {"id": verb},
        "object": {
            "objectType": "Activity",
            "id": f"{unit.unit.iri}/project/{work.id}",
            "definition": {"type": ACTIVITY_TYPES["performance"], "name": {"und": work.newest.wish.title}},
        },
        "result": dict(result),
        "context": {
            "instructor": by.agent,
            "contextActivities": {"parent": [{"id": unit.unit.iri}], "grouping": [{"id": record.programme.activity}]},
        },
        "timestamp": now.isoformat(),
    }
