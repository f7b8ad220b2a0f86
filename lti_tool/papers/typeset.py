"""Papers as PDF/UA-1 (ISO 14289-1): tagged, with their language, fonts embedded. Set by Typst in this process.

Only fonts that come with Typst are used, so that a paper looks the same from every machine. Libertinus has Latin with
all of Latvian's letters, Greek and Cyrillic. A sign that no font has would make the PDF one that can't be read out, so
it is replaced by � and the paper says that something is missing.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import typst

from lti_tool.errors import N_
from lti_tool.papers.document import Document, plain
from lti_tool.papers.words import translator

_TEMPLATE: Final = Path(__file__).parent / "templates" / "paper.typ"
_MISSING: Final = "\ufffd"
_NOT_SHOWN: Final = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
_MOST_TRIES: Final = 40
"""Each try finds the signs of a whole run of text at least."""


def pdf(document: Document) -> bytes:
    """The document set; the same bytes for the same document."""
    return _made(document, lambda data: _set(data, "pdf", pdf_standards="ua-1"))


def picture(document: Document) -> bytes:
    """The first page as PNG, for a credential to show."""
    return _made(document, lambda data: _set(data, "png", ppi=80))


def _made(document: Document, make: Callable[[dict[str, Any]], bytes]) -> bytes:
    data = _everywhere(plain(document), _without_controls)
    note = translator(document.language)(N_("Some signs can't be printed and are shown as %(sign)s."))
    for _try in range(_MOST_TRIES):
        try:
            return make(data)
        except typst.TypstError as error:
            lost = {sign for run in _NOT_SHOWN.findall(str(error)) for sign in _unescaped(run)} - {_MISSING}
            if not lost:
                raise
            replaced = str.maketrans(dict.fromkeys(lost, _MISSING))
            data = _everywhere(data, lambda text, by=replaced: text.translate(by))  # type: ignore[misc]  # a default
            data["notes"] = sorted({*data["notes"], note % {"sign": _MISSING}})
    raise ValueError("too many signs that no font has")


def _set(data: dict[str, Any], form: Literal["pdf", "png"], **options: Any) -> bytes:
    made = typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        sys_inputs={"document": json.dumps(data, ensure_ascii=False)},
        ignore_system_fonts=True,
        format=form,
        **options,
    )
    # One file for a PDF; of pictures, one for each page where there are several.
    return made if isinstance(made, bytes) else next(iter(made))


def _without_controls(text: str) -> str:
    """Control signs and code points that are no letters of anybody's go; line breaks become spaces."""
    return "".join(
        " " if one.isspace() else one for one in text if one.isspace() or unicodedata.category(one)[0] != "C"
    )


def _everywhere(data: Any, change: Callable[[str], str]) -> Any:
    if isinstance(data, str):
        return change(data)
    if isinstance(data, dict):
        return {key: _everywhere(value, change) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_everywhere(value, change) for value in data]
    return data


def _unescaped(run: str) -> str:
    """A text as the typesetter quotes it in its errors."""
    return re.sub(r"\\(?:u\{([0-9a-f]+)\}|(.))", lambda found: chr(int(found[1], 16)) if found[1] else found[2], run)
