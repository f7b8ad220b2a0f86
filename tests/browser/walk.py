"""A walk through a programme: who goes it, in which language, and how they get about (test_whole_way)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from playwright.sync_api import Locator

from lti_tool.ecvet import load
from lti_tool.ecvet.terms import Programme, Unit
from tests.browser.campus import Cast, Somebody
from tests.browser.conftest import ROOT, Visitor

UNIT: Final = "BIB-U1"
PROJECT: Final = "BIB-U7"
MODULES: Final = tuple(f"M0{number}" for number in range(1, 10))
"""Those of the unit. M01 and M03 are passed, M02 is passed although it is excused, the others are excused."""
PASSED: Final = ("M01", "M02", "M03")
EXCUSED: Final = tuple(code for code in MODULES if code not in ("M01", "M03"))


@dataclass
class Walk:
    """A programme, the language in which it is walked, and the learner: course and login in both LMSs, name and
    institution.

    `visitors`: the learner in the LMSs. `people`: who looks at the tool, by name; the learner as "first" and "second"
    by the LMS they came from, and as "reading" in the tab where a module stays open.
    """

    programme: str
    language: str
    course: int
    login: str
    name: str
    institution: str
    visitors: dict[str, Visitor] = field(default_factory=dict)
    people: dict[str, Somebody] = field(default_factory=dict)

    @cached_property
    def data(self) -> Programme:
        return load.load(ROOT / f"config/programmes/{self.programme.lower()}.yaml")

    @property
    def work(self) -> str:
        """The unit that is learnt at work."""
        return f"{self.programme}-U8"

    def unit(self, code: str) -> Unit:
        found = self.data.unit(code)
        assert found is not None
        return found

    def title(self, code: str) -> str:
        return self.unit(code).title.in_(self.language)

    @property
    def institution_title(self) -> str:
        return next(one.title.in_(self.language) for one in self.data.institutions if one.id == self.institution)

    def outcomes(self, code: str) -> list[str]:
        return [one.text.in_(self.language) for one in self.unit(code).outcomes]


def wrote(cast: Cast, text: str) -> str:
    """What somebody wrote, in whatever language."""
    cast.words.known.append(text)
    return text


def staff(walk: Walk, cast: Cast, name: str, role: str, *, everywhere: bool = False) -> Somebody:
    """Somebody with a role in the programme, for the learner's institution or all of them; signed in when they are
    first asked for."""
    if name not in walk.people:
        bounds = {} if everywhere else {"institution": walk.institution}
        walk.people[name] = cast.staff(name, role, walk.programme, **bounds)
    return walk.people[name]


# The ways of the learner


def record_of(walk: Walk, account: str = "first") -> Somebody:
    """The record, under one of the learner's accounts."""
    one = walk.people[account]
    one.link("My record")
    return one


def unit_of(walk: Walk, code: str, account: str = "first") -> Somebody:
    """A unit of the record."""
    one = record_of(walk, account)
    one.named(walk.title(code))
    return one


# The ways of the others


def at_learner(walk: Walk, one: Somebody) -> Somebody:
    """The record of the learner."""
    one.link("Programmes")
    one.named(walk.name)
    return one


def at_unit(walk: Walk, one: Somebody, code: str) -> Somebody:
    """A unit of the learner, for those who decide."""
    at_learner(walk, one).named(walk.title(code))
    return one


# What stands on pages


def hours_line(walk: Walk, one: Somebody, mode: str) -> Locator:
    """Hours of a mode: recorded of planned, and where they come from."""
    found = walk.data.mode(mode)
    assert found is not None
    return one[".hours > div"].filter(has_text=found.title.in_(walk.language))


def hours_of(walk: Walk, one: Somebody, mode: str) -> float:
    """The recorded hours of a mode."""
    text = hours_line(walk, one, mode).locator("dd.num").inner_text()
    found = re.match(r"[\d.,]+", text)
    assert found is not None, text
    return float(found[0].replace(",", "."))


def entry_of(one: Somebody, tasks: str) -> Locator:
    """Hours that were entered, in the list of a unit."""
    return one["section[aria-labelledby=hours] .evidence > li"].filter(has_text=tasks)


def history_of(one: Somebody, *texts: str) -> Locator:
    """An act in the history of a unit, by what stands there about it."""
    found = one["section[aria-labelledby=history] .history > li"]
    for text in texts:
        found = found.filter(has_text=text)
    return found
