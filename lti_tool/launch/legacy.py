"""Consumer keys of LTI 1.1 with their secrets, for the launches of LMSs that moved from there to LTI 1.3.

The secret itself is needed to check a signature (HMAC), so it can't be kept as a hash: it is sealed with a key made
from SECRET_KEY, and a copy of the database alone tells nobody.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, insert, metadata

legacy_keys = sa.Table(
    "legacy_keys",
    metadata,
    sa.Column("consumer_key", sa.String(255), primary_key=True),
    sa.Column("sealed_secret", sa.Text, nullable=False),
    sa.Column("home_page", sa.String(1024), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("used_at", UTCDateTime),
)


@dataclass(frozen=True, slots=True)
class LegacyKey:
    """A consumer key. `home_page`: under which old records name the LMS's users (the actor's account)."""

    consumer_key: str
    home_page: str
    created_at: datetime
    used_at: datetime | None


def keep(conn: Connection, consumer_key: str, secret: str, home_page: str, secret_key: str, now: datetime) -> None:
    """The key is known with this secret from now on, whatever was known of it before."""
    values = {"sealed_secret": _box(secret_key).encrypt(secret.encode()).decode(), "home_page": home_page}
    conn.execute(
        insert(conn, legacy_keys)
        .values(consumer_key=consumer_key, created_at=now, **values)
        .on_conflict_do_update(index_elements=["consumer_key"], set_=values)
    )


def remove(conn: Connection, consumer_key: str) -> bool:
    """The key is known no more; False where it was not. People who were joined by it stay joined."""
    return conn.execute(legacy_keys.delete().where(legacy_keys.c.consumer_key == consumer_key)).rowcount == 1


def listed(conn: Connection) -> list[LegacyKey]:
    """All keys, by name."""
    rows = conn.execute(sa.select(legacy_keys).order_by(legacy_keys.c.consumer_key))
    return [LegacyKey(row.consumer_key, row.home_page, row.created_at, row.used_at) for row in rows]


def secret_of(conn: Connection, consumer_key: str, secret_key: str) -> tuple[str, str] | None:
    """Secret and home page of the key; None where it is unknown, or was sealed under another SECRET_KEY."""
    row = conn.execute(sa.select(legacy_keys).where(legacy_keys.c.consumer_key == consumer_key)).one_or_none()
    if row is None:
        return None
    try:
        return _box(secret_key).decrypt(row.sealed_secret.encode()).decode(), row.home_page
    except InvalidToken:
        return None


def note_use(conn: Connection, consumer_key: str, now: datetime) -> None:
    """A launch was signed with the key just now."""
    conn.execute(legacy_keys.update().where(legacy_keys.c.consumer_key == consumer_key).values(used_at=now))


def _box(secret_key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"lti-tool legacy consumer secrets")
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret_key.encode())))
