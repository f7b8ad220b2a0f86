"""A learner hands in project work: a new one, or a new version of one that is not rated.

The statement that tells of it is the learner's own word, and no rule counts it. Hours go the way of all hours that
learners enter: they wait until a mentor or trainer confirms them, or an assessor rates the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from lti_tool.ecvet.entries import SUBMITTED, Spent, hours_of_work, log_hours, write
from lti_tool.ecvet.record import Record, UnitRecord, authority
from lti_tool.ecvet.rules import PAGE
from lti_tool.errors import N_, BadInput, Conflict, NotFound
from lti_tool.evidence.files import MOST_FILES
from lti_tool.evidence.works import (
    MODE,
    MOST_VERSIONS,
    MOST_WORKS,
    Wish,
    Work,
    of_learner,
    of_record,
    versions,
    works,
)
from xapi.store import Stored
from xapi.vocabulary import ACTIVITY_TYPES


def earlier(conn: Connection, record: Record, unit: UnitRecord, work: str) -> Work | None:
    """The work of which a new version may be handed in; None for a new work (`work` is ""). What stands in the way is
    raised: NotFound, Conflict (ECVET-NO-RUBRIC, ECVET-DONE-ALREADY, ECVET-WORK-RATED, ECVET-WORK-MANY)."""
    if unit.unit.rubric is None:
        raise NotFound(
            "ECVET-NO-RUBRIC", N_("No project work is handed in for this unit."), N_("Go back to your record.")
        )
    if unit.awarded:
        raise Conflict("ECVET-DONE-ALREADY", N_("This unit is validated already."), N_("There is nothing to do."))
    if not work:
        if len(of_learner(conn, record.learner.keys, record.programme.id, unit.unit.id)) >= MOST_WORKS:
            raise _many()
        return None
    found = of_record(conn, record, unit.unit.id, work)
    if found.state == "rated":
        raise Conflict(
            "ECVET-WORK-RATED", N_("This work is rated already."), N_("Hand in another one, or ask your assessor.")
        )
    if len(found.versions) >= MOST_VERSIONS:
        raise _many()
    return found


def check_parts(wish: Wish, count: int) -> None:
    """Raises BadInput (ECVET-WORK-EMPTY, ECVET-FILES) where there is nothing to look at, or too much."""
    if not wish.links and not count:
        raise BadInput(
            "ECVET-WORK-EMPTY", N_("Project work is files, links, or both."), N_("Add at least one of them.")
        )
    if count > MOST_FILES:
        raise BadInput(
            "ECVET-FILES",
            N_("These are too many files."),
            N_("Hand in %(most)s at most, or put them into one archive."),
            params={"most": MOST_FILES},
        )


def hand_in(
    conn: Connection,
    record: Record,
    unit: UnitRecord,
    work: str,
    wish: Wish,
    files: Sequence[str],
    now: datetime,
    base_url: str,
) -> tuple[Stored, ...]:
    """The learner has handed in `work` ("": a new one) with files of these ids; it waits for an assessor. Returns the
    statements that were written.

    To be called after `take_turn`, with `record` read in this transaction. Raises what `earlier` and `check_parts` do.
    """
    account = record.learner.account
    if account is None:
        raise NotFound("ECVET-LEARNER", N_("There is no such learner."))
    found = earlier(conn, record, unit, work)
    check_parts(wish, len(files))
    id, number = (found.id, found.newest.number + 1) if found else (str(uuid4()), 1)
    told = {"title": wish.title, "waits_since": now}
    if found:
        conn.execute(works.update().where(works.c.id == id).values(**told))
    else:
        names = {"programme": record.programme.id, "unit": unit.unit.id}
        conn.execute(works.insert().values(id=id, actor_key=account.key, created_at=now, **names, **told))
    conn.execute(
        versions.insert().values(
            work=id,
            number=number,
            title=wish.title,
            description=wish.description,
            links=list(wish.links),
            files=list(files),
            hours=wish.hours,
            at=now,
        )
    )
    stored = write(conn, _statement(record, unit, id, wish, account.actor, now), authority(base_url, PAGE), now).stored
    if wish.hours:
        spent = Spent(MODE, now.date(), wish.hours, wish.title)
        stored += log_hours(conn, record, unit.unit.id, spent, now, base_url, hours_of_work(id, number)).stored
    return stored


def _statement(record: Record, unit: UnitRecord, id: str, wish: Wish, actor: Any, now: datetime) -> dict[str, Any]:
    return {
        "actor": actor,
        "verb": {"id": SUBMITTED, "display": {"en": "submitted"}},
        "object": {
            "objectType": "Activity",
            "id": f"{unit.unit.iri}/project/{id}",
            "definition": {"type": ACTIVITY_TYPES["performance"], "name": {"und": wish.title}},
        },
        "result": {"response": wish.description},
        "context": {
            "contextActivities": {"parent": [{"id": unit.unit.iri}], "grouping": [{"id": record.programme.activity}]}
        },
        "timestamp": now.isoformat(),
    }


def _many() -> Conflict:
    return Conflict(
        "ECVET-WORK-MANY",
        N_("So much project work was handed in for this unit already that no more is taken."),
        N_("Ask your assessor which of it counts."),
    )
