"""The tool with its pages of records and evidence, on either database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.conftest import Clock
from tests.learning import Place, open_place


@pytest.fixture
def place(engine: sa.Engine, clock: Clock) -> Place:
    """On both databases."""
    return open_place(engine, clock)


@pytest.fixture
def here(sqlite_engine: sa.Engine, clock: Clock) -> Place:
    """For promises that have nothing to do with the kind of database."""
    return open_place(sqlite_engine, clock)
