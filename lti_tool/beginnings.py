"""The institution of an LMS: where those begin who come new from it, and who came before and is nowhere yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from lti_tool import audit
from lti_tool.ecvet import places, store
from lti_tool.ecvet.learners import Learner
from lti_tool.errors import N_, BadInput
from lti_tool.launch import platforms
from lti_tool.launch.claims import Registration


def name_institution(
    conn: Connection, platform: int, institution: str | None, by: str, why: str, now: datetime
) -> Registration:
    """Enrolments that begin by a launch of this LMS are at this institution from now on (None: at none), and at none in
    programmes that do not name it. Nobody who is enrolled already is moved. The LMS as it is then.

    Raises PLATFORM-UNKNOWN, and PLATFORM-INSTITUTION where no current programme names the institution.
    """
    before = platforms.known(conn, platform)
    if institution is not None and not any(places.names(one, institution) for one in store.current(conn)):
        raise BadInput(
            "PLATFORM-INSTITUTION",
            N_("No programme names this institution."),
            N_("Give its id as it stands in a programme file, such as LV-KISC."),
            whom="nobody",
        )
    platforms.set_institution(conn, platform, institution, now)
    detail = {"institution": institution, "before": before.institution}
    audit.record(conn, "platform_institution", f"{platform} {before.name}", by, why, now, detail)
    return platforms.known(conn, platform)


def nowhere(conn: Connection, platform: Registration) -> Mapping[str, list[Learner]]:
    """Who comes from this LMS and is at no institution yet, by programme: those programmes alone that name its own."""
    found = {
        one.id: places.nowhere(conn, one.id, platform)
        for one in store.current(conn)
        if places.at_first(one, platform.institution) is not None
    }
    return {programme: some for programme, some in found.items() if some}


def learners_nowhere(conn: Connection, platform: Registration) -> int:
    """How many people those are."""
    return _persons(nowhere(conn, platform))


def place(conn: Connection, platform: int, by: str, why: str, now: datetime) -> int:
    """They are at the institution of the LMS, in each of these programmes; how many people. Raises PLATFORM-UNKNOWN."""
    lms = platforms.known(conn, platform)
    found = nowhere(conn, lms)
    for programme, some in found.items():
        places.place(conn, programme, some, str(lms.institution), by, why, now)
    return _persons(found)


def _persons(found: Mapping[str, list[Learner]]) -> int:
    return len({learner.person for some in found.values() for learner in some})
