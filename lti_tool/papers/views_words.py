"""What the pages of papers show, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _

from lti_tool.i18n import current_language
from lti_tool.papers.award import KIND_WORDS, SHOWS_WORDS, STATE_WORDS, Award
from lti_tool.papers.numbers import show_number


def number_shown(number: str) -> str:
    """A number in groups; as it is printed."""
    return show_number(number)


def kind_word(kind: str) -> str:
    """What sort of paper it is."""
    return str(_(KIND_WORDS[kind]))


def state_word(state: str) -> str:
    """Valid, superseded or withdrawn."""
    return str(_(STATE_WORDS[state]))


def shows_word(shows: str) -> str:
    """What the check page shows, for the learner who chooses."""
    return str(_(SHOWS_WORDS[shows]))


def here(text: Mapping[str, str]) -> str:
    """A text of a snapshot in the reader's language."""
    return text.get(current_language()) or text.get("en") or next(iter(text.values()), "")


def title_of(award: Award) -> str:
    """What the award is for."""
    return here(award.title)


def institution_of(award: Award) -> str:
    """Who awarded."""
    return here(award.snapshot["institution"]["title"]["text"])
