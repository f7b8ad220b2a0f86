"""What play is handed by the application, and shows: values without behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """A learning outcome in the reader's language, and its ECVET state."""

    id: str
    text: str
    state: str


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit in which the module counts. `outcomes`: those that the module evidences. `next`: the one next thing that
    the unit still needs, in words; empty where nothing is left."""

    id: str
    title: str
    state: str
    outcomes: tuple[OutcomeLine, ...]
    next: str = ""
    next_url: str = ""


@dataclass(frozen=True, slots=True)
class ModuleSummary:
    """What a learner has achieved with a module, in each unit it counts for. `choose_url`: where to choose a programme,
    for who is in none."""

    units: tuple[UnitLine, ...] = ()
    record_url: str = ""
    choose_url: str = ""


@dataclass(frozen=True, slots=True)
class GradeState:
    """The learner's grade for this module, on its way to the LMS. `why`: what the LMS had against it, in words; where
    it was sent, why it is not the one that counts."""

    state: Literal["waiting", "sent", "refused"]
    at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Lms:
    """Where the learner came from: its name, and the address of the course there, where it is known."""

    name: str
    return_url: str = ""


NO_LMS = Lms("")
