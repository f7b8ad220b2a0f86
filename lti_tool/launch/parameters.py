"""Reads the parameters of a login or launch, byte for byte, each name once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from lti_tool.launch.claims import Refusal
from lti_tool.launch.words import refused

FORM_LIMIT: Final = 400_000
"""Bytes of a request at most: a token of 256 kB and what goes with it."""
_MOST: Final = 100
_RESERVED: Final = re.compile(rb"[^A-Za-z0-9_.~-]")


def read(request: Request) -> dict[str, str]:
    """What the query and the form hold; a name that comes twice is refused, for two readers could differ about it.

    Bytes that are no UTF-8 are kept (surrogateescape), so that hints go back as they came.
    """
    request.max_content_length = FORM_LIMIT
    request.max_form_memory_size = FORM_LIMIT
    if (request.content_length or 0) > FORM_LIMIT:
        raise refused(Refusal("LTI-SIZE", f"{request.content_length} bytes"))
    pairs = _pairs(request.query_string)
    if request.method == "POST":
        try:
            if request.mimetype == "multipart/form-data":
                pairs += [(name, value) for name, value in request.form.items(multi=True)]
            elif request.mimetype == "application/x-www-form-urlencoded":
                pairs += _pairs(request.get_data())
            elif request.get_data():
                raise refused(Refusal("LTI-FORM", f"content type {request.mimetype[:100]!r}"))
        except RequestEntityTooLarge as error:
            raise refused(Refusal("LTI-SIZE")) from error
        except HTTPException as error:
            raise refused(Refusal("LTI-FORM", str(error)[:100])) from error
    values: dict[str, str] = {}
    for name, value in pairs:
        if values.setdefault(name, value) != value:
            raise refused(Refusal("LTI-FORM", f"{name[:50]!r} twice"))
    return values


def encoded(values: Mapping[str, str]) -> str:
    """The parameters as a query. Bytes that were no UTF-8 become again what they were."""
    return "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in values.items()])


def _quoted(text: str) -> str:
    # What `urllib.parse.quote` does letter by letter.
    return _RESERVED.sub(lambda found: f"%{found[0][0]:02X}".encode(), text.encode("utf-8", "surrogateescape")).decode()


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    if not raw:
        return []
    try:
        return parse_qsl(
            raw.decode("utf-8", "surrogateescape"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=_MOST,
        )
    except ValueError as error:
        raise refused(Refusal("LTI-FORM", str(error)[:100])) from error
