"""Under which agreement a learner learns: what pages of records name of it. Agreements themselves are a part of their
own, which hands a function here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from lti_tool.ecvet.record import Record


@dataclass(frozen=True, slots=True)
class Done:
    """A learning agreement in words. `url`: where the learner reads it; `units`: what it is about; `agreed`: all have
    signed; `waits`: for this very learner."""

    words: str
    url: str | None
    units: frozenset[str]
    agreed: bool
    waits: bool


Under = Callable[[Connection, Record, bool], Sequence[Done]]
"""The agreements of a record; the flag: the learner looks at their own."""


def nothing(conn: Connection, record: Record, own: bool) -> tuple[Done, ...]:
    """For installations (and tests) without agreements."""
    return ()
