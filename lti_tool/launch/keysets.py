"""The public keys of the LMSs: kept in the database and, parsed, in this process; fetched again for an unknown kid."""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from sqlalchemy import Connection, Engine

from lti_tool.calls import UNREACHABLE, Call, Note, Stopwatch, quiet
from lti_tool.db import insert, reading
from lti_tool.launch.addresses import FetchError
from lti_tool.launch.claims import Refusal, Registration
from lti_tool.launch.fetch import Answer
from lti_tool.launch.platforms import platform_keys
from xapi.writer import Writer

FRESH: Final = timedelta(hours=1)
"""After so long the set is fetched again when it is used, so that a key that an LMS withdrew stops counting."""
STALE: Final = timedelta(days=1)
"""So long an old set serves while the LMS can't be reached."""
BUCKET: Final = 5
"""Fetches a minute and platform at most: forged key ids must not make us a hammer."""
_MINUTE: Final = timedelta(minutes=1)
_MOST_KEYS: Final = 100
_BITS: Final = range(2048, 8193)

Fetch = Callable[[str], Answer]


@dataclass
class _Held:
    keys: dict[str, RSAPublicKey]
    fetched_at: datetime


@dataclass
class _Place:
    """What this process holds of one address."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    held: _Held | None = None
    fetches: list[datetime] = field(default_factory=list)


class KeySets:
    """Finds the key that a platform signed with. Threads may share it; no transaction is open while it asks."""

    def __init__(self, engine: Engine, writer: Writer, fetch: Fetch, note: Note = quiet) -> None:
        self._engine = engine
        self._writer = writer
        self._fetch = fetch
        self._note = note
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()

    def find(self, registration: Registration, kid: str, now: datetime) -> RSAPublicKey | Refusal:
        """The key under `kid` in the platform's key set, fetched at most once for this call."""
        with self._lock:
            place = self._places.setdefault(registration.jwks_url, _Place())
        held = place.held
        if held is not None and kid in held.keys and now - held.fetched_at < FRESH:
            return held.keys[kid]
        with place.lock:  # one fetch for all that wait, not one each
            return self._find_slowly(place, registration, kid, now)

    def _find_slowly(
        self, place: _Place, registration: Registration, kid: str, now: datetime
    ) -> RSAPublicKey | Refusal:
        url = registration.jwks_url
        held = place.held
        if held is None or kid not in held.keys or now - held.fetched_at >= FRESH:
            held = self._stored(url) or held
        if held is not None and kid in held.keys and now - held.fetched_at < FRESH:
            place.held = held
            return held.keys[kid]
        problem: str | None = None
        place.fetches = [then for then in place.fetches if now - then < _MINUTE]
        if len(place.fetches) < BUCKET:
            place.fetches.append(now)
            try:
                document = self._fetch_set(registration)
                held = _Held(parse(document), now)
                self._writer.run(lambda conn: keep(conn, url, document, now))
            except FetchError as error:
                problem = str(error)
        else:
            problem = f"{url}: asked {BUCKET} times within a minute"
        place.held = held
        if held is not None and kid in held.keys and now - held.fetched_at < STALE:
            return held.keys[kid]
        if problem is not None:
            return Refusal("LTI-KEYS-UNREACHABLE", problem)
        return Refusal("LTI-KEY-UNKNOWN", f"kid {kid[:100]!r} at {url}")

    def _fetch_set(self, registration: Registration) -> Mapping[str, Any]:
        url, watch = registration.jwks_url, Stopwatch()
        status, code = None, UNREACHABLE
        try:
            answer = self._fetch(url)
            status, code = answer.status_code, "" if answer.ok else f"HTTP {answer.status_code}"
        finally:
            self._note(Call("keys", f"GET {url}", registration.id, status, code, watch.read()))
        if answer.status_code != 200:
            raise FetchError(f"{url} answered {answer.status_code}")
        document = answer.json()
        if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
            raise FetchError(f"{url} is no key set")
        return document

    def _stored(self, url: str) -> _Held | None:
        with reading(self._engine) as conn:
            row = conn.execute(sa.select(platform_keys).where(platform_keys.c.jwks_url == url)).first()
        return None if row is None else _Held(parse(row.keys), row.fetched_at)


def keep(conn: Connection, url: str, document: Mapping[str, Any], now: datetime) -> None:
    """All processes find this key set without asking the LMS."""
    usable = {"keys": [_members(key) for key in document["keys"][:_MOST_KEYS] if parse({"keys": [key]})]}
    statement = insert(conn, platform_keys).values(jwks_url=url, keys=usable, fetched_at=now)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["jwks_url"],
            set_={"keys": statement.excluded["keys"], "fetched_at": statement.excluded.fetched_at},
        )
    )


def parse(document: Mapping[str, Any]) -> dict[str, RSAPublicKey]:
    """The keys of a set that RS256 signatures may be checked with, by kid; all others are passed over.

    https://www.rfc-editor.org/rfc/rfc7517#section-5: unknown kinds of keys are ignored, not an error.
    """
    found: dict[str, RSAPublicKey] = {}
    for key in document["keys"][:_MOST_KEYS]:
        if not isinstance(key, dict) or key.get("kty") != "RSA" or not isinstance(key.get("kid"), str):
            continue
        if key.get("use", "sig") != "sig" or key.get("alg", "RS256") != "RS256":
            continue
        try:
            n, e = _number(key["n"]), _number(key["e"])
            if n.bit_length() in _BITS and 3 <= e < 2**33 and e % 2 and n % 2:
                found.setdefault(key["kid"], RSAPublicNumbers(e, n).public_key())
        except (KeyError, TypeError, ValueError, binascii.Error, UnsupportedAlgorithm):
            continue
    return found


def _members(key: Mapping[str, Any]) -> dict[str, str]:
    return {name: key[name] for name in ("kty", "kid", "n", "e") if isinstance(key.get(name), str)}


def _number(text: object) -> int:
    if not isinstance(text, str) or len(text) > 2000:
        raise ValueError("not a base64url number")
    padded = text + "=" * (-len(text) % 4)
    return int.from_bytes(base64.urlsafe_b64decode(padded.encode("ascii")), "big")
