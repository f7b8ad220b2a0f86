"""Agreements: the memorandum of understanding between institutions, and the learning agreement of one learner under it.

Pure nouns and rules. The 2009 Recommendation (OJ C 155, 8.7.2009) names both: institutions confirm in a memorandum that
they accept each other's status and procedures; a learning agreement says what one learner is to achieve at the hosting
institution, and that what was assessed there is validated and recognised at home.

An agreement is a series of versions. A version never changes: whoever changes something makes the next one, which
comes into force when all its parties have signed it; until then the one before stands. What happens to a version are
acts beside it, and its state follows from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

from lti_tool.errors import N_
from lti_tool.papers.award import DEFAULT_SHOWS, Shows

Kind = Literal["memorandum", "learning"]
State = Literal["draft", "agreed", "ended", "superseded", "withdrawn"]
ActKind = Literal["sign", "supersede", "end", "withdraw"]
Side = Literal["home", "host"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
STATES: Final[tuple[State, ...]] = get_args(State)
SIDES: Final[tuple[Side, ...]] = get_args(Side)
LEARNER: Final = "learner"
"""The party that is no institution; institutions are called by their place: "0", "1" …"""
MOST_PARTIES: Final = 6
"""Institutions of one memorandum."""
MOST_VERSIONS: Final = 50
"""Of one agreement."""

KIND_WORDS: Final[Mapping[str, str]] = {
    "memorandum": N_("Memorandum of understanding"),
    "learning": N_("Learning agreement"),
}
STATE_WORDS: Final[Mapping[str, str]] = {
    "draft": N_("draft"),
    "agreed": N_("agreed"),
    "ended": N_("ended"),
    "superseded": N_("superseded"),
    "withdrawn": N_("withdrawn"),
}
SHOWS_WORDS: Final[Mapping[str, str]] = {
    "minimal": N_("Whether it is valid, what it is for, and the institutions"),
    "named": N_("That, and your name"),
    "full": N_("That, your name, the period and the units"),
}


@dataclass(frozen=True, slots=True)
class PartyWish:
    """An institution as somebody wrote it into a form. `institution`: the id of one that the programme knows; else it
    is a partner from outside, with `name` and `country` (ISO 3166). The rest: whom to ask there."""

    institution: str = ""
    name: str = ""
    country: str = ""
    address: str = ""
    contact: str = ""
    position: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class MemorandumWish:
    """What a memorandum is to say. Days as ISO dates; `units`: ids of the programme."""

    parties: tuple[PartyWish, ...]
    units: tuple[str, ...]
    starts: str
    ends: str
    objectives: str = ""
    quality: str = ""
    assessment: str = ""
    validation: str = ""
    recognition: str = ""
    review: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """Who does one of the three acts: of which institution, which person (if known), how."""

    side: Side
    who: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class LearningWish:
    """What a learning agreement is to say. `memorandum`: the series of the one it is made under, "" for none here.
    `hours` by mode; a mode that is not named has the planned hours of the units."""

    name: str
    email: str
    home: PartyWish
    host: PartyWish
    units: tuple[str, ...]
    starts: str
    ends: str
    assess: Duty
    validate: Duty
    recognise: Duty
    activities: str = ""
    hours: Mapping[str, float] = field(default_factory=dict)
    memorandum: str = ""
    notes: str = ""


Wish = MemorandumWish | LearningWish


@dataclass(frozen=True, slots=True)
class Party:
    """A party of a version: its place ("0", "1" …), its part ("home", "host", "party"), its id where it is known."""

    place: str
    part: str
    institution: str | None


@dataclass(frozen=True, slots=True)
class Act:
    """What happened to a version. `sign`: `party` (a place, or LEARNER) by `person`; `how`: "here" by somebody signed
    in, "paper" as `by` recorded it. `day`: of the signature, or the last day of what ends early."""

    kind: ActKind
    party: str
    at: datetime
    by: str
    person: str = ""
    position: str = ""
    day: str = ""
    how: str = ""
    reason: str = ""
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version. `snapshot`: content.py; `digest`: its SHA-256. `learner_key`: None for a memorandum."""

    number: str
    kind: Kind
    series: str
    version: int
    learner_key: str | None
    learner_name: str
    programme: str
    memorandum: str
    starts: date
    ends: date
    snapshot: Mapping[str, Any]
    digest: str
    made_at: datetime
    made_by: str
    parties: tuple[Party, ...]
    shows: Shows = DEFAULT_SHOWS
    acts: tuple[Act, ...] = ()

    @property
    def signers(self) -> tuple[str, ...]:
        """Everybody who has to sign, in the order of the paper."""
        own = (LEARNER,) if self.kind == "learning" else ()
        return own + tuple(one.place for one in self.parties)

    @property
    def signatures(self) -> dict[str, Act]:
        """By party."""
        return {one.party: one for one in self.acts if one.kind == "sign"}

    @property
    def open_for(self) -> tuple[str, ...]:
        """The parties that have not signed yet."""
        done = self.signatures
        return tuple(one for one in self.signers if one not in done)

    @property
    def agreed(self) -> bool:
        """Whether all have signed it, whatever happened later."""
        return not self.open_for

    @property
    def last_day(self) -> date:
        """Until when it holds: what was agreed, or earlier, where somebody ended it."""
        ends = [date.fromisoformat(one.day) for one in self.acts if one.kind == "end"]
        return min([self.ends, *ends])

    def act(self, kind: ActKind) -> Act | None:
        """The act of this kind, of which there is one at most (signatures apart)."""
        return next((one for one in self.acts if one.kind == kind), None)

    def state(self, today: date) -> State:
        """Withdrawn counts for more than superseded, and both for more than the end of its time."""
        if self.act("withdraw"):
            return "withdrawn"
        if self.act("supersede"):
            return "superseded"
        if not self.agreed:
            return "draft"
        return "ended" if today > self.last_day else "agreed"

    def party(self, place: str) -> Party | None:
        return next((one for one in self.parties if one.place == place), None)


def since(one: Agreement, today: date) -> date:
    """Since when a version is in its state, as far as a day tells."""
    state = one.state(today)
    if state == "ended":
        return one.last_day
    kinds: dict[str, ActKind] = {"withdrawn": "withdraw", "superseded": "supersede"}
    happened = one.act(kinds[state]) if state in kinds else None
    return happened.at.date() if happened else one.made_at.date()


def latest(versions: Iterable[Agreement]) -> Agreement:
    """The newest version of a series."""
    return max(versions, key=lambda one: one.version)


def in_force(versions: Iterable[Agreement], today: date) -> Agreement | None:
    """The version that all have signed and that still holds, if there is one."""
    return next((one for one in versions if one.state(today) == "agreed"), None)


def fits(memorandum: Agreement, programme: str, institutions: Iterable[str]) -> bool:
    """Whether a learning agreement between these institutions (ids of those that are known) can be made under it."""
    known = {one.institution for one in memorandum.parties}
    return memorandum.kind == "memorandum" and memorandum.programme == programme and set(institutions) <= known


def disclosed(one: Agreement, shows: Shows, today: date) -> dict[str, Any]:
    """What a stranger with the number is told: never who signed or whom to ask, nor the number of a newer version."""
    content = one.snapshot
    told: dict[str, Any] = {
        "number": one.number,
        "kind": one.kind,
        "state": one.state(today),
        "since": since(one, today),
        "programme": content["programme"]["title"]["text"],
        "parties": [(party["part"], party["title"]["text"], party["country"]) for party in content["parties"]],
        "made_at": one.made_at,
    }
    if one.kind == "learning" and shows in ("named", "full"):
        told["name"] = one.learner_name
    if one.kind == "memorandum" or shows == "full":
        told["starts"], told["ends"] = one.starts, one.last_day
        told["units"] = [unit["title"]["text"] for unit in content["units"]]
    return told
