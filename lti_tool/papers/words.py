"""Words on papers, outside of any page: a paper is in the language it was asked for, whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final

from babel.dates import format_date
from babel.numbers import format_decimal
from babel.support import Translations

import lti_tool
from lti_tool.errors import N_

Translate = Callable[[str], str]

MARKS: Final[Mapping[str, str]] = {"published": "", "inferred": "‡", "draft": "§", "reconstructed": "†"}
"""The sign behind a text or figure that is not published; each is explained on the paper."""
MARK_WORDS: Final[Mapping[str, str]] = {
    "inferred": N_("follows from published facts, but is not stated there"),
    "draft": N_("wording or translation of ours, not approved by the institutions"),
    "reconstructed": N_("illustrative: not part of an official curriculum"),
}
OUTCOME_KINDS: Final[Mapping[str, str]] = {
    "knowledge": N_("Knowledge"),
    "skill": N_("Skill"),
    "autonomy_and_responsibility": N_("Responsibility and autonomy"),
}
ACT_WORDS: Final[Mapping[str, str]] = {
    "assess:achieved": N_("Assessed: achieved"),
    "assess:not_yet": N_("Assessed: not yet achieved"),
    "validate:granted": N_("Validated"),
    "validate:refused": N_("Not validated"),
    "recognise:granted": N_("Recognised"),
    "recognise:refused": N_("Not recognised"),
}


@cache
def translator(language: str) -> Translate:
    """What translates English sentences of the catalogues into this language."""
    folder = Path(lti_tool.__file__).parent / "translations"
    return Translations.load(folder, [language]).gettext


def word(words: Mapping[str, str], code: str, translate: Translate) -> str:
    """The word for a code, in a language; the code itself where nobody has given it a word."""
    return translate(words[code]) if code in words else code


def day(moment: date | datetime | str, language: str) -> str:
    """A day in words; of a moment, the day in UTC, which is the same wherever the paper is printed."""
    if isinstance(moment, str):
        moment = date.fromisoformat(moment[:10])
    form = "d MMMM y" if language == "en" else "long"
    shown = str(format_date(moment.date() if isinstance(moment, datetime) else moment, form, locale=language))
    return shown.replace(" г.", "\u00a0г.")  # Bulgarian for "year", which stays with its number


def number(value: float, language: str) -> str:
    """At most two decimals, with the marks of the language."""
    return str(format_decimal(value, "#,##0.##", locale=language))
