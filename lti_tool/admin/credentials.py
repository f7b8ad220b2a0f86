"""Clients of the record store: key and secret for Basic authentication, and who a request to it comes from.

A secret is 256 random bits, made here and never chosen by a person, so that a fast hash of it can't be guessed from; a
slow one would cost more than all the rest of a request. The hash is keyed: a row that somebody puts into the database
opens nothing. Changing SECRET_KEY therefore ends all credentials.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from flask import Request
from sqlalchemy import Connection
from werkzeug.datastructures import Authorization

from lti_tool.db import JSONText, UTCDateTime, metadata, reading
from lti_tool.launch.session import Stands, Tokens, always, xapi_principal
from lti_tool.wiring import Wiring
from xapi.access import SCOPES, Principal
from xapi.errors import Busy, Unauthorised

credentials = sa.Table(
    "lrs_credentials",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("secret_hash", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("scopes", JSONText, nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("used_at", UTCDateTime),
    sa.Column("revoked_at", UTCDateTime),
)

USUAL: Final = ("statements/write", "statements/read/mine", "state", "profile")
"""What a client gets that asks for nothing: to write, and to read what it wrote itself. The first two are xAPI's own
(https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#oauthscope)."""
NOTED_EVERY: Final = timedelta(minutes=10)
"""The last use is known this exactly: a write for every request would halve what the store can take."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A client of the record store. Its secret is known to the client alone."""

    key: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential with its secret, on the one occasion on which it can be told."""

    credential: Credential
    secret: str


def issue(conn: Connection, name: str, scopes: Collection[str], secret_key: str, now: datetime) -> Issued:
    """A new credential is valid. Raises ValueError for a scope that the store doesn't know."""
    if unknown := set(scopes) - SCOPES:
        raise ValueError(f"unknown scopes: {', '.join(sorted(unknown))}")
    key, secret = secrets.token_hex(8), secrets.token_hex(32)  # letters and digits: whatever it is pasted into
    conn.execute(
        credentials.insert().values(
            key=key,
            secret_hash=hash_of(secret_key, key, secret),
            name=name,
            scopes=sorted(scopes),
            created_at=now,
        )
    )
    return Issued(Credential(key, name, frozenset(scopes), now), secret)


def revoke(conn: Connection, key: str, now: datetime) -> bool:
    """The credential opens nothing from now on; False where there is none of this key that did."""
    done = conn.execute(
        credentials.update().where(credentials.c.key == key, credentials.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    return done.rowcount == 1


def listed(conn: Connection) -> list[Credential]:
    """All credentials, revoked ones too, oldest first."""
    return [
        _credential(row)
        for row in conn.execute(sa.select(credentials).order_by(credentials.c.created_at, credentials.c.key))
    ]


def verify(conn: Connection, key: str, secret: str, secret_key: str) -> Credential | None:
    """The credential of this key and secret, unless it is revoked. Unknown keys take as long as wrong secrets."""
    row = conn.execute(sa.select(credentials).where(credentials.c.key == key)).first()
    given = hash_of(secret_key, key, secret)
    right = hmac.compare_digest(given, row.secret_hash if row is not None else "0" * 64)
    return _credential(row) if row is not None and right and row.revoked_at is None else None


def note_use(conn: Connection, key: str, now: datetime) -> None:
    """The credential was used at `now`."""
    conn.execute(credentials.update().where(credentials.c.key == key).values(used_at=now))


def hash_of(secret_key: str, key: str, secret: str) -> str:
    """HMAC-SHA256 as 64 hexadecimal digits; with a key of its own, so that it is good for nothing else."""
    own = hmac.digest(secret_key.encode(), b"lrs credentials", "sha256")
    # What a client sends may be no UTF-8 at all.
    return hmac.digest(own, f"{key}:{secret}".encode("utf-8", "surrogatepass"), "sha256").hex()


def principal(credential: Credential, base_url: str) -> Principal:
    """The record store's view of a credential."""
    name = f"credential:{credential.key}"
    return Principal(authority=_agent(base_url, name), scopes=credential.scopes, name=name)


def authenticator(wiring: Wiring, tokens: Tokens, stands: Stands = always) -> Callable[[Request], Principal]:
    """What the record store asks who a request comes from: a page by its token, or a client by key and secret.

    `stands` says whether the session behind a page's token is still let in.

    The returned function raises Unauthorised. It must not be called within a transaction.
    """
    base_url, secret_key = wiring.settings.base_url, wiring.settings.secret_key

    def authenticate(request: Request) -> Principal:
        # From the header as it is now: a folded request of xAPI 1.0.3 brings it in its body.
        header = request.headers.get("Authorization", "")
        # Werkzeug fails on a Basic header that isn't ASCII; no credential of ours is written otherwise.
        given = Authorization.from_header(header) if header.isascii() else None
        if given is None:
            raise Unauthorised("Credentials are missing, or can't be read.", rule="authorization")
        if given.type == "bearer":
            grant = tokens.read_xapi(given.token or "", wiring.clock())
            if grant is None or not stands(grant):
                raise Unauthorised("This token isn't valid, or has ended.", rule="token")
            return xapi_principal(grant, base_url)
        if given.type == "basic":
            return principal(known(given.username or "", given.password or ""), base_url)
        raise Unauthorised("Use Basic credentials, or the token of a page.", rule="authorization")

    def known(key: str, secret: str) -> Credential:
        # No key of ours is longer or stranger, and PostgreSQL refuses to be asked for a NUL.
        if not (key.isascii() and key.isalnum() and len(key) <= 64):
            raise _wrong()
        with reading(wiring.engine) as conn:
            found = verify(conn, key, secret, secret_key)
        if found is None:
            raise _wrong()
        now = wiring.clock()
        if found.used_at is None or now - found.used_at >= NOTED_EVERY:
            with suppress(Busy):  # the next request notes it; no statement is refused for that
                wiring.writer.run(lambda conn: note_use(conn, key, now))
        return found

    return authenticate


def _wrong() -> Unauthorised:
    return Unauthorised("Key or secret is wrong, or was revoked.", rule="credentials")


def _agent(home: str, name: str) -> Mapping[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": home, "name": name}}


def _credential(row: sa.Row[Any]) -> Credential:
    return Credential(row.key, row.name, frozenset(row.scopes), row.created_at, row.used_at, row.revoked_at)
