"""After the list of a course's learners was read: does the gradebook still hold what it was told?

Moodle throws away the grades of whoever is taken out of a course, and gives none back who is let in again. A teacher
overrides a grade after it was sent, or lifts the override. Of none of this a tool is told; the results say it. What was
refused of a learner who was out is due again, too, once the list names them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, Literal

from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.gradebook import discovering, store
from lti_tool.gradebook.ags import Gradebook, NotReadable, Result, Trouble
from lti_tool.gradebook.rows import deliveries
from lti_tool.gradebook.store import Delivery
from lti_tool.people import roster
from lti_tool.wiring import Wiring

COMPARED: Final = frozenset({"moodle"})
"""Platforms that were seen to lose or keep grades without a word, and give all results of a column at once."""
Found = Literal["lost", "kept", "sent"]

log = logging.getLogger(__name__)


def judged(row: Delivery, held: Result | None) -> Found | None:
    """What the platform's result says of a row that was sent, or where a teacher's grade was kept; None: nothing new.

    lost: there is no grade any more. kept: another one counts. sent: what was sent counts. Pure.
    """
    if row.last is None or row.state not in ("sent", "kept"):
        return None
    if held is None:
        return "lost"
    counts: Found = "sent" if held.came_of(row.last) else "kept"
    return None if counts == row.state else counts


def compare(wiring: Wiring, book: Gradebook, course_id: int) -> None:
    """Columns of the course that nobody opened yet are known. Grades of its learners that the platform lost, or refused
    while they were not in the course, are due again; of the others it is known which counts."""
    _let_in(wiring, course_id)
    try:
        discovering.discover(wiring, book, course_id)
    except Trouble as trouble:
        log.info("the columns of course %s could not be read: %s", course_id, trouble)
        return
    if book.registration.product.lower() not in COMPARED:
        return
    with reading(wiring.engine) as conn:
        here = set(roster.present(conn, course_id))
        told = [
            row for row in store.of_course(conn, course_id) if row.user_id in here and row.state in ("sent", "kept")
        ]
    told.sort(key=lambda row: row.item.id)
    found: list[tuple[Delivery, Found]] = []
    for _item, group in groupby(told, key=lambda row: row.item.id):
        some = list(group)
        try:
            held = book.results(some[0].item)
        except NotReadable:
            continue
        except Trouble as trouble:
            log.info("the grades of course %s could not be compared: %s", course_id, trouble)
            break
        found += [(row, new) for row in some if (new := judged(row, held.get(row.user_id))) is not None]
    if found:
        now = wiring.clock()
        wiring.writer.run(lambda conn: _note(conn, course_id, found, now))


def _let_in(wiring: Wiring, course_id: int) -> None:
    """The list is the platform's word that these are its learners: what it refused for them before deserves a try."""

    def missed(conn: Connection) -> list[int]:
        here = roster.present(conn, course_id)
        return [
            row.id
            for row in store.of_course(conn, course_id)
            if row.state == "refused" and row.problem == "GRADE-LEARNER" and row.user_id in here
        ]

    with reading(wiring.engine) as conn:
        found = missed(conn)
    if found:
        now = wiring.clock()
        wiring.writer.run(lambda conn: store.resend(conn, missed(conn), now))
        log.info("%s refused grades of course %s are sent again: their learners are on the list", len(found), course_id)


def _note(conn: Connection, course_id: int, found: Sequence[tuple[Delivery, Found]], now: datetime) -> None:
    # What changed or was sent while the platform was asked is newer than its answer.
    unchanged = {(row.id, row.version, row.state) for row in store.of_course(conn, course_id)}
    news = [(row, new) for row, new in found if (row.id, row.version, row.state) in unchanged]
    lost = [row.id for row, new in news if new == "lost"]
    if lost:
        log.warning("%s grades of course %s are not in the gradebook any more: sent again", len(lost), course_id)
        store.resend(conn, lost, now)
    for state, problem in (("kept", "GRADE-LATER"), ("sent", None)):
        ids = [row.id for row, new in news if new == state]
        if ids:
            changes = {"state": state, "problem": problem, "detail": None, "changed_at": now}
            conn.execute(deliveries.update().where(deliveries.c.id.in_(ids)).values(changes))
