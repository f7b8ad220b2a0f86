"""Who may open a module, as what, and what it counts for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from lti_tool.ecvet import store
from lti_tool.ecvet.terms import Module, Programme, Unit
from lti_tool.errors import N_, Forbidden, NotFound
from lti_tool.launch import platforms
from lti_tool.launch.claims import TOOL_PLATFORM
from lti_tool.launch.origin import return_address
from lti_tool.launch.session import PageSession
from lti_tool.launch.store import get_launch
from lti_tool.people.store import enrolments_of, keys_here
from lti_tool.play.shapes import NO_LMS, Lms


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who may open the module. A teacher sees it, and nothing is recorded. `programmes`: those of the learner
    that hold it, else the session's, else all that do."""

    role: Literal["learner", "teacher"]
    module: Module
    programmes: tuple[Programme, ...]

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units it counts for, each once."""
        found = {unit.id: unit for programme in self.programmes for unit in programme.units_of(self.module.id)}
        return tuple(found.values())


def admit(conn: Connection, session: PageSession, code: str, programmes: Sequence[Programme]) -> Visitor:
    """Who this session makes of its person in the module. Raises NotFound where no programme has such a module,
    Forbidden where the session is for something else."""
    enrolled = _enrolled(conn, session, programmes)
    mine = [programme for programme in enrolled.values() if programme.module(code)]
    offered = [programme for programme in programmes if programme.module(code)]
    # A learner's own version counts, whatever is imported since.
    holding = [*mine, *(programme for programme in offered if programme.id not in {one.id for one in mine})]
    if not holding:
        raise NotFound(
            "MODULE-UNKNOWN",
            N_("There is no such module."),
            N_("Go back to your course and open the activity from there."),
            params={"module": code},
        )
    mine = [one for one in holding if one.id in enrolled]
    own = session.module == code
    if session.role == "instructor" and (own or session.module is None):
        role: Literal["learner", "teacher"] = "teacher"
    elif (session.role == "learner" and own) or (mine and _may_learn(session)):
        role = "learner"
    else:
        raise Forbidden(
            "MODULE-CLOSED",
            N_("This module is not open to you from here."),
            N_("Go back to your course and open the activity from there."),
            detail=f"{code}: role {session.role}, module {session.module}, message {session.message}",
        )
    counting = mine or [one for one in holding if one.id == session.programme] or holding
    module = counting[0].module(code) or holding[0].module(code)
    if module is None:
        raise LookupError(code)  # all of them hold it
    return Visitor(role, module, tuple(counting))


def _may_learn(session: PageSession) -> bool:
    return session.role == "learner" or session.message == "sign_in"


def _enrolled(conn: Connection, session: PageSession, programmes: Sequence[Programme]) -> dict[str, Programme]:
    """The programmes of the person in the version that each is on; where that was never imported, the current one."""
    current = {one.id: one for one in programmes}
    return {
        one.programme: found
        for one in enrolments_of(conn, keys_here(conn, session.actor))
        if (found := store.get(conn, one.programme, one.version) or current.get(one.programme))
    }


def lms_of(conn: Connection, session: PageSession) -> Lms:
    """The LMS that this session came from, and the way back to the course."""
    registration = platforms.get(conn, session.platform) if session.platform is not None else None
    if registration is None:
        return NO_LMS
    launch = get_launch(conn, session.sid)
    told = launch.claims.get(TOOL_PLATFORM) if launch else None
    name = told.get("name") if isinstance(told, Mapping) else None
    return Lms(
        name if isinstance(name, str) and name else registration.name,
        return_address(launch),
    )
