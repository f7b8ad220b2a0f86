"""Agreements hold who somebody is and where they go: when a learner is forgotten, so are theirs."""

from __future__ import annotations

import sqlalchemy as sa

from lti_tool import erasing
from lti_tool.agreements import store
from lti_tool.db import reading, writing
from tests.agreements.conftest import KISC, NAME, agreement, all_sign, changed, memorandum
from tests.agreements.conftest import LEARNING as FORM
from tests.learning import BASE, Place
from tests.papers.conftest import issue, validated


def rows(place: Place) -> str:
    with reading(place.engine) as conn:
        return "\n".join(
            str(tuple(row))
            for table in (store.agreements, store.parties, store.acts, store.shows)
            for row in conn.execute(sa.select(table))
        )


def test_nothing_of_a_learners_agreements_stays_even_where_papers_do(place: Place) -> None:
    coordinator = place.holder("coordinator", name="Inga Niedra")
    learner, other = (place.learner(name, "CECO", institution=KISC) for name in (NAME, "Boris"))
    validated(place, learner, coordinator)
    issue(place, coordinator, learner)
    first = all_sign(place, coordinator, agreement(place, coordinator, learner), learner)
    changed(place, coordinator, first, FORM, ends="2023-01-31")
    place.browser(learner).submit(f"/record/agreements/{first.number}/shows", {"shows": "full"})
    under = memorandum(place, coordinator)
    kept = all_sign(place, coordinator, agreement(place, coordinator, other, name="Boris", email=None), other)
    with writing(place.engine) as conn:
        told = erasing.plan(conn, learner.person)
        assert told.gone["agreements"] == 2 and told.decided
        erasing.erase(conn, learner.person, "admin", "asked", place.clock(), BASE)
    left = rows(place)
    assert NAME not in left and "anna@example.lv" not in left and first.number not in left
    assert kept.number in left and under.number in left
    assert place.browser(None).get(f"/check/{first.number}").status_code == 404
    assert place.browser(coordinator).get(f"/agreements/{first.series}").status_code == 404


def test_who_signed_for_an_institution_keeps_the_name_of_that_day_there(place: Place) -> None:
    coordinator = place.holder("coordinator", name="Inga Niedra")
    learner = place.learner(NAME, "CECO", institution=KISC)
    one = all_sign(place, coordinator, agreement(place, coordinator, learner), learner)
    with writing(place.engine) as conn:
        done = erasing.erase(conn, coordinator.person, "admin", "left", place.clock(), BASE)
    left = rows(place)
    assert coordinator.key not in left and done.stand_in in left and "Inga Niedra" in left
    with reading(place.engine) as conn:
        found = store.get(conn, one.number)
    assert found is not None and found.agreed
