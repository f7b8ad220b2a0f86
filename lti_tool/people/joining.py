"""Whose accounts on two platforms are one person's, when one platform goes on as the other. Pure.

A user keeps the id (`sub`) when an LMS moves. So the person of the old account and the person of the new one are one,
unless that would make one of two people who were two on the old platform: then nobody guesses, and it is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Twin:
    """The persons of a user's accounts on the old and on the new platform."""

    user: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Joins:
    """`pairs` are to be joined (into, other); each `other` stands once, and in no pair as `into`. `already`: users who
    are one person now. `clashes`: users of two or more people of the old platform whom the rest would make one."""

    pairs: tuple[tuple[str, str], ...]
    already: frozenset[str]
    clashes: tuple[frozenset[str], ...]

    @property
    def doubtful(self) -> frozenset[str]:
        """Everybody who is in a clash."""
        return frozenset(user for some in self.clashes for user in some)


def joins(twins: Iterable[Twin]) -> Joins:
    """What is to be joined for these users."""
    told = sorted(twins, key=lambda one: one.user)
    leader: dict[str, str] = {}

    def find(person: str) -> str:
        while leader.setdefault(person, person) != person:
            leader[person] = person = leader[leader[person]]
        return person

    for one in told:
        leader[find(one.new)] = find(one.old)
    groups: dict[str, list[Twin]] = defaultdict(list)
    for one in told:
        groups[find(one.old)].append(one)
    pairs: list[tuple[str, str]] = []
    clashes: list[frozenset[str]] = []
    for some in groups.values():
        olds = {one.old for one in some}
        if len(olds) > 1:
            clashes.append(frozenset(one.user for one in some))
            continue
        (into,) = olds
        pairs += [(into, other) for other in sorted({one.new for one in some} - olds)]
    return Joins(tuple(pairs), frozenset(one.user for one in told if one.old == one.new), tuple(clashes))
