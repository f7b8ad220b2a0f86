"""Access tokens of platforms, one for each (platform, scopes), shared by all processes through the database.

1EdTech Security Framework 1.0, §4.1 "OAuth 2.0 client-credentials grant with JWT client assertion":
https://www.imsglobal.org/spec/security/v1p0/#using-oauth-2-0-client-credentials-grant
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa

from lti_tool.calls import UNREACHABLE, Call, Stopwatch
from lti_tool.db import UTCDateTime, insert, metadata, reading
from lti_tool.launch import fetch
from lti_tool.launch.claims import Registration
from lti_tool.wiring import Wiring

access_tokens = sa.Table(
    "access_tokens",
    metadata,
    sa.Column("platform_id", sa.Integer, primary_key=True),
    sa.Column("scopes", sa.String, primary_key=True),
    sa.Column("token", sa.String, nullable=False),
    sa.Column("expires_at", UTCDateTime, nullable=False),
)

MARGIN: Final = timedelta(seconds=60)
"""A token is not used in its last minute: the call it is for takes time too."""
BACKDATED: Final = timedelta(seconds=5)
"""Moodle refuses an `iat` that lies ahead of its own clock by any amount."""
ASSERTION_LIFE: Final = timedelta(minutes=5)

Sign = Callable[[Mapping[str, Any]], str]


class TokenRefused(Exception):
    """The platform gave no access token; the text says what it answered, for the log."""

    def __init__(self, detail: str, *, final: bool, status: int, error: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.error = error
        """The OAuth error code that the platform gave, such as invalid_client; empty where it gave none."""
        self.final = final
        """True where asking again will not help: the registration must be looked at."""


def token(
    wiring: Wiring, registration: Registration, scopes: Collection[str], sign: Sign, *, refused: str | None = None
) -> str:
    """A token with these scopes that the platform should take now. `refused` is one that it just did not take.

    Raises TokenRefused, or FetchError where the platform can't be reached. No transaction is open during the call.
    """
    wanted = " ".join(sorted(scopes))
    now = wiring.clock()
    with reading(wiring.engine) as conn:
        known = conn.execute(
            sa.select(access_tokens.c.token, access_tokens.c.expires_at).where(
                access_tokens.c.platform_id == registration.id, access_tokens.c.scopes == wanted
            )
        ).one_or_none()
    if known is not None and known.token != refused and known.expires_at - MARGIN > now:
        return str(known.token)
    new, life = ask(wiring, registration, wanted, sign)
    row = {"token": new, "expires_at": now + life}
    wiring.writer.run(
        lambda conn: conn.execute(
            insert(conn, access_tokens)
            .values(platform_id=registration.id, scopes=wanted, **row)
            .on_conflict_do_update(index_elements=["platform_id", "scopes"], set_=row)
        )
    )
    return new


def ask(
    wiring: Wiring,
    registration: Registration,
    scopes: str,
    sign: Sign,
    **limits: Any,
) -> tuple[str, timedelta]:
    """A new token with these scopes (between spaces) and its life, whatever tokens are known; raises as `token` does.

    `limits` as in `fetch.request`.
    """
    watch = Stopwatch()

    def note(status: int | None, code: str) -> None:
        wiring.note(Call("token", f"POST {registration.token_url}", registration.id, status, code, watch.read()))

    try:
        given, status = _ask(wiring, registration, scopes, sign, limits)
    except TokenRefused as error:
        note(error.status, error.error or "REFUSED")
        raise
    except fetch.FetchError:
        note(None, UNREACHABLE)
        raise
    note(status, "")
    return given


def _ask(
    wiring: Wiring, registration: Registration, scopes: str, sign: Sign, limits: Mapping[str, Any]
) -> tuple[tuple[str, timedelta], int]:
    now = wiring.clock()
    assertion = sign(
        {
            "iss": registration.client_id,
            "sub": registration.client_id,
            "aud": registration.audience or registration.token_url,
            "iat": int((now - BACKDATED).timestamp()),
            "exp": int((now + ASSERTION_LIFE).timestamp()),
            "jti": str(uuid4()),
        }
    )
    answer = fetch.post(
        registration.token_url,
        loopback=wiring.settings.loopback,
        headers={"Accept": "application/json"},
        data={
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
            "scope": scopes,
        },
        **limits,
    )
    if not 200 <= answer.status_code < 300:
        raise TokenRefused(
            f"{answer.status_code} {answer.text[:300]}",
            final=400 <= answer.status_code < 500 and answer.status_code != 429,
            status=answer.status_code,
            error=_error_of(answer.text),
        )
    try:
        body = answer.json()
    except fetch.FetchError as error:
        raise TokenRefused(str(error)[:300], final=False, status=answer.status_code) from error
    given = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(given, str) or not given:
        raise TokenRefused("no access_token in the answer", final=False, status=answer.status_code)
    seconds = body.get("expires_in", 3600)
    # Some platforms say the number as text; one that says nothing usable is taken at the customary hour.
    life = (
        int(seconds) if isinstance(seconds, int | float) or (isinstance(seconds, str) and seconds.isdigit()) else 3600
    )
    return (given, timedelta(seconds=max(0, min(life, 86400)))), answer.status_code


def _error_of(text: str) -> str:
    """The OAuth error code in an answer (RFC 6749 §5.2). Looked for, not parsed: Moodle's JSON is at times none."""
    found = re.search(r'"error"\s*:\s*"([a-z_]{1,40})"', text[:2000])
    return found[1] if found else ""
