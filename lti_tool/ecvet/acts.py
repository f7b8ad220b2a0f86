"""The acts of people: assess, validate, recognise. Three separate dated acts by persons of competent institutions
(2009 Recommendation, OJ C 155, Annex II), reversible only by a new act."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from lti_tool.ecvet.reasons import Reason, reason
from lti_tool.ecvet.terms import Unit
from xapi.scalars import write_time

RESULTS: Mapping[str, tuple[str, ...]] = {
    "assess": ("achieved", "not_yet"),
    "validate": ("granted", "refused"),
    "recognise": ("granted", "refused"),
    "withdraw": ("",),
}
FORMER: Mapping[str, str] = {"validate": "assess", "recognise": "validate"}
"""The act that goes before. Where a programme asks for four eyes, another person did it."""
_TURN = {kind: turn for turn, kind in enumerate(RESULTS)}


@dataclass(frozen=True, slots=True)
class Decision:
    """One act of one person. `outcomes` empty: all of the unit. `supersedes`: the id of an earlier act of the same
    unit that from now on counts as if it had never been; `withdraw` does nothing else. `by` is a name to be read; `who`
    tells persons apart (empty: the name does). `two_persons`: the acts for which the programme of that day asked for
    another person than the one before; None: as the programme that is judged."""

    id: str
    kind: str
    unit: str
    outcomes: tuple[str, ...]
    result: str
    by: str
    institution: str
    at: datetime
    reason: str = ""
    supersedes: str | None = None
    who: str = ""
    two_persons: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.kind not in RESULTS or self.result not in RESULTS[self.kind]:
            raise ValueError(f"no such act: {self.kind} {self.result}")
        if self.kind == "withdraw" and not self.supersedes:
            raise ValueError("withdraw names the act it withdraws in `supersedes`")
        if self.at.tzinfo is None:
            raise ValueError("the time of an act needs its offset from UTC")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where people's acts have brought an outcome: "" (none), or a state; and the act that did."""

    state: str = ""
    act: Decision | None = None


def in_force(decisions: Iterable[Decision], unit: Unit | str, now: datetime) -> tuple[Decision, ...]:
    """The acts about this unit (or the unit of this id) that count at `now`, in their order: each id once, superseded
    ones left out."""
    id_of_unit = unit if isinstance(unit, str) else unit.id
    mine = {(one.id, repr(one)): one for one in decisions if one.unit == id_of_unit and one.at <= now}
    by_id = {id: one for (id, _), one in sorted(mine.items(), reverse=True)}
    ordered = sorted(by_id.values(), key=lambda one: (one.at, _TURN[one.kind], one.id))
    gone: set[str] = set()
    kept = []
    for index in range(len(ordered) - 1, -1, -1):
        act = ordered[index]
        if act.id in gone:
            continue
        if act.supersedes and any(earlier.id == act.supersedes for earlier in ordered[:index]):
            gone.add(act.supersedes)
        kept.append(act)
    return tuple(reversed(kept))


def standings(
    unit: Unit,
    acts: Iterable[Decision],
    demonstrated: Callable[[datetime], Collection[str]],
    two_persons: Collection[str] = (),
) -> tuple[dict[str, Standing], tuple[Reason, ...]]:
    """Where each outcome stands after these acts, and which acts led nowhere (refusals; acts out of turn).

    A validation counts only for what a person assessed as achieved before (or, where the unit does without a person's
    assessment, for what was `demonstrated` at its moment: what ran out since takes no act back); a recognition only for
    what was validated. Acts of the kinds in `two_persons` count only where somebody else did the act before.
    """
    found = {outcome.id: Standing() for outcome in unit.outcomes}
    notes: list[Reason] = []
    persons: dict[str, set[str]] = {kind: set() for kind in RESULTS}
    for act in acts:
        names = {"by": act.by, "institution": act.institution, "at": write_time(act.at)}
        asked = two_persons if act.two_persons is None else act.two_persons
        if act.kind in asked and act.result == "granted" and _same(act, persons[FORMER[act.kind]]):
            notes.append(reason("four_eyes", kind=act.kind, **names))
            continue
        persons[act.kind].add(_who(act))
        targets = [id for id in found if not act.outcomes or id in act.outcomes]
        moved = False
        for id in targets:
            ready = not unit.assessment.by_person and act.kind == "validate" and id in demonstrated(act.at)
            state = _after(found[id].state, act, ready)
            if state is not None:
                found[id] = found[id] if state == found[id].state else Standing(state, act)
                moved = True
        if act.result == "refused":
            notes.append(reason("refused", kind=act.kind, reason=act.reason, **names))
        elif not moved and act.kind != "withdraw":
            notes.append(reason("out_of_turn", kind=act.kind, **names))
    return found, tuple(notes)


def _who(act: Decision) -> str:
    return act.who or " ".join(act.by.split()).casefold()


def _same(act: Decision, before: Collection[str]) -> bool:
    """Whether one person did this and the act before, or nobody can say that it were two."""
    return bool(before) and (not _who(act) or "" in before or _who(act) in before)


def _after(state: str, act: Decision, ready: bool) -> str | None:
    """The state of an outcome after an act; None where the act is out of turn and changes nothing."""
    if act.kind == "assess":
        if act.result == "not_yet":
            return "assessed_not_yet"
        return state if state in ("validated", "recognised") else "assessed_achieved"
    if act.kind == "validate":
        if act.result == "refused":
            return "assessed_achieved" if state in ("validated", "recognised") else state
        if state in ("validated", "recognised"):
            return state
        return "validated" if state == "assessed_achieved" or (ready and not state) else None
    if act.kind == "recognise":
        if act.result == "refused":
            return "validated" if state == "recognised" else state
        return "recognised" if state in ("validated", "recognised") else None
    return None
