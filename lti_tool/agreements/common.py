"""What the pages of agreements share: whose agreement it is, its words, and the file of a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from sqlalchemy import Connection

from lti_tool.agreements import store
from lti_tool.agreements.acting import AGREE, no_such, reaches, waits_for
from lti_tool.agreements.paper import paper
from lti_tool.agreements.paper_parts import signer
from lti_tool.agreements.terms import KIND_WORDS, LEARNER, SHOWS_WORDS, STATE_WORDS, Agreement
from lti_tool.ecvet.entries import Author
from lti_tool.errors import N_, Conflict, Forbidden
from lti_tool.i18n import current_language, language_of
from lti_tool.papers.document import Document, legend
from lti_tool.papers.forms import as_file
from lti_tool.papers.typeset import pdf
from lti_tool.papers.views_words import here
from lti_tool.papers.words import translator
from lti_tool.people.views import Visitor, visitor
from lti_tool.settings import Settings


def who_agrees() -> Visitor:
    """The visitor, who may make agreements somewhere; raises PEOPLE-ROLE (403) otherwise."""
    who = visitor()
    if not who.may_somewhere(AGREE):
        raise Forbidden(
            "PEOPLE-ROLE",
            N_("Your role does not include this."),
            N_("Ask the coordinator of the programme who may do it."),
            whom="administrator",
        )
    return who


def seen(conn: Connection, by: Author, series: str) -> list[Agreement]:
    """The versions of an agreement to which `by` is a party, the newest first. Raises AGREEMENT-NONE (404) where there
    is none, for whatever reason."""
    found = [one for one in store.of_series(conn, series) if reaches(by, one)]
    if not found:
        raise no_such()
    return found


def must_be_newest(versions: Sequence[Agreement], number: str) -> None:
    """Raises AGREEMENT-CHANGED (409) where somebody made another version since the form was shown."""
    if versions[0].number != number:
        raise Conflict(
            "AGREEMENT-CHANGED",
            N_("Somebody has made another version meanwhile."),
            N_("Open the agreement anew and look what has changed."),
        )


def document(one: Agreement, settings: Settings, today: date, language: str | None = None) -> Document:
    """The version as a paper, in the reader's language or another."""
    return paper(one, language or current_language(), settings.base_url, settings.funding_note, today)


def as_pdf(one: Agreement, settings: Settings, today: date) -> Response:
    """The version as a file, in the language that the address asks for (`?in=lv`), else the reader's: the parties of
    an agreement may speak several."""
    language = language_of(request.args.get("in"))
    return as_file(pdf(document(one, settings, today, language)), "application/pdf", f"{one.number}.pdf")


def shown(made: Document) -> dict[str, Any]:
    """A paper as a page shows it: what its signs mean with it."""
    return {"document": made, "legend": legend(made, translator(made.language))}


@dataclass(frozen=True, slots=True)
class Line:
    """An agreement in a list: its newest version, and the one that holds meanwhile, if that is another. `waits`: it is
    the reader whose signature is missing."""

    one: Agreement
    state: str
    holds: Agreement | None
    waits: bool

    @property
    def parties(self) -> str:
        return parties_of(self.one)


def lines(found: Sequence[Sequence[Agreement]], now: datetime, by: Author, *, own: bool = False) -> list[Line]:
    """What a list shows of these agreements; `own`: to the learner whom they are about."""
    today = now.date()
    return [
        Line(
            versions[0],
            versions[0].state(today),
            next((one for one in versions[1:] if one.state(today) == "agreed"), None),
            learner_waits(versions[0], today) if own else waits_for(by, versions[0], today),
        )
        for versions in found
    ]


def learner_waits(one: Agreement, today: date) -> bool:
    """Whether this version waits for the learner's signature."""
    return one.state(today) == "draft" and LEARNER in one.open_for


def parties_of(one: Agreement) -> str:
    """The institutions, in the order of the paper."""
    arrow = " → " if one.kind == "learning" else " · "
    return arrow.join(here(party["title"]["text"]) for party in one.snapshot["parties"])


def programme_of(one: Agreement) -> str:
    return here(one.snapshot["programme"]["title"]["text"])


def signer_name(one: Agreement, place: str) -> str:
    """Who signs there, in the reader's language."""
    language = current_language()
    return signer(one, place, language, translator(language))[0]


def _word(words: Mapping[str, str], code: str) -> str:
    return str(_(words[code]))


def kind_word(code: str) -> str:
    return _word(KIND_WORDS, code)


def state_word(code: str) -> str:
    return _word(STATE_WORDS, code)


def shows_word(code: str) -> str:
    return _word(SHOWS_WORDS, code)
