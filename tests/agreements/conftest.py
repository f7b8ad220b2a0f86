"""The tool with records, papers and agreements; a learner of Riga who goes to Sofia for a unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from lti_tool.agreements import store, told, views
from lti_tool.agreements.terms import Agreement
from lti_tool.db import reading
from lti_tool.papers import views as papers
from tests.conftest import Clock
from tests.learning import Place, Somebody, open_place

KISC, GLBF, HOU = "LV-KISC", "BG-GLBF", "EL-HOU"
FUNDING = "Co-funded by the Erasmus+ Programme, 612411-EPP-1-2019-1-IT-EPPKA2-SSA"
NAME = "Anna Ķēniņa-Ščerba Άννα"
MEMORANDUM: dict[str, Any] = {
    "programme": "CECO",
    "p0_institution": KISC,
    "p0_contact": "Inga Niedra",
    "p0_position": "koordinatore",
    "p0_email": "inga@kisc.example",
    "p1_institution": GLBF,
    "p1_contact": "Спаска Тарандова",
    "p1_phone": "+359 2 000",
    "starts": "2022-10-01",
    "ends": "2024-09-30",
    "unit": ["BIB-U7", "CECO-U8"],
    "review": "Every September, by both parties.",
}
LEARNING: dict[str, Any] = {
    "name": NAME,
    "email": "anna@example.lv",
    "home_institution": KISC,
    "host_institution": GLBF,
    "host_contact": "Спаска Тарандова",
    "starts": "2022-10-01",
    "ends": "2022-12-31",
    "unit": ["CECO-U8"],
    "activities": "Children's department of the city library in Varna.",
    "hours_work_based": "150.5",
    "assess_side": "host",
    "assess_who": "Иван Петров",
    "assess_how": "Portfolio and interview in the last week.",
    "validate_side": "home",
    "recognise_side": "home",
}


def with_agreements(engine: sa.Engine, clock: Clock) -> Place:
    place = open_place(engine, clock, told.done_under, told.unsigned)
    settings = replace(place.wiring.settings, funding_note=FUNDING)
    place.wiring = replace(place.wiring, settings=settings)
    place.app.extensions["lti_tool"] = place.wiring
    place.app.register_blueprint(papers.blueprint(place.wiring, told.check))
    place.app.register_blueprint(views.blueprint(place.wiring))
    return place


@pytest.fixture
def place(engine: sa.Engine, clock: Clock) -> Place:
    """On both databases."""
    return with_agreements(engine, clock)


@pytest.fixture
def here(sqlite_engine: sa.Engine, clock: Clock) -> Place:
    """For promises that have nothing to do with the kind of database."""
    return with_agreements(sqlite_engine, clock)


def sent(form: dict[str, Any], /, **changes: Any) -> MultiDict[str, Any]:
    """A form with these fields changed (None: left out)."""
    return MultiDict({name: value for name, value in {**form, **changes}.items() if value is not None})


def learning_of(who: Somebody, programme: str = "CECO") -> str:
    return f"/programme/{programme}/learner/{who.person}/agreements"


def versions(place: Place, series: str) -> list[Agreement]:
    with reading(place.engine) as conn:
        return store.of_series(conn, series)


def memorandum(place: Place, by: Somebody, **changes: Any) -> Agreement:
    """A memorandum is made by its form."""
    place.clock.forward(minutes=1)
    answer = place.browser(by).post("/agreements/new", sent(MEMORANDUM, **changes))
    assert answer.status_code == 303, answer.text
    return versions(place, series_in(answer.headers["Location"]))[0]


def agreement(place: Place, by: Somebody, learner: Somebody, **changes: Any) -> Agreement:
    """A learning agreement is made by its form."""
    place.clock.forward(minutes=1)
    answer = place.browser(by).post(f"{learning_of(learner)}/new", sent(LEARNING, **changes))
    assert answer.status_code == 303, answer.text
    return versions(place, series_in(answer.headers["Location"]))[0]


def series_in(address: str) -> str:
    return address.rpartition("/agreements/")[2].partition("?")[0]


def changed(place: Place, by: Somebody, one: Agreement, said: dict[str, Any], **changes: Any) -> Agreement:
    """The next version is made by its form."""
    place.clock.forward(minutes=1)
    form = sent(said, base=one.number, **changes)
    answer = place.browser(by).post(f"/agreements/{one.series}/change", form)
    assert answer.status_code == 303, answer.text
    return versions(place, one.series)[0]


def sign(place: Place, by: Somebody, one: Agreement, party: str, **more: str) -> int:
    """Somebody with a role signs for a party; the status of the answer."""
    form = {"version": one.number, "party": party, "how": "here", **more}
    return place.browser(by).post(f"/agreements/{one.series}/sign", form).status_code


def all_sign(place: Place, by: Somebody, one: Agreement, learner: Somebody | None = None) -> Agreement:
    """Every party signs, a minute later."""
    place.clock.forward(minutes=1)
    for party in one.parties:
        assert sign(place, by, one, party.place) == 303
    if learner is not None:
        assert place.browser(learner).post(f"/record/agreements/{one.number}/agree").status_code == 303
    return again(place, one)


def again(place: Place, one: Agreement) -> Agreement:
    """The version as it is now."""
    return next(each for each in versions(place, one.series) if each.number == one.number)
