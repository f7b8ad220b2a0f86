"""The visitor's own records, and which of them a page is about."""

from __future__ import annotations

from sqlalchemy import Connection

from lti_tool.ecvet import learners
from lti_tool.ecvet.record import Record, records
from lti_tool.errors import N_, NotFound
from lti_tool.people.views import Visitor
from lti_tool.wiring import Wiring


def own_records(
    conn: Connection, who: Visitor, asked: str | None, wiring: Wiring
) -> tuple[list[Record], Record | None]:
    """All records of the visitor, and one of them: that of the programme that is `asked` for, else that of the link,
    else the first. Raises NotFound (ECVET-NOT-IN) for a programme that the visitor is not in."""
    me = learners.by_person(conn, [who.person]).get(who.person)
    found = list(records(conn, me, wiring.clock(), wiring.settings.base_url)) if me else []
    chosen = next((one for one in found if one.programme.id == asked), None)
    if asked and chosen is None:
        raise NotFound("ECVET-NOT-IN", N_("You are not in this programme."), N_("Choose it first, or another."))
    of_link = next((one for one in found if one.programme.id == who.session.programme), None)
    return found, chosen or of_link or next(iter(found), None)
