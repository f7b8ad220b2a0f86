"""Issuing and withdrawing awards: acts of people, role checked, each a row. Nothing is issued by itself.

Whoever issues acts for an institution that the programme names as competent to validate, and whose awards their role
reaches. What was validated is not asked again: it is read from the record of this moment.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from lti_tool.ecvet.entries import Author
from lti_tool.ecvet.record import Record, UnitRecord, at_least
from lti_tool.ecvet.terms import Institution
from lti_tool.errors import N_, BadInput, Conflict, Forbidden, NotFound
from lti_tool.papers import register
from lti_tool.papers.award import Award, AwardAct, Kind, digest, same_series
from lti_tool.papers.numbers import RANDOM_BYTES, number_of
from lti_tool.papers.snapshot import snapshot
from lti_tool.people.roles import Action, may

AWARD: Final[tuple[Action, ...]] = ("award",)
MOST_NAME: Final = 200
MOST_TEXT: Final = 2000
_CHANCE: Final = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to be issued. `unit` for kind "unit"; `name` as it stands on the paper; `institution`: the id
    of the one that awards; `quality`: how it assures quality, in its own words."""

    kind: Kind
    unit: str | None
    name: str
    institution: str
    quality: str = ""


def new_number() -> str:
    """A number that nobody can guess."""
    return number_of(secrets.token_bytes(RANDOM_BYTES))


def institutions_for(record: Record, by: Author) -> tuple[Institution, ...]:
    """The institutions in whose name `by` may award to this learner."""
    if not by.may_any(AWARD, record):
        return ()
    return tuple(
        one
        for one in record.programme.institutions
        if "validate" in one.competent and may(by.grants, "award", institution=one.id, programme=record.programme.id)
    )


def awardable(record: Record) -> tuple[UnitRecord, ...]:
    """The units that somebody may award now: the validated ones."""
    return tuple(one for one in record.units if one.awarded)


def has_credit(record: Record) -> bool:
    """Whether there is anything for a transcript: an outcome that was assessed as achieved (2009 Recommendation, Annex
    II: the transcript records what was assessed; validation is the business of the home institution)."""
    return any(at_least(judged.state, "assessed_achieved") for one in record.units for _, judged in one.outcomes)


def issue(conn: Connection, record: Record, wanted: Request, by: Author, now: datetime, number: str) -> Award:
    """The award, in the register; those before it for the same thing are superseded by it.

    `record` must be read in this transaction, after `take_turn`. Raises Forbidden (role, oneself, institution),
    BadInput (name, institution), NotFound (unit), Conflict (not validated, nothing to certify, nothing new).
    """
    by.must_any(AWARD, record)
    name, quality = one_line(wanted.name, MOST_NAME), one_line(wanted.quality, MOST_TEXT)
    if not name:
        raise BadInput("PAPERS-NAME", N_("A paper needs the learner's name."), N_("Go back and write it."))
    units = _units(record, wanted)
    institution = _institution(record, wanted, by)
    content = snapshot(record, wanted.kind, units, name, institution, quality)
    before = same_series(
        wanted.kind,
        record.programme.id,
        wanted.unit,
        register.of_learner(conn, record.learner.keys, record.programme.id),
    )
    if any(one.digest == digest(content) for one in before):
        raise Conflict(
            "PAPERS-SAME", N_("Nothing has changed since this was issued."), N_("Use the paper that is there.")
        )
    award = Award(
        number=number,
        kind=wanted.kind,
        learner_key=record.enrolment.actor_key if record.enrolment else record.learner.keys[0],
        learner_name=name,
        programme=record.programme.id,
        version=record.version_of(wanted.unit or ""),
        unit=wanted.unit,
        institution=institution.id,
        snapshot=content,
        digest=digest(content),
        issued_at=now,
        issued_by=by.name,
        status_index=register.free_index(conn, _CHANCE),
        shows="minimal",
    )
    register.add(conn, award, by.keys[0])
    for one in before:
        register.add_act(conn, one.number, AwardAct("supersede", now, by.name, "", number), by.keys[0])
    return award


def withdraw(conn: Connection, record: Record, number: str, reason: str, by: Author, now: datetime) -> None:
    """The award no longer counts, and says so to whoever checks it; why is written down.

    Raises NotFound, Forbidden, BadInput (no reason), Conflict (withdrawn already).
    """
    award = award_of(conn, record, number)
    by.must_any(AWARD, record)
    _must_reach(by, award.institution, award.programme)
    said = one_line(reason, MOST_TEXT)
    if not said:
        raise BadInput("PAPERS-REASON", N_("Say why the paper is withdrawn."), N_("Go back and write a sentence."))
    if not register.add_act(conn, number, AwardAct("withdraw", now, by.name, said), by.keys[0]):
        raise Conflict("PAPERS-WITHDRAWN", N_("This paper is withdrawn already."), N_("There is nothing to do."))


def award_of(conn: Connection, record: Record, number: str) -> Award:
    """The award of this learner in this programme with this number. Raises NotFound for any other."""
    award = register.get(conn, number)
    if award is None or award.learner_key not in record.learner.keys or award.programme != record.programme.id:
        raise NotFound("PAPERS-NONE", N_("There is no such paper of this learner."))
    return award


def groundless(award: Award, standing: Collection[str]) -> bool:
    """Whether an act that a valid award rests on does not count any more (`standing`: the ids of those that do), so
    that somebody should look at the award again."""
    return award.state == "valid" and not award.decisions <= set(standing)


def _units(record: Record, wanted: Request) -> tuple[UnitRecord, ...]:
    if wanted.kind == "transcript":
        if not has_credit(record):
            raise Conflict(
                "PAPERS-NOTHING",
                N_("No outcome was assessed as achieved yet, so there is nothing to put on a transcript."),
                N_("Assess first."),
            )
        return record.units
    found = record.unit(wanted.unit or "")
    if found is None:
        raise NotFound("ECVET-UNIT", N_("There is no such unit in this programme."))
    if not found.awarded:
        raise Conflict("PAPERS-NOT-VALIDATED", N_("Only a validated unit can be awarded."), N_("Validate it first."))
    return (found,)


def _institution(record: Record, wanted: Request, by: Author) -> Institution:
    open_to = institutions_for(record, by)
    chosen = next((one for one in open_to if one.id == wanted.institution), None)
    if chosen is None:
        _must_reach(by, wanted.institution, record.programme.id)
        raise BadInput(
            "PAPERS-INSTITUTION",
            N_("Choose the institution that awards."),
            N_("It must be one that the programme names as competent to validate."),
        )
    return chosen


def _must_reach(by: Author, institution: str, programme: str) -> None:
    if institution and not may(by.grants, "award", institution=institution, programme=programme):
        raise Forbidden(
            "PAPERS-REACH",
            N_("Your role does not include this institution."),
            N_("Ask the coordinator of the institution that issued it."),
            whom="administrator",
        )


def one_line(text: str, most: int) -> str:
    """One line without the marks that turn writing round or hide it; "" where it is too long to be meant."""
    said = " ".join("".join(one for one in text if one.isprintable() or one.isspace()).split())
    return said if len(said) <= most else ""
