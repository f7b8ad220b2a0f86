"""Tables of logins and launches. Storage functions take a Connection and never commit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from lti_tool.db import JSONText, UTCDateTime, metadata
from lti_tool.launch import platforms
from lti_tool.launch.claims import Launch, Message, PendingLogin, Registration, Role
from xapi.prepared import Prepared, columns_of
from xapi.writer import Writer

LOGIN_LIFE = timedelta(minutes=10)
"""How long an LMS (and a person signing in to it) may take between login and launch."""
KEEP_LOGINS = timedelta(days=1)
KEEP_LAUNCHES = timedelta(days=30)

logins = sa.Table(
    "logins",
    metadata,
    # The state itself is not kept: who reads the database can't finish another person's launch.
    sa.Column("state_hash", sa.String(64), primary_key=True),
    sa.Column("platform_id", sa.ForeignKey("platforms.id", ondelete="CASCADE"), nullable=False),
    sa.Column("nonce", sa.String(64), nullable=False),
    sa.Column("binding_hash", sa.String(64), nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("storage_target", sa.String(255)),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("expires_at", UTCDateTime, nullable=False),
    sa.Column("burnt_at", UTCDateTime),
    sa.Index("ix_logins_expires_at", "expires_at"),
)
launches = sa.Table(
    "launches",
    metadata,
    sa.Column("sid", sa.String(32), primary_key=True),
    sa.Column("platform_id", sa.ForeignKey("platforms.id", ondelete="CASCADE"), nullable=False),
    sa.Column("deployment_id", sa.String(255), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("message", sa.String(16), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("context_id", sa.String(255)),
    sa.Column("link_id", sa.String(255)),
    sa.Column("locale", sa.String(35), nullable=False, server_default=""),
    sa.Column("claims", JSONText, nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Index("ix_launches_created_at", "created_at"),
    sa.Index("ix_launches_platform_id", "platform_id", "created_at"),
)


_LOGIN = "state_hash platform_id nonce binding_hash target storage_target query created_at expires_at"
_LAUNCH = "sid platform_id deployment_id subject message role context_id link_id locale claims created_at"
_ADD_LOGIN = Prepared(sa.insert(logins).values(columns_of(logins, _LOGIN)))
_FIND_LOGIN = Prepared(
    platforms.JOINED.join(logins, logins.c.platform_id == platforms.platforms.c.id)
    .add_columns(*(column.label(f"login_{column.name}") for column in logins.c))
    .where(logins.c.state_hash == sa.bindparam("state"))
)
_ADD_LAUNCH = Prepared(sa.insert(launches).values(columns_of(launches, _LAUNCH)))
_BURN = Prepared(
    sa.update(logins)
    .where(
        logins.c.state_hash == sa.bindparam("state"),
        logins.c.nonce == sa.bindparam("nonce_"),
        logins.c.burnt_at.is_(None),
        logins.c.expires_at > sa.bindparam("now"),
    )
    .values(burnt_at=sa.bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class StoredLaunch:
    """What was kept of a launch, by its session id. `claims` holds `claims.KEPT` alone."""

    sid: str
    platform: int
    deployment: str
    subject: str
    message: Message
    role: Role
    context_id: str | None
    link_id: str | None
    locale: str
    claims: Mapping[str, Any]
    created_at: datetime


def hash_of(secret: str) -> str:
    """SHA-256 of `secret` as 64 hexadecimal digits. Any string will do, undecodable bytes of a request included."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def put_login(writer: Writer, platform: int, login: PendingLogin) -> None:
    """The login waits for its launch, whatever happens to this process."""
    _ADD_LOGIN.put(
        writer,
        state_hash=login.state_hash,
        platform_id=platform,
        nonce=login.nonce,
        binding_hash=login.binding_hash,
        target=login.target,
        storage_target=login.storage_target,
        query=login.query,
        created_at=login.created_at,
        expires_at=login.expires_at,
    )


def look_login(engine: Engine, state_hash: str) -> tuple[PendingLogin, Registration] | None:
    """The login under this state, with the registration it was begun for, whatever their condition now."""
    rows = _FIND_LOGIN.look(engine, state=state_hash)
    if not rows:
        return None
    (registration,), row = platforms.collect(rows), rows[0]
    login = PendingLogin(
        state_hash=row.login_state_hash,
        nonce=row.login_nonce,
        binding_hash=row.login_binding_hash,
        target=row.login_target,
        storage_target=row.login_storage_target,
        query=row.login_query,
        created_at=row.login_created_at,
        expires_at=row.login_expires_at,
        burnt_at=row.login_burnt_at,
    )
    return login, registration


def burn(conn: Connection, login: PendingLogin, now: datetime) -> bool:
    """State and nonce are spent, by this caller; False where another was first. One statement, so there is no race."""
    return _BURN.run(conn, state=login.state_hash, nonce_=login.nonce, now=now) == 1


def add_launch(conn: Connection, sid: str, launch: Launch, now: datetime) -> None:
    """What later work needs of the launch is kept under `sid`; names and e-mail are not."""
    _ADD_LAUNCH.run(
        conn,
        sid=sid,
        platform_id=launch.registration.id,
        deployment_id=launch.deployment,
        subject=launch.subject,
        message=launch.message,
        role=launch.role,
        context_id=launch.context.get("id"),
        link_id=launch.link.get("id"),
        locale=launch.locale,
        claims=launch.kept,
        created_at=now,
    )


def get_launch(conn: Connection, sid: str) -> StoredLaunch | None:
    """The launch that began this session; None for a sign-in session or after 30 days."""
    row = conn.execute(sa.select(launches).where(launches.c.sid == sid)).first()
    if row is None:
        return None
    return StoredLaunch(
        sid=row.sid,
        platform=row.platform_id,
        deployment=row.deployment_id,
        subject=row.subject,
        message=cast(Message, row.message),
        role=cast(Role, row.role),
        context_id=row.context_id,
        link_id=row.link_id,
        locale=row.locale,
        claims=row.claims,
        created_at=row.created_at,
    )


def purge(conn: Connection, now: datetime) -> tuple[int, int]:
    """Logins a day over and launches of more than 30 days ago are gone; how many of each."""
    old_logins = conn.execute(sa.delete(logins).where(logins.c.expires_at < now - KEEP_LOGINS))
    old_launches = conn.execute(sa.delete(launches).where(launches.c.created_at < now - KEEP_LAUNCHES))
    return old_logins.rowcount, old_launches.rowcount
