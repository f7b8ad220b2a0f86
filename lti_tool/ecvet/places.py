"""Institutions and programmes as pages name them, and at which institution learners of an LMS are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import audit
from lti_tool.ecvet import learners, store
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.terms import Programme
from lti_tool.launch import platforms
from lti_tool.launch.claims import Registration
from lti_tool.launch.store import launches
from lti_tool.people import carry, enrolments
from lti_tool.people.enrolments import Enrolment
from lti_tool.people.views_roles import Places


def places_of(conn: Connection, language: str) -> Places:
    """Those of all current programmes, by id, in this language."""
    found = store.current(conn)
    return Places(
        {one.id: one.title.in_(language) for programme in found for one in programme.institutions},
        {programme.id: programme.title.in_(language) for programme in found},
    )


def names(programme: Programme, institution: str) -> bool:
    """Whether somebody can be in the programme at this institution."""
    return any(one.id == institution for one in programme.institutions)


def at_first(programme: Programme, institution: str | None) -> str | None:
    """Where somebody begins in the programme who comes from an LMS of this institution: nowhere, where the programme
    does not name it."""
    return institution if institution is not None and names(programme, institution) else None


def nowhere(conn: Connection, programme: str, platform: Registration) -> list[Learner]:
    """The learners of the programme who come from this LMS and are at no institution yet.

    An issuer that several LMSs share (a hosted one, say) says nothing: of them only those count whom a launch or a
    course of this one has shown.
    """
    every = {one.actor_key: one for one in enrolments.enrolled_in(conn, programme)}
    if all(one.institution is not None for one in every.values()):
        return []
    subjects = conn.scalars(sa.select(launches.c.subject).where(launches.c.platform_id == platform.id).distinct())
    alone = len(platforms.issuer_known(conn, platform.issuer)) == 1
    known = carry.users(conn, platform.id, platform.issuer, platform.issuer, alone=alone, subjects=subjects)
    there = {user.old_key for user in known}
    found = learners.by_key(conn, [key for key, one in every.items() if one.institution is None and key in there])

    def begun(learner: Learner) -> Enrolment:
        """The enrolment that counts: the oldest of the person."""
        return min((every[key] for key in learner.keys if key in every), key=lambda one: (one.since, one.actor_key))

    return [
        learner
        for learner in {one.person: one for one in found.values()}.values()
        if (one := begun(learner)).institution is None and one.actor_key in there
    ]


def place(
    conn: Connection,
    programme: str,
    some: Sequence[Learner],
    institution: str,
    by: str,
    why: str,
    now: datetime,
) -> None:
    """These learners of the programme are at this institution, and that is written down."""
    enrolments.place(conn, [key for learner in some for key in learner.keys], programme, institution)
    subject = f"{programme} → {institution}"
    audit.record(conn, "learners_placed", subject, by, why, now, {"learners": len(some)})
