"""A request and its answer as plain values, and how parameters and bodies are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from sqlalchemy import Engine

from xapi.access import Principal
from xapi.actors import actor_key
from xapi.checks import check_actor, check_agent
from xapi.errors import BadRequest, InvalidStatement, MethodNotAllowed
from xapi.recording import OnStored
from xapi.scalars import is_iri, is_uuid, read_time
from xapi.statement import V1, V2
from xapi.writer import Writer

VERSION_HEADER = "X-Experience-API-Version"
_VERSION = re.compile(r"[12]\.0(?:\.[0-9]{1,9})?").fullmatch
_FORM_HEADERS = frozenset(
    {"authorization", "x-experience-api-version", "content-type", "content-length", "if-match", "if-none-match"}
)


@dataclass(frozen=True, slots=True)
class Shop:
    """What the resources work with: where to write and read, what to tell, and what time it is."""

    writer: Writer
    engine: Engine
    on_stored: OnStored
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Call:
    """A request. Header names are in lower case; `path` is the whole path as the client sees it; HEAD comes as GET."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    version: str = V2

    def header(self, name: str) -> str | None:
        return self.headers.get(name)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    def params(self, *allowed: str) -> dict[str, str]:
        """The parameters by name. Raises BadRequest where one is not `allowed`, is given twice, or holds a NUL."""
        found: dict[str, str] = {}
        for name, value in self.query:
            if name not in allowed:
                raise BadRequest(
                    f"The parameter {name[:80]!r} is not known here; names are case-sensitive.", rule="parameter"
                )
            if name in found:
                raise BadRequest(f"The parameter {name} is given twice.", rule="parameter")
            if "\x00" in value:
                raise BadRequest(f"The parameter {name} holds a NUL.", rule="parameter")
            found[name] = value
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; without a body it has no content type."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Resource = Callable[[Call, Principal, Shop], Answer]


def choose_version(given: str | None, default: str) -> str:
    """The version that a request is answered in, by its header. Raises BadRequest where it is absent or unknown.

    xAPI 1.0.3, communication part, 3.3: 1.0 and 1.0.x are taken; IEEE 9274.1.1: 2.0.x as well.
    """
    if given is None:
        message = f"The header {VERSION_HEADER} is missing, for example {VERSION_HEADER}: {default}."
        raise BadRequest(message, rule="version")
    if _VERSION(given.strip()):
        return V1 if given.strip()[0] == "1" else V2
    raise BadRequest(f"The version {given[:20]!r} is not known here; known are {V1} and {V2}.", rule="version")


def unfold(call: Call) -> Call:
    """The request that a form holds: the alternate request syntax of 1.0.3, which 2.0 does without.

    xAPI 1.0.3, communication part, 1.3: a POST with the one parameter `method`; the form has the other parameters, some
    headers, and the body as `content`. Raises BadRequest where there is more in the address.
    """
    if call.method != "POST" or [name for name, _ in call.query] != ["method"]:
        raise BadRequest("With the parameter method, a request is a POST and has no other parameter.", rule="alternate")
    try:
        form = parse_qsl(call.body.decode(), keep_blank_values=True, strict_parsing=bool(call.body))
    except ValueError as error:
        raise BadRequest("The form of this request can't be read.", rule="alternate") from error
    headers = {name: value for name, value in call.headers.items() if name not in ("content-type", "content-length")}
    query: list[tuple[str, str]] = []
    body = b""
    for name, value in form:
        if name.lower() in _FORM_HEADERS:
            headers[name.lower()] = value
        elif name == "content":
            body = value.encode()
        else:
            query.append((name, value))
    if body:
        headers.setdefault("content-type", "application/json")
    return replace(call, method=call.query[0][1], query=query, headers=headers, body=body)


def is_folded(call: Call) -> bool:
    """Whether the request has the parameter `method`, which only the alternate syntax knows."""
    return any(name == "method" for name, _ in call.query)


def refuse_method(call: Call, *allowed: str) -> MethodNotAllowed:
    """The error for a method that a resource does not have."""
    return MethodNotAllowed(f"This resource has no {call.method[:20]}; it has {', '.join(allowed)}.", rule="method")


def read_json(body: bytes) -> Any:
    """The JSON value of a body. Raises BadRequest."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not valid JSON: {error}.", rule="json") from error


def read_iri(params: Mapping[str, str], name: str, *, needed: bool = False) -> str | None:
    """An IRI parameter. Raises BadRequest where it is malformed, or missing though needed."""
    value = _read(params, name, needed=needed)
    if value is not None and not is_iri(value):
        raise BadRequest(f"The parameter {name} must be an absolute IRI.", rule="parameter", path=name)
    return value


def read_uuid(params: Mapping[str, str], name: str, *, needed: bool = False) -> str | None:
    """A UUID parameter in lower case. Raises BadRequest."""
    value = _read(params, name, needed=needed)
    if value is not None and not is_uuid(value):
        raise BadRequest(f"The parameter {name} must be a UUID.", rule="parameter", path=name)
    return None if value is None else value.lower()


def read_moment(params: Mapping[str, str], name: str) -> datetime | None:
    """A timestamp parameter. Raises BadRequest."""
    value = params.get(name)
    if value is None:
        return None
    # An unescaped "+" of an offset arrives as a blank.
    moment = read_time(value) or read_time(value.replace(" ", "+"))
    if moment is None:
        raise BadRequest(f"The parameter {name} must be a timestamp.", rule="parameter", path=name)
    return moment


def read_flag(params: Mapping[str, str], name: str) -> bool:
    """A parameter that is true or false, and false where it is absent. Raises BadRequest."""
    value = params.get(name, "false")
    if value not in ("true", "false"):
        raise BadRequest(f"The parameter {name} must be true or false.", rule="parameter", path=name)
    return value == "true"


def read_actor(params: Mapping[str, str], *, needed: bool = False, groups: bool = False) -> dict[str, Any] | None:
    """The parameter `agent`: an Agent, or an identified Group where `groups`. Raises BadRequest."""
    text = _read(params, "agent", needed=needed)
    if text is None:
        return None
    try:
        agent = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest("The parameter agent must be JSON.", rule="parameter", path="agent") from error
    try:
        (check_actor if groups else check_agent)(agent, "agent")
    except InvalidStatement as error:
        raise BadRequest(error.message, rule=error.rule, path=error.path) from error
    if actor_key(agent).startswith("members:"):
        raise BadRequest("The parameter agent must have an identifier.", rule="parameter", path="agent")
    checked: dict[str, Any] = agent
    return checked


def _read(params: Mapping[str, str], name: str, *, needed: bool) -> str | None:
    value = params.get(name)
    if needed and value is None:
        raise BadRequest(f"The parameter {name} is missing.", rule="parameter", path=name)
    return value


def answer_json(value: Any, **headers: str) -> Answer:
    """200 with a JSON body."""
    return Answer(200, orjson.dumps(value), headers=headers)


def http_date(moment: datetime) -> str:
    """A moment as HTTP writes it, for Last-Modified."""
    return format_datetime(moment, usegmt=True)
