"""State, activity profile and agent profile documents. A Connection comes in; nothing here commits.

xAPI 1.0.3, communication part, 2.2 to 2.7
(https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#22-document-resources).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, delete, func, select

from xapi.actors import storage_key
from xapi.database import insert
from xapi.errors import BadRequest
from xapi.tables import documents

_LOCK = 7420190103


@dataclass(frozen=True, slots=True)
class Place:
    """Where documents lie: `kind` is "state", "activity" or "agent"; what a kind does not have is "".

    `agent` is an `actor_key`. A state's registration None means "any", which only `list_ids` and `delete_all` take.
    """

    kind: str
    activity: str = ""
    agent: str = ""
    registration: str | None = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A document; `etag` is the SHA-1 of its content in hexadecimal digits, without quotes (1.0.3 demands SHA-1)."""

    id: str
    content_type: str
    content: bytes
    etag: str
    updated: datetime


Check = Callable[[Document | None], None]
"""Is shown what is there, with other writers locked out, and raises where it must not be changed."""


def get(conn: Connection, place: Place, document_id: str) -> Document | None:
    """The document, or None."""
    d = documents
    columns = (d.c.id, d.c.content_type, d.c.content, d.c.etag, d.c.updated)
    row = conn.execute(select(*columns).where(*_at(place), d.c.key == storage_key(document_id))).first()
    return None if row is None else Document(row.id, row.content_type, bytes(row.content), row.etag, row.updated)


def put(
    conn: Connection,
    place: Place,
    document_id: str,
    content_type: str,
    content: bytes,
    now: datetime,
    check: Check,
) -> Document:
    """The document is this one from now on. Raises what `check` raises."""
    _lock(conn, place, document_id)
    check(get(conn, place, document_id))
    return _write(conn, place, document_id, content_type, content, now)


def post(
    conn: Connection,
    place: Place,
    document_id: str,
    content_type: str,
    content: bytes,
    now: datetime,
    check: Check,
) -> Document:
    """The JSON object is merged into the one that is there, member by member; where none is there, it is put.

    Raises what `check` raises, and BadRequest where one of the two is not a JSON object; then nothing is changed.
    """
    _lock(conn, place, document_id)
    there = get(conn, place, document_id)
    check(there)
    if there is not None:
        old = _object(there.content_type, there.content, "The stored document")
        new = _object(content_type, content, "The document sent")
        content, content_type = orjson.dumps({**old, **new}), there.content_type
    return _write(conn, place, document_id, content_type, content, now)


def remove(conn: Connection, place: Place, document_id: str, check: Check) -> None:
    """The document is not there. Raises what `check` raises."""
    _lock(conn, place, document_id)
    check(get(conn, place, document_id))
    conn.execute(delete(documents).where(*_at(place), documents.c.key == storage_key(document_id)))


def delete_all(conn: Connection, place: Place) -> None:
    """No document is in this place."""
    conn.execute(delete(documents).where(*_at(place)))


def list_ids(conn: Connection, place: Place, since: datetime | None = None) -> list[str]:
    """The ids of the documents of this place, those stored after `since` only; each once, in their order."""
    conditions = _at(place)
    if since is not None:
        conditions.append(documents.c.updated > since)
    return sorted(set(conn.execute(select(documents.c.id).where(*conditions)).scalars()))


def is_json(content_type: str) -> bool:
    """Whether the media type is application/json, whatever its parameters."""
    return content_type.split(";", 1)[0].strip().lower() == "application/json"


def _object(content_type: str, content: bytes, what: str) -> dict[str, Any]:
    if is_json(content_type):
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError:
            value = None
        if isinstance(value, dict):
            return value
    raise BadRequest(f"{what} is no JSON object, so the two can't be merged.", rule="merge")


def _write(
    conn: Connection, place: Place, document_id: str, content_type: str, content: bytes, now: datetime
) -> Document:
    etag = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    row = {
        "kind": place.kind,
        "activity": storage_key(place.activity),
        "agent": storage_key(place.agent),
        "registration": place.registration or "",
        "key": storage_key(document_id),
        "id": document_id,
        "content_type": content_type,
        "content": content,
        "etag": etag,
        "updated": now,
    }
    upsert = insert(conn, documents)
    changed = {name: upsert.excluded[name] for name in ("content_type", "content", "etag", "updated")}
    keys = ["kind", "activity", "agent", "registration", "key"]
    conn.execute(upsert.on_conflict_do_update(index_elements=keys, set_=changed), row)
    return Document(document_id, content_type, content, etag, now)


def _at(place: Place) -> list[ColumnElement[bool]]:
    d = documents
    conditions: list[ColumnElement[bool]] = [
        d.c.kind == place.kind,
        d.c.activity == storage_key(place.activity),
        d.c.agent == storage_key(place.agent),
    ]
    if place.registration is not None:
        conditions.append(d.c.registration == place.registration)
    return conditions


def _lock(conn: Connection, place: Place, document_id: str) -> None:
    # A row that is not there yet can't be locked; this holds for it as well. On SQLite whoever writes is alone.
    if conn.dialect.name == "postgresql":
        name = "\n".join((place.kind, place.activity, place.agent, place.registration or "", document_id))
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, _LOCK))))
