"""Learners as persons: every account that is joined, with the names they go by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.people import store as people
from lti_tool.people.store import Account, Enrolment
from xapi import personas
from xapi.statement import actor_key


@dataclass(frozen=True, slots=True)
class Learner:
    """A person who learns. `keys` of all their accounts, `accounts` those that are known here by name."""

    person: str
    keys: tuple[str, ...]
    accounts: tuple[Account, ...]

    @property
    def name(self) -> str | None:
        """What the person is called, None where no LMS tells."""
        return next((account.name for account in self.accounts if account.name), None)

    @property
    def account(self) -> Account | None:
        """The account that gives the person's name: one with a name, if there is one."""
        named = next((account for account in self.accounts if account.name), None)
        return named or next(iter(self.accounts), None)

    @property
    def order(self) -> tuple[bool, str, str]:
        """For lists: by name, the nameless ones last."""
        return (self.name is None, (self.name or "").casefold(), self.person)


def by_person(conn: Connection, persons: Collection[str]) -> dict[str, Learner]:
    """The learners with these persona ids; ids that nobody has are left out. Two queries, however many they are."""
    keys = {
        person: tuple(actor_key(actor) for actor in actors)
        for person, actors in personas.actors_of_many(conn, persons).items()
        if actors
    }
    accounts = people.accounts_of(conn, [key for some in keys.values() for key in some])
    return {
        person: Learner(person, some, tuple(accounts[key] for key in some if key in accounts))
        for person, some in keys.items()
    }


def by_key(conn: Connection, keys: Collection[str]) -> dict[str, Learner]:
    """The learners who own these accounts, by actor key."""
    persons = personas.find_personas(conn, keys)
    found = by_person(conn, set(persons.values()))
    return {key: found[person] for key, person in persons.items() if person in found}


def enrolled(conn: Connection, programme: str) -> list[tuple[Learner, Enrolment]]:
    """Everyone in the programme once, with the earliest enrolment of their accounts, by name."""
    enrolments = people.enrolled_in(conn, programme)
    learners = by_key(conn, [one.actor_key for one in enrolments])
    return sorted(_first(enrolments, learners).values(), key=lambda pair: pair[0].order)


def enrolments_in(conn: Connection, keys: Collection[str]) -> list[Enrolment]:
    """All enrolments of these accounts that have not ended, oldest first."""
    table = people.enrolments
    wanted = sorted(keys)
    found: list[Enrolment] = []
    for start in range(0, len(wanted), 500):
        query = sa.select(table).where(table.c.actor_key.in_(wanted[start : start + 500]), table.c.left_at.is_(None))
        found += [
            Enrolment(row.actor_key, row.programme, row.version, row.institution, row.since)
            for row in conn.execute(query)
        ]
    return sorted(found, key=lambda one: (one.since, one.actor_key, one.programme))


def _first(enrolments: Iterable[Enrolment], learners: Mapping[str, Learner]) -> dict[str, tuple[Learner, Enrolment]]:
    first: dict[str, tuple[Learner, Enrolment]] = {}
    for one in enrolments:  # oldest first
        if learner := learners.get(one.actor_key):
            first.setdefault(learner.person, (learner, one))
    return first
