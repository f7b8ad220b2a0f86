"""What a module or a unit is called in an LMS, and when that has to change there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from lti_tool.ecvet.terms import LANGUAGES, Text


class Titled(Protocol):
    """A module or a unit of a programme."""

    @property
    def id(self) -> str: ...

    @property
    def title(self) -> Text: ...


def title_of(thing: Titled, locale: str) -> str:
    """The title on the course page and in the gradebook. The code leads: records and mentors speak of "M07"."""
    return one_line(f"{thing.id} {thing.title.in_(locale)}")


def one_line(text: str) -> str:
    """The text without line breaks and doubled spaces: Moodle cuts a parameter at its first break."""
    return " ".join(text.split())


def renamed(label: str, now: Titled, before: Iterable[Titled]) -> str | None:
    """What a column called `label` is to be called from now on; None where it keeps its name.

    Only a name that was ours is changed, in the language in which it was given: a teacher who called the activity
    something else meant it. `before` are earlier versions of the same module or unit.
    """
    if any(label == title_of(now, language) for language in LANGUAGES):
        return None
    for old in before:
        for language in LANGUAGES:
            if label == title_of(old, language):
                return title_of(now, language)
    return None
