"""Media types and paging of the services, as strictly as Moodle looks at them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import request

from lti_tool.practice.lms import Practice
from lti_tool.practice.tokens import ServiceRefused

T = TypeVar("T")


def check_accept(wanted: str, *, any_too: bool = False, lists_too: bool = False) -> None:
    """400 unless Accept is exactly this type or absent. `any_too`: */* is taken as well; `lists_too`: a list that
    names one of these."""
    accepted = request.headers.get("Accept", "")
    if not accepted:
        return
    taken = {wanted, *(["*/*"] if any_too else [])}
    named = accepted.split(",") if lists_too else [accepted]
    if not any(name.partition(";")[0].strip() in taken for name in named):
        raise ServiceRefused(400, f"Accept has to be exactly {wanted}")


def read_document(wanted: str, *, empty: bool = False) -> Mapping[str, Any]:
    """The JSON object of the request, 400 where it is none or its type is another (a charset may be named)."""
    if request.mimetype != wanted:
        raise ServiceRefused(400, f"Content-Type has to be {wanted}", empty=empty)
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, Mapping):
        raise ServiceRefused(400, "the body has to be a JSON object", empty=empty)
    return body


def read_page(lms: Practice, found: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
    """What `limit` and `from` ask for, and the Link header to the next page, which keeps every other parameter."""
    limit, start = _number("limit"), _number("from") or 0
    if limit is None:
        return found[start:], {}
    if limit == 0:
        raise ServiceRefused(400, "limit has to be 1 or more")
    end = start + limit
    if end >= len(found):
        return found[start:end], {}
    parts = urlsplit(request.full_path)
    query = {**dict(parse_qsl(parts.query)), "limit": str(limit), "from": str(end)}
    following = lms.issuer + urlunsplit(("", "", parts.path, urlencode(query), ""))
    return found[start:end], {"Link": f'<{following}>; rel="next"'}


def _number(name: str) -> int | None:
    value = request.args.get(name)
    if value is None:
        return None
    if not value.isascii() or not value.isdigit():
        raise ServiceRefused(400, f"{name} has to be a number")
    return int(value)
