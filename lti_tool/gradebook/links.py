"""The Link header (RFC 8288), read as servers write it. Pure.

https://www.rfc-editor.org/rfc/rfc8288#section-3. Beyond it, what platforms were seen to send: Moodle's line items come
with `&amp;` in the address and with rel in curly quotes, as raw UTF-8, which HTTP libraries hand on as Latin-1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin

from lti_tool.launch.addresses import origin

LONGEST: Final = 32_768
"""Characters of a header that are looked at."""
_SPACE: Final = " \t"
_CURLY: Final = str.maketrans({"“": '"', "”": '"', "„": '"'})


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its target as it was written, and its parameters, names in lower case, the first of each."""

    target: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def relations(self) -> frozenset[str]:
        """What the link is (`rel` may name several), in lower case."""
        return frozenset(self.parameters.get("rel", "").lower().split())


def read(header: str) -> list[Link]:
    """The links of a header, in its order. What is malformed is passed over, up to the next link that can be read."""
    return list(_links(_mended(header[:LONGEST])))


def find(header: str | None, relation: str, base: str) -> str | None:
    """The absolute address of the first link of this relation; None where there is none.

    `base` is the address that was asked. Upper and lower case of the target are kept: page tokens need them.
    """
    for link in read(header or ""):
        if relation in link.relations and "anchor" not in link.parameters:
            try:
                return urljoin(base, link.target.replace("&amp;", "&"))
            except ValueError:
                continue
    return None


def same_site(one: str, other: str) -> bool:
    """Whether both are web addresses of one scheme, host and port: an access token goes nowhere else."""
    return origin(one) is not None and origin(one) == origin(other)


def _mended(header: str) -> str:
    with suppress(UnicodeEncodeError, UnicodeDecodeError):  # it is text already, or no UTF-8
        header = header.encode("latin-1").decode("utf-8")
    return header.translate(_CURLY)


def _links(text: str) -> Iterator[Link]:
    at = 0
    while (start := text.find("<", at)) >= 0:
        end = text.find(">", start)
        if end < 0:
            return
        parameters, at = _parameters(text, end + 1)
        yield Link(text[start + 1 : end].strip(), parameters)


def _parameters(text: str, at: int) -> tuple[dict[str, str], int]:
    """The parameters from `at` on, and where the link ends: behind its comma, or at the end of the text."""
    found: dict[str, str] = {}
    while True:
        at = _skip(text, at, _SPACE)
        if at >= len(text) or text[at] == ",":
            return found, at + 1
        if text[at] != ";":  # not a parameter: on to the next separator
            at = _until(text, at, ";,")
            continue
        at = _skip(text, at + 1, _SPACE)
        end = _until(text, at, "=;,")
        name = text[at:end].strip(_SPACE).lower()
        at, value = end, ""
        if at < len(text) and text[at] == "=":
            value, at = _value(text, _skip(text, at + 1, _SPACE))
        if name:
            found.setdefault(name, value)


def _value(text: str, at: int) -> tuple[str, int]:
    if at >= len(text) or text[at] != '"':
        end = _until(text, at, ";,")
        return text[at:end].strip(_SPACE), end
    letters = []
    at += 1
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
        letters.append(text[at])
        at += 1
    return "".join(letters), at + 1


def _skip(text: str, at: int, letters: str) -> int:
    while at < len(text) and text[at] in letters:
        at += 1
    return at


def _until(text: str, at: int, letters: str) -> int:
    while at < len(text) and text[at] not in letters:
        at += 1
    return at
