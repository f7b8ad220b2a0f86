"""Whose record a page of evidence is about: one's own, or that of a learner within reach of one's roles."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from lti_tool.ecvet.entries import Author
from lti_tool.ecvet.own import own_records
from lti_tool.ecvet.record import Record, UnitRecord
from lti_tool.ecvet.views_staff import author, of_unit, seen
from lti_tool.errors import N_, NotFound
from lti_tool.people.roles import Action
from lti_tool.people.views import Visitor
from lti_tool.wiring import Wiring


def own(conn: Connection, who: Visitor, programme: str, wiring: Wiring) -> Record:
    """The visitor's own record in this programme; raises NotFound (ECVET-NOT-IN)."""
    _found, record = own_records(conn, who, programme, wiring)
    if record is None or record.programme.id != programme:
        raise NotFound("ECVET-NOT-IN", N_("You are not in this programme."), N_("Choose it first, or another."))
    return record


def own_unit(conn: Connection, who: Visitor, programme: str, unit: str, wiring: Wiring) -> tuple[Record, UnitRecord]:
    """The visitor's own record in this programme, and a unit of it; raises NotFound."""
    record = own(conn, who, programme, wiring)
    return record, of_unit(record, unit)


def theirs(
    conn: Connection, who: Visitor, programme: str, person: str, wiring: Wiring, actions: Collection[Action]
) -> tuple[Record, Author]:
    """The record of a learner, and the visitor as one who may do one of `actions` there.

    Raises NotFound for whom the visitor may not see, Forbidden for whom they may see and not do this for.
    """
    record, by = seen(conn, who, programme, person, wiring), author(who)
    by.must_any(actions, record)
    return record, by
