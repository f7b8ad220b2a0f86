"""The tool with records and papers, and a learner whose first unit somebody validated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from lti_tool.db import reading, writing
from lti_tool.papers import issue as issuing
from lti_tool.papers import register, views
from lti_tool.papers.award import Award, Kind
from lti_tool.papers.keys import open_keys
from tests.conftest import Clock
from tests.ecvet.test_decisions import decide
from tests.learning import Place, Somebody, open_place

KISC = "LV-KISC"


def with_papers(engine: sa.Engine, clock: Clock, keys_dir: Path) -> Place:
    place = open_place(engine, clock)
    settings = replace(place.wiring.settings, keys_dir=keys_dir, contexts_dir=keys_dir / "contexts")
    place.wiring = replace(place.wiring, settings=settings)
    place.app.extensions["lti_tool"] = place.wiring
    place.app.register_blueprint(views.blueprint(place.wiring))
    return place


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys for credentials, made once: making them is slow."""
    folder = tmp_path_factory.mktemp("keys")
    open_keys(folder)
    return folder


@pytest.fixture
def place(engine: sa.Engine, clock: Clock, keys_dir: Path) -> Place:
    """On both databases."""
    return with_papers(engine, clock, keys_dir)


@pytest.fixture
def here(sqlite_engine: sa.Engine, clock: Clock, keys_dir: Path) -> Place:
    """For promises that have nothing to do with the kind of database."""
    return with_papers(sqlite_engine, clock, keys_dir)


def validated(place: Place, who: Somebody, by: Somebody, unit: str = "BIB-U1", programme: str = "CECO") -> str:
    """The unit is shown, assessed and validated; the id of the validation."""
    if unit == "BIB-U1":
        place.demonstrates_u1(who)
    decide(place, by, who, "assess", unit=unit, programme=programme)
    return decide(place, by, who, "validate", unit=unit, programme=programme)


def issue(
    place: Place,
    by: Somebody,
    learner: Somebody,
    kind: Kind = "unit",
    unit: str | None = "BIB-U1",
    name: str = "",
    institution: str = KISC,
    quality: str = "",
) -> Award:
    """A paper is issued a minute later."""
    now = place.clock.forward(minutes=1)
    with writing(place.engine) as conn:
        record = place.record_in(conn, learner)
        wanted = issuing.Request(kind, unit if kind == "unit" else None, name or learner.name, institution, quality)
        return issuing.issue(conn, record, wanted, place.by(by), now, issuing.new_number())


def withdraw(place: Place, by: Somebody, learner: Somebody, number: str, reason: str = "Issued by mistake.") -> None:
    now = place.clock.forward(minutes=1)
    with writing(place.engine) as conn:
        issuing.withdraw(conn, place.record_in(conn, learner), number, reason, place.by(by), now)


def awards(place: Place, learner: Somebody) -> list[Award]:
    with reading(place.engine) as conn:
        return register.of_learner(conn, [learner.key])


def award(place: Place, number: str) -> Award:
    with reading(place.engine) as conn:
        found = register.get(conn, number)
    assert found is not None
    return found


def anna(place: Place, name: str = "Anna Ķēniņa-Ščerba Άννα") -> tuple[Somebody, Somebody]:
    """A learner with BIB-U1 validated, and the coordinator who did it."""
    coordinator = place.holder("coordinator", name="Inga Niedra")
    learner = place.learner(name, "CECO")
    validated(place, learner, coordinator)
    return learner, coordinator
