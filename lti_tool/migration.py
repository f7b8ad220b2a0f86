"""A launch of an LMS that moved from LTI 1.1: who came by the old connection is the person who comes by the new one.

Nothing here refuses a launch (https://www.imsglobal.org/spec/lti/v1p3/migr): a claim that is not signed rightly joins
nobody, and stands in the log.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from lti_tool import calls
from lti_tool.gradebook import store as gradebook
from lti_tool.launch import legacy, legacy_claim
from lti_tool.launch.claims import Launch
from lti_tool.launch.legacy_claim import Before
from lti_tool.people.roster import actor_of
from lti_tool.people.store import keys_of
from xapi import personas

log = logging.getLogger("lti_tool.launch")

BY: Final = "LTI 1.1 migration"
"""Who joins, in the history of a persona; followed by the number of the platform."""


def before(conn: Connection, launch: Launch, person: str, secret_key: str, now: datetime) -> Before | None:
    """What user, course and activity were called in LTI 1.1, where the LMS proves it; the old account is the person's.

    `person` is the persona of the launch. Where two people would become one, or somebody took the join back, nobody is
    joined, and the rest holds all the same.
    """
    key = legacy_claim.consumer_key(launch)
    if key is None:
        return None
    known = legacy.secret_of(conn, key, secret_key)
    if known is None:
        _noted(conn, launch, "LTI-MIGRATION-KEY", now)
        return None
    secret, home = known
    found = legacy_claim.read(launch, secret)
    if found is None:
        _noted(conn, launch, "LTI-MIGRATION-SIGNATURE", now)
        return None
    legacy.note_use(conn, key, now)
    old = personas.persona_of(conn, actor_of(home, found.user), now)
    if old != personas.root_of(conn, person):
        _join(conn, launch, person, old, home, found.user, now)
    return found


def _join(conn: Connection, launch: Launch, person: str, old: str, home: str, user: str, now: datetime) -> None:
    issuer = launch.registration.issuer
    theirs = [actor["account"] for actor in personas.actors_of(conn, old) if "account" in actor]
    mine = [actor["account"] for actor in personas.actors_of(conn, person) if "account" in actor]
    two = any(one["homePage"] == issuer and one["name"] != launch.subject for one in theirs) or any(
        one["homePage"] == home and one["name"] != user for one in mine
    )
    sides = {*personas.personas_of(conn, person), *personas.personas_of(conn, old)}
    parted = any(
        one.undone is not None and one.by.startswith(BY) and {one.into, one.other} <= sides
        for persona in personas.personas_of(conn, person)
        for one in personas.joins_of(conn, persona)
    )
    if two or parted:
        _noted(conn, launch, "LTI-MIGRATION-PERSON", now)
        return
    personas.join(conn, person, old, f"{BY}, platform {launch.registration.id}", now)
    # What was done under the old account may be worth a grade now.
    for row in gradebook.of_learner(conn, keys_of(conn, person)):
        gradebook.mark(conn, row.item.id, row.user_id, row.actor_key, now)


def _noted(conn: Connection, launch: Launch, code: str, now: datetime) -> None:
    log.warning("%s: platform %s, user %s", code, launch.registration.id, launch.subject)
    call = calls.Call("launch", "LTI 1.1 claim", launch.registration.id, None, code, 0, user=launch.subject)
    calls.add(conn, call, now)
