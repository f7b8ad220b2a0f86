"""An award: a numbered snapshot of what a learner had reached when somebody competent said so. Pure nouns and rules.

An award never changes. A newer one of the same unit (or transcript) supersedes it, an act with a reason withdraws it;
both are acts beside it, and its state follows from them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from lti_tool.errors import N_

Kind = Literal["unit", "transcript"]
State = Literal["valid", "superseded", "withdrawn"]
Shows = Literal["minimal", "named", "full"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
STATES: Final[tuple[State, ...]] = get_args(State)
SHOWS: Final[tuple[Shows, ...]] = get_args(Shows)
DEFAULT_SHOWS: Final[Shows] = "minimal"
LIST_LENGTH: Final = 131_072
"""Places in one status list: the least that hides one learner among many
(https://www.w3.org/TR/vc-bitstring-status-list/#bitstringstatuslist)."""

KIND_WORDS: Final[Mapping[str, str]] = {"unit": N_("Award of a unit"), "transcript": N_("Personal transcript")}
STATE_WORDS: Final[Mapping[str, str]] = {
    "valid": N_("valid"),
    "superseded": N_("superseded"),
    "withdrawn": N_("withdrawn"),
}
SHOWS_WORDS: Final[Mapping[str, str]] = {
    "minimal": N_("Whether it is valid, what it is for, who issued it and when"),
    "named": N_("That, and your name"),
    "full": N_("That, your name, the outcomes, points and decisions"),
}


@dataclass(frozen=True, slots=True)
class AwardAct:
    """What happened to an award after it was issued. `successor`: the number of the award that supersedes it."""

    kind: Literal["supersede", "withdraw"]
    at: datetime
    by: str
    reason: str
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class Award:
    """An award as it was issued, and what happened since. `snapshot`: lti_tool/papers/snapshot.py; `digest`: its
    SHA-256. `learner_key`: the account it was issued to. `status_index`: its place in the public status list."""

    number: str
    kind: Kind
    learner_key: str
    learner_name: str
    programme: str
    version: str
    unit: str | None
    institution: str
    snapshot: Mapping[str, Any]
    digest: str
    issued_at: datetime
    issued_by: str
    status_index: int
    shows: Shows
    acts: tuple[AwardAct, ...] = ()

    @property
    def state(self) -> State:
        """Withdrawn counts for more than superseded: it says that the award should not have been."""
        kinds = {act.kind for act in self.acts}
        return "withdrawn" if "withdraw" in kinds else "superseded" if "supersede" in kinds else "valid"

    @property
    def since(self) -> datetime:
        """Since when it is in its state."""
        kind = {"withdrawn": "withdraw", "superseded": "supersede"}.get(self.state)
        return next((act.at for act in self.acts if act.kind == kind), self.issued_at)

    @property
    def title(self) -> Mapping[str, str]:
        """What the award is for, by language: the unit, or the programme."""
        part = self.snapshot["units"][0] if self.kind == "unit" else self.snapshot["programme"]
        found: Mapping[str, str] = part["title"]["text"]
        return found

    @property
    def decisions(self) -> frozenset[str]:
        """The ids of the acts of people that it rests on."""
        return frozenset(act["id"] for unit in self.snapshot["units"] for act in unit["decisions"])


def digest(snapshot: Mapping[str, Any]) -> str:
    """The SHA-256 of a snapshot, whatever the order of its keys."""
    text = json.dumps(snapshot, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def same_series(kind: Kind, programme: str, unit: str | None, others: Iterable[Award]) -> tuple[Award, ...]:
    """The awards of a learner that a new one of this kind supersedes: the valid ones for the same thing."""
    return tuple(
        one for one in others if one.state == "valid" and (one.kind, one.programme, one.unit) == (kind, programme, unit)
    )


def disclosed(award: Award, shows: Shows) -> dict[str, Any]:
    """What a stranger with the number is told. Never the number of the award that supersedes this one, for that would
    be a key to another paper; never why it was withdrawn, for the reason was written for the learner."""
    told: dict[str, Any] = {
        "number": award.number,
        "state": award.state,
        "since": award.since,
        "kind": award.kind,
        "title": award.title,
        "programme": award.snapshot["programme"]["title"]["text"],
        "institution": award.snapshot["institution"]["title"]["text"],
        "country": award.snapshot["institution"]["country"],
        "issued_at": award.issued_at,
    }
    if shows in ("named", "full"):
        told["name"] = award.learner_name
    if shows == "full":
        told["units"] = award.snapshot["units"]
        told["points"] = award.snapshot["points"]
    return told
