"""/statements: PUT, POST and GET (xAPI 1.0.3, communication part, 2.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from sqlalchemy import Connection

from xapi.access import Principal
from xapi.checks import check_object
from xapi.database import reading
from xapi.definitions import find_definitions
from xapi.documents import is_json
from xapi.errors import BadRequest, InvalidStatement, NotDone, NotFound
from xapi.finding import Bounds, Filter, find, get, get_voided
from xapi.formats import activity_ids, as_canonical, as_ids, read_languages
from xapi.recording import record
from xapi.resources.call import (
    Answer,
    Call,
    Shop,
    answer_json,
    http_date,
    read_actor,
    read_flag,
    read_iri,
    read_json,
    read_moment,
    read_uuid,
    refuse_method,
)
from xapi.scalars import read_time
from xapi.vocabulary import SIGNATURE

_FILTERS = (
    "agent",
    "verb",
    "activity",
    "registration",
    "related_activities",
    "related_agents",
    "since",
    "until",
    "limit",
    "ascending",
    "cursor",
)
_SINGLE = ("statementId", "voidedStatementId")
_SHAPE = ("format", "attachments")


def statements(call: Call, principal: Principal, shop: Shop) -> Answer:
    """The resource."""
    if call.method == "GET":
        return _get(call, principal, shop)
    if call.method == "POST":
        return _post(call, principal, shop)
    if call.method == "PUT":
        return _put(call, principal, shop)
    raise refuse_method(call, "GET", "HEAD", "POST", "PUT")


def _put(call: Call, principal: Principal, shop: Shop) -> Answer:
    wanted = read_uuid(call.params("statementId"), "statementId", needed=True)
    statement = check_object(_read_body(call), "$")
    given = statement.get("id", wanted)
    if not isinstance(given, str) or given.lower() != wanted:
        raise BadRequest(
            "The statement has another id than the parameter statementId.", path="$.id", rule="statement-id"
        )
    _store(call, principal, shop, [{**statement, "id": given}])
    return Answer(204)


def _post(call: Call, principal: Principal, shop: Shop) -> Answer:
    call.params()
    body = _read_body(call)
    return answer_json(_store(call, principal, shop, body if isinstance(body, list) else [body]))


def _read_body(call: Call) -> Any:
    if call.content_type.split(";", 1)[0].strip().lower() == "multipart/mixed":
        raise NotDone("Statements with attached data (multipart/mixed) are not taken here yet.", rule="attachments")
    if not is_json(call.content_type):
        raise BadRequest("Statements are sent as application/json.", rule="content-type")
    return read_json(call.body)


def _store(call: Call, principal: Principal, shop: Shop, given: Sequence[Any]) -> list[str]:
    for index, statement in enumerate(given):
        _check_attachments(statement, f"$[{index}]" if len(given) > 1 else "$")
    added = record(shop.writer, principal, given, shop.on_stored, shop.clock(), call.version)
    return list(added.ids)


def _check_attachments(statement: Any, path: str) -> None:
    # Without its data, an attachment must say where it is, and a signature is nothing (data part, 2.4.11 and 2.6).
    parts = [statement, statement.get("object")] if isinstance(statement, dict) else []
    for part in parts:
        given = part.get("attachments") if isinstance(part, dict) else None
        for index, one in enumerate(given if isinstance(given, list) else ()):
            if isinstance(one, dict) and ("fileUrl" not in one or one.get("usageType") == SIGNATURE):
                where = f"{path}{'' if part is statement else '.object'}.attachments[{index}]"
                raise InvalidStatement("The data of this attachment is missing.", path=where, rule="attachment-data")


def _get(call: Call, principal: Principal, shop: Shop) -> Answer:
    names = {name for name, _ in call.query}
    single = [name for name in _SINGLE if name in names]
    if len(single) == 2:
        raise BadRequest("Ask for statementId or for voidedStatementId, not for both.", rule="parameter")
    params = call.params(*(single or _FILTERS), *_SHAPE)
    bounds = Bounds.of(principal)
    shape = params.get("format", "exact")
    if shape not in ("exact", "ids", "canonical"):
        raise BadRequest("The parameter format must be exact, ids or canonical.", rule="parameter", path="format")
    if read_flag(params, "attachments"):
        raise NotDone("Attachments are not given out here yet: attachments=true.", rule="attachments")
    languages = read_languages(call.header("accept-language") or "")
    if single:
        return _get_one(single[0], params, bounds, shape, languages, shop)
    wanted = _read_filter(params, bounds)
    with reading(shop.engine) as conn:
        page = find(conn, wanted)
        texts = page.documents if shape == "exact" else _shape(conn, page.statements, shape, languages)
    more = ""
    if page.more_cursor is not None:
        kept = [(name, value) for name, value in call.query if name != "cursor"]
        more = f"{call.path}?{urlencode([*kept, ('cursor', str(page.more_cursor))])}"
    body = f'{{"statements":[{",".join(texts)}],"more":{orjson.dumps(more).decode()}}}'
    return Answer(200, body.encode())


def _get_one(
    name: str, params: Mapping[str, str], bounds: Bounds, shape: str, languages: Sequence[str], shop: Shop
) -> Answer:
    wanted = read_uuid(params, name, needed=True) or ""
    with reading(shop.engine) as conn:
        statement = (get if name == "statementId" else get_voided)(conn, wanted, bounds)
        if statement is None:
            raise NotFound("There is no such statement.", rule="statement")
        [text] = _shape(conn, [statement], shape, languages)
    stored = read_time(statement["stored"])
    headers = {} if stored is None else {"Last-Modified": http_date(stored)}
    return Answer(200, text.encode(), headers=headers)


def _shape(conn: Connection, found: Sequence[Mapping[str, Any]], shape: str, languages: Sequence[str]) -> Sequence[str]:
    if shape == "ids":
        found = [as_ids(one) for one in found]
    elif shape == "canonical":
        definitions = find_definitions(conn, {iri for one in found for iri in activity_ids(one)})
        found = [as_canonical(one, languages, definitions) for one in found]
    return [orjson.dumps(one).decode() for one in found]


def _read_filter(params: Mapping[str, str], bounds: Bounds) -> Filter:
    return Filter(
        agent=read_actor(params, groups=True),
        verb=read_iri(params, "verb"),
        activity=read_iri(params, "activity"),
        registration=read_uuid(params, "registration"),
        related_agents=read_flag(params, "related_agents"),
        related_activities=read_flag(params, "related_activities"),
        since=read_moment(params, "since"),
        until=read_moment(params, "until"),
        limit=_read_number(params, "limit") or 0,
        ascending=read_flag(params, "ascending"),
        cursor=_read_number(params, "cursor"),
        bounds=bounds,
    )


def _read_number(params: Mapping[str, str], name: str) -> int | None:
    text = params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadRequest(f"The parameter {name} must be a whole number, 0 or more.", rule="parameter", path=name)
    return int(text)
