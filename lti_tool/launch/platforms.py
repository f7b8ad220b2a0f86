"""LMS registrations: their tables, and pylti1p3's tool configuration over them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from pylti1p3.deployment import Deployment
from pylti1p3.exception import LtiException
from pylti1p3.registration import Registration as LtiRegistration
from pylti1p3.request import Request
from pylti1p3.tool_config.abstract import ToolConfAbstract
from sqlalchemy import Connection, Engine

from lti_tool.db import JSONText, UTCDateTime, insert, metadata
from lti_tool.errors import N_, NotFound
from lti_tool.launch.claims import Refusal, Registration, Status
from xapi.prepared import Prepared

platforms = sa.Table(
    "platforms",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("issuer", sa.String(1024), nullable=False),
    sa.Column("client_id", sa.String(255), nullable=False),
    sa.Column("auth_url", sa.Text, nullable=False),
    sa.Column("token_url", sa.Text, nullable=False),
    sa.Column("jwks_url", sa.Text, nullable=False),
    sa.Column("audience", sa.Text),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("any_deployment", sa.Boolean, nullable=False),
    sa.Column("product", sa.String(64), nullable=False, server_default=""),
    sa.Column("source", sa.String(16), nullable=False),  # manual | dynamic | invited
    sa.Column("configuration", JSONText),  # what the LMS said of itself at registration
    sa.Column("anonymous", sa.Boolean, nullable=False, server_default=sa.false()),  # no names are learned from it
    sa.Column("institution", sa.String),  # where those begin who come new from it; None: nowhere
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("changed_at", UTCDateTime, nullable=False),
    sa.UniqueConstraint("issuer", "client_id"),
)
deployments = sa.Table(
    "deployments",
    metadata,
    sa.Column("platform_id", sa.ForeignKey("platforms.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("deployment_id", sa.String(255), primary_key=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
)
platform_keys = sa.Table(
    "platform_keys",
    metadata,
    # By address, not by platform: many client ids of one LMS share one key set.
    sa.Column("jwks_url", sa.String(2048), primary_key=True),
    sa.Column("keys", JSONText, nullable=False),
    sa.Column("fetched_at", UTCDateTime, nullable=False),
)
invitations = sa.Table(
    "platform_invitations",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("expires_at", UTCDateTime, nullable=False),
    sa.Column("used_at", UTCDateTime),
    sa.Column("anonymous", sa.Boolean, nullable=False, server_default=sa.false()),
)


@dataclass(frozen=True, slots=True)
class NewPlatform:
    """What is told of an LMS when it is registered, by hand or by itself."""

    name: str
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    deployments: tuple[str, ...] = ()
    audience: str | None = None
    any_deployment: bool = False
    product: str = ""
    source: str = "manual"
    configuration: Mapping[str, Any] | None = None
    anonymous: bool = False


def add(conn: Connection, new: NewPlatform, status: Status, now: datetime) -> int | None:
    """The number of the new platform; None where its issuer and client id are registered already."""
    done = conn.execute(
        insert(conn, platforms)
        .values(
            name=new.name,
            issuer=new.issuer,
            client_id=new.client_id,
            auth_url=new.auth_url,
            token_url=new.token_url,
            jwks_url=new.jwks_url,
            audience=new.audience,
            status=status,
            any_deployment=new.any_deployment,
            product=new.product,
            source=new.source,
            configuration=dict(new.configuration) if new.configuration is not None else None,
            anonymous=new.anonymous,
            created_at=now,
            changed_at=now,
        )
        .on_conflict_do_nothing(index_elements=["issuer", "client_id"])
        .returning(platforms.c.id)
    ).scalar_one_or_none()
    if done is None:
        return None
    for deployment in new.deployments:
        add_deployment(conn, done, deployment, "approved", now)
    return cast(int, done)


def add_deployment(conn: Connection, platform: int, deployment: str, status: Status, now: datetime) -> None:
    """The deployment is known; one that was known keeps its status."""
    conn.execute(
        insert(conn, deployments)
        .values(platform_id=platform, deployment_id=deployment, status=status, created_at=now)
        .on_conflict_do_nothing(index_elements=["platform_id", "deployment_id"])
    )


def set_status(conn: Connection, platform: int, status: Status, now: datetime) -> bool:
    """The platform has this status; False if there is none of this number."""
    done = conn.execute(sa.update(platforms).where(platforms.c.id == platform).values(status=status, changed_at=now))
    return done.rowcount == 1


def set_institution(conn: Connection, platform: int, institution: str | None, now: datetime) -> bool:
    """Who comes new from the platform is at this institution (None: at none) from now on; False if there is none of
    this number."""
    done = conn.execute(
        sa.update(platforms).where(platforms.c.id == platform).values(institution=institution, changed_at=now)
    )
    return done.rowcount == 1


def set_deployment_status(conn: Connection, platform: int, deployment: str | None, status: Status) -> int:
    """The deployment (None: all that wait) has this status; how many were changed."""
    where = deployments.c.platform_id == platform
    if deployment is None:
        where &= deployments.c.status == "pending"
    else:
        where &= deployments.c.deployment_id == deployment
    return conn.execute(sa.update(deployments).where(where).values(status=status)).rowcount


JOINED = sa.select(platforms, deployments.c.deployment_id, deployments.c.status.label("deployment_status")).join(
    deployments, deployments.c.platform_id == platforms.c.id, isouter=True
)


_ORDERED = JOINED.order_by(platforms.c.id, deployments.c.deployment_id)
_BY_NUMBER = Prepared(_ORDERED.where(platforms.c.id == sa.bindparam("number")))
_OF_ISSUER = _ORDERED.where(platforms.c.issuer == sa.bindparam("issuer"))
_BY_ISSUER = Prepared(_OF_ISSUER)
_BY_CLIENT = Prepared(_OF_ISSUER.where(platforms.c.client_id == sa.bindparam("client_id")))


def _registrations(conn: Connection, where: sa.ColumnElement[bool]) -> list[Registration]:
    return collect(conn.execute(_ORDERED.where(where)).all())


def collect(rows: Sequence[sa.Row[Any]]) -> list[Registration]:
    """The registrations in these rows of JOINED."""
    known: dict[int, dict[str, Status]] = {}
    for row in rows:
        held = known.setdefault(row.id, {})
        if row.deployment_id is not None:
            held[row.deployment_id] = cast(Status, row.deployment_status)
    first = {row.id: row for row in reversed(rows)}
    return [
        Registration(
            id=number,
            name=row.name,
            issuer=row.issuer,
            client_id=row.client_id,
            auth_url=row.auth_url,
            token_url=row.token_url,
            jwks_url=row.jwks_url,
            audience=row.audience,
            status=cast(Status, row.status),
            any_deployment=row.any_deployment,
            product=row.product,
            deployments=held,
            anonymous=row.anonymous,
            institution=row.institution,
        )
        for number, held in known.items()
        for row in (first[number],)
    ]


def get(conn: Connection, platform: int) -> Registration | None:
    """The registration of this number."""
    return next(iter(collect(_BY_NUMBER.rows(conn, number=platform))), None)


def unknown() -> NotFound:
    """What is said of a number (or deployment) that nothing has: PLATFORM-UNKNOWN."""
    return NotFound(
        "PLATFORM-UNKNOWN",
        N_("There is no such LMS or deployment."),
        N_("See: lti-tool platform list"),
        whom="nobody",
    )


def known(conn: Connection, platform: int) -> Registration:
    """The registration of this number. Raises PLATFORM-UNKNOWN."""
    found = get(conn, platform)
    if found is None:
        raise unknown()
    return found


def get_all(conn: Connection, numbers: Collection[int] | None = None) -> list[Registration]:
    """All registrations (or those of these numbers), oldest first."""
    return _registrations(conn, sa.true() if numbers is None else platforms.c.id.in_(numbers))


def look_up(engine: Engine, issuer: str, client_id: str | None, deployment: str | None = None) -> Registration | None:
    """The one registration meant by a login now; None where there is none, or several and nothing tells them apart.

    `client_id` and the deployment are optional in a login
    (https://www.imsglobal.org/spec/lti/v1p3#additional-login-parameters).
    """
    if client_id:
        found = collect(_BY_CLIENT.look(engine, issuer=issuer, client_id=client_id))
    else:
        found = collect(_BY_ISSUER.look(engine, issuer=issuer))
    if len(found) > 1 and deployment:
        found = [one for one in found if deployment in one.deployments]
    return found[0] if len(found) == 1 else None


def issuer_known(conn: Connection, issuer: str) -> list[Registration]:
    """All registrations of this issuer."""
    return _registrations(conn, platforms.c.issuer == issuer)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What was said of an LMS when it was invited: its name (perhaps none), and whether its names are learned."""

    name: str
    anonymous: bool = False


def add_invitation(
    conn: Connection, token_hash: str, name: str, now: datetime, expires_at: datetime, *, anonymous: bool = False
) -> None:
    """One LMS may register by the token with this hash and is approved at once."""
    conn.execute(
        sa.insert(invitations).values(
            token_hash=token_hash, name=name, created_at=now, expires_at=expires_at, anonymous=anonymous
        )
    )


def invitation_open(conn: Connection, token_hash: str, now: datetime) -> Invitation | None:
    """The invitation, if it can still be used."""
    found = conn.execute(
        sa.select(invitations.c.name, invitations.c.anonymous).where(
            invitations.c.token_hash == token_hash,
            invitations.c.used_at.is_(None),
            invitations.c.expires_at > now,
        )
    ).one_or_none()
    return None if found is None else Invitation(found.name, found.anonymous)


def use_invitation(conn: Connection, token_hash: str, now: datetime) -> bool:
    """The invitation is used up, by this caller."""
    done = conn.execute(
        sa.update(invitations)
        .where(
            invitations.c.token_hash == token_hash,
            invitations.c.used_at.is_(None),
            invitations.c.expires_at > now,
        )
        .values(used_at=now)
    )
    return done.rowcount == 1


def return_invitation(conn: Connection, token_hash: str) -> None:
    """The invitation may be used again: the registration it was used for came to nothing."""
    conn.execute(sa.update(invitations).where(invitations.c.token_hash == token_hash).values(used_at=None))


class LaunchRefused(LtiException):
    """A login or launch that is not let in, in pylti1p3's family of errors."""

    def __init__(self, refusal: Refusal, *, deployment: str | None = None) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.deployment = deployment
        """A deployment that a verified token named and nobody knows yet."""


class KnownRegistration(LtiRegistration):
    """A registration as pylti1p3 wants it, made from ours."""

    def __init__(self, known: Registration) -> None:
        self.known = known
        self.set_issuer(known.issuer).set_client_id(known.client_id).set_key_set_url(known.jwks_url)
        self.set_auth_login_url(known.auth_url).set_auth_token_url(known.token_url)
        if known.audience:
            self.set_auth_audience(known.audience)


class KnownPlatforms(ToolConfAbstract[Request]):
    """pylti1p3's tool configuration over the `platforms` table: one issuer, many client ids and deployments."""

    def __init__(self, engine: Engine) -> None:
        # A class attribute in pylti1p3: two configurations in one process would flip each other.
        self.issuers_relation_types = {}
        self._engine = engine

    def check_iss_has_one_client(self, iss: str) -> bool:
        """Never assumed: the client id decides, where there is one."""
        return False

    def check_iss_has_many_clients(self, iss: str) -> bool:
        """Always possible."""
        return True

    def find_registration_by_issuer(self, iss: str, *args: Any, **kwargs: Any) -> KnownRegistration:
        """As by parameters, without a client id."""
        return self.find_registration_by_params(iss, None)

    def find_registration_by_params(
        self, iss: str, client_id: str | None, *args: Any, deployment: str | None = None, **kwargs: Any
    ) -> KnownRegistration:
        """The registration; LaunchRefused (LTI-PLATFORM-UNKNOWN) where there is none, or several are meant."""
        found = look_up(self._engine, iss, client_id or None, deployment or None)
        if found is None:
            raise LaunchRefused(Refusal("LTI-PLATFORM-UNKNOWN", f"iss {iss!r}, client_id {client_id!r}"))
        return KnownRegistration(found)

    def find_deployment(self, iss: str, deployment_id: str) -> Deployment | None:
        """As by parameters, without a client id."""
        return self.find_deployment_by_params(iss, deployment_id, "")

    def find_deployment_by_params(
        self, iss: str, deployment_id: str, client_id: str, *args: Any, **kwargs: Any
    ) -> Deployment | None:
        """The deployment, if it is approved."""
        known = self.find_registration_by_params(iss, client_id or None, deployment=deployment_id).known
        return (
            Deployment().set_deployment_id(deployment_id)
            if known.deployments.get(deployment_id) == "approved"
            else None
        )
