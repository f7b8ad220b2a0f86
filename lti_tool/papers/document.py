"""A paper as plain data, before it is set: facts, sections, tables. One template (templates/paper.typ) sets them all.

Everything is data to the typesetter, never its code: what somebody wrote reaches the paper as it was written.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import segno

from lti_tool.papers.numbers import show_number
from lti_tool.papers.words import MARK_WORDS, MARKS, Translate, translator


@dataclass(frozen=True, slots=True)
class Said:
    """A text with the sign of how sure it is."""

    text: str
    mark: str = ""


Cell = Said | str
Fact = tuple[str, Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a head; `label` says what it shows."""

    label: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[int, ...]
    """Shares of the width, one for each column."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a paper; `level` 1 or 2. Empty parts are left out."""

    title: Cell
    level: int = 1
    text: tuple[Cell, ...] = ()
    facts: tuple[Fact, ...] = ()
    tables: tuple[Table, ...] = ()
    signatures: tuple[tuple[str, ...], ...] = ()
    """Places to sign: the lines beneath each."""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole paper in one language. `banner`: what must be read first, such as that it is no issued paper."""

    language: str
    title: str
    subtitle: Cell
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    made_at: datetime
    number: str = ""
    check_url: str = ""
    banner: str = ""
    funding: str = ""
    notes: tuple[str, ...] = field(default=())


def said(part: Mapping[str, Any], language: str) -> Said:
    """A text of a snapshot with its sign."""
    return Said(part["text"][language], MARKS.get(part["status"][language], MARKS["reconstructed"]))


def marked(text: str, status: str) -> Said:
    """A figure with the sign of how sure it is; what is not known to be published counts as reconstructed."""
    return Said(text, MARKS.get(status, MARKS["reconstructed"]))


def plain(document: Document) -> dict[str, Any]:
    """The document as the template takes it: with its labels, the legend of the signs it bears, and the QR code."""
    _ = translator(document.language)
    found = asdict(document)
    del found["made_at"]
    at = document.made_at
    return {
        **found,
        "date": [at.year, at.month, at.day],
        "number": show_number(document.number),
        "qr": qr(document.check_url) if document.check_url else "",
        "legend": legend(document, _),
        "labels": {
            "number": _("Number"),
            "check": _("Check this paper at"),
            "qr": _("QR code that leads to the check page:"),
            "page": _("Page"),
            "signs": _("Signs"),
        },
    }


def legend(document: Document, _: Translate) -> list[str]:
    """What the signs on this paper mean; only those that it bears."""
    used = {cell.mark for cell in _cells(document) if isinstance(cell, Said)}
    return [f"{mark} {_(MARK_WORDS[status])}" for status, mark in MARKS.items() if mark and mark in used]


def qr(address: str) -> str:
    """The QR code of an address as SVG, its quiet zone included."""
    stream = io.BytesIO()
    segno.make(address, error="m", micro=False).save(stream, kind="svg", xmldecl=False, scale=4)
    return stream.getvalue().decode()


def _cells(document: Document) -> Iterable[Cell]:
    yield document.subtitle
    yield from (value for _label, value in document.facts)
    for section in document.sections:
        yield section.title
        yield from section.text
        yield from (value for _label, value in section.facts)
        for table in section.tables:
            for row in table.rows:
                yield from row
