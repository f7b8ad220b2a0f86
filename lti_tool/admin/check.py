"""The check of a platform: everything that the tool needs of it is asked once. `check_lines.py` judges the answers.

Nothing is changed at the platform unless `write` says so; then a column is made, and deleted again at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.admin import check_lines as lines
from lti_tool.admin.check_lines import Line, Tried
from lti_tool.calls import UNREACHABLE, Call, Stopwatch
from lti_tool.db import reading
from lti_tool.gradebook import links, roster, tokens
from lti_tool.gradebook.roster import ListRefused, Page
from lti_tool.gradebook.score import scores_url
from lti_tool.gradebook.service import Services
from lti_tool.gradebook.store import line_items
from lti_tool.launch import fetch
from lti_tool.launch.addresses import FetchError, web_address
from lti_tool.launch.claims import AGS, SCOPE_LINE_ITEM, SCOPE_ROSTER, SCOPE_SCORE, Registration
from lti_tool.launch.keys import NoKey
from lti_tool.launch.store import launches
from lti_tool.people.store import courses
from lti_tool.wiring import Wiring

# Somebody waits before a page for all of it.
LIMITS: Final[dict[str, Any]] = {"timeout": (3.05, 5.0), "total": 8.0}
COLUMN_TYPE: Final = "application/vnd.ims.lis.v2.lineitem+json"
SCORE_TYPE: Final = "application/vnd.ims.lis.v1.score+json"
LABEL: Final = "Check of the connection (can be deleted)"
_LOOKED_AT: Final = 50


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses that launches of the platform told: of a list of members, and of a gradebook with what is allowed."""

    roster: str | None
    columns: str | None
    may_make: bool


def places(conn: Connection, platform: int) -> Places:
    """The newest addresses that are known."""
    list_url = conn.scalar(
        sa.select(courses.c.roster_url)
        .where(courses.c.platform_id == platform, courses.c.roster_url.is_not(None))
        .order_by(courses.c.id.desc())
        .limit(1)
    )
    known = conn.execute(
        sa.select(line_items.c.items_url, line_items.c.scopes)
        .where(line_items.c.platform_id == platform, line_items.c.items_url.is_not(None))
        .order_by(line_items.c.id.desc())
        .limit(1)
    ).one_or_none()
    if known is not None:
        return Places(list_url, known.items_url, SCOPE_LINE_ITEM in known.scopes)
    newest = sa.select(launches.c.claims).where(launches.c.platform_id == platform)
    for claims in conn.scalars(newest.order_by(launches.c.created_at.desc()).limit(_LOOKED_AT)):
        ags = claims.get(AGS)
        if isinstance(ags, dict) and (url := web_address(ags.get("lineitems"))):
            return Places(list_url, url, SCOPE_LINE_ITEM in (ags.get("scope") or []))
    return Places(list_url, None, may_make=False)


def check(wiring: Wiring, registration: Registration, sign: tokens.Sign, *, write: bool = False) -> list[Line]:
    """Every line of the check, in the order in which things have to be in order. No transaction is open meanwhile."""
    with reading(wiring.engine) as conn:
        known = places(conn, registration.id)
    services = Services(wiring, registration, sign)
    found = _keys_and_clock(wiring, registration)
    given, token_lines = _tokens(wiring, registration, sign)
    found += token_lines
    if SCOPE_ROSTER in given:
        found.append(lines.roster(_roster(services, known.roster)))
    else:
        found.append(Line("roster", "waiting", "after_token"))
    if given.isdisjoint({SCOPE_LINE_ITEM}) or SCOPE_SCORE not in given:
        found.append(Line("gradebook", "waiting", "after_token"))
        return found
    tried = None
    if write and known.columns and known.may_make:
        tried = _try_gradebook(services, known.columns)
    found += lines.gradebook(tried, known=known.columns is not None, allowed=known.may_make)
    return found


def _keys_and_clock(wiring: Wiring, registration: Registration) -> list[Line]:
    got: fetch.Answer | FetchError
    watch, before = Stopwatch(), wiring.clock()
    try:
        got = fetch.get(registration.jwks_url, loopback=wiring.settings.loopback, **LIMITS)
        status, code = got.status_code, "" if got.ok else f"HTTP {got.status_code}"
    except FetchError as error:
        got, status, code = error, None, UNREACHABLE
    after = wiring.clock()
    wiring.note(Call("keys", f"GET {registration.jwks_url}", registration.id, status, code, watch.read()))
    return [lines.keys(got), lines.clock(got, before, after)]


def _tokens(wiring: Wiring, registration: Registration, sign: tokens.Sign) -> tuple[set[str], list[Line]]:
    given: set[str] = set()
    found: list[Line] = []
    unreachable = False
    for scope, topic in lines.TOPICS.items():
        if unreachable:
            found.append(Line(topic, "waiting", "after_token"))
            continue
        problem: tokens.TokenRefused | FetchError | None = None
        try:
            # A new one each time: a token that is known says nothing of today.
            tokens.ask(wiring, registration, scope, sign, **LIMITS)
            given.add(scope)
        except NoKey:
            unreachable = True
            found.append(Line(topic, "bad", "own_key"))
            continue
        except (tokens.TokenRefused, FetchError) as error:
            problem = error
        unreachable = isinstance(problem, FetchError)
        found.append(lines.token(scope, problem))
    return given, found


def _roster(services: Services, url: str | None) -> Page | ListRefused | None:
    if url is None:
        return None
    try:
        return next(roster.pages(services, url))
    except ListRefused as error:
        return error


def _try_gradebook(services: Services, url: str) -> Tried:
    """A column is made, gets a score for nobody, and is deleted."""
    body = {"label": LABEL, "scoreMaximum": 1, "tag": "lti-tool-check", "resourceId": f"lti-tool-check-{uuid4()}"}
    made = _call(services, "lineitems", "POST", url, SCOPE_LINE_ITEM, COLUMN_TYPE, body)
    column = _address(made, url)
    if column is None:
        return Tried(made)
    score = {
        # A number: of anything else Moodle makes an answer without a status, which says nothing.
        "userId": str(10**15 + uuid4().int % 10**15),
        "timestamp": services.wiring.clock().isoformat(timespec="seconds"),
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "scoreGiven": 0,
        "scoreMaximum": 1,
    }
    scored = _call(services, "score", "POST", scores_url(column), SCOPE_SCORE, SCORE_TYPE, score)
    return Tried(made, scored, _call(services, "lineitems", "DELETE", column, SCOPE_LINE_ITEM, COLUMN_TYPE, None))


def _call(
    services: Services, kind: Any, method: str, url: str, scope: str, media_type: str, body: Any
) -> fetch.Answer | FetchError | tokens.TokenRefused:
    headers = {"Accept": media_type} if body is None else {"Content-Type": media_type, "Accept": media_type}
    try:
        return services.call(kind, method, url, scope, headers, json=body, **LIMITS)
    except (FetchError, tokens.TokenRefused) as error:
        return error


def _address(made: object, url: str) -> str | None:
    """The address of the new column, if there is one on the platform's own site."""
    if not isinstance(made, fetch.Answer) or not 200 <= made.status_code < 300:
        return None
    try:
        body = made.json()
    except FetchError:
        return None
    column = body.get("id") if isinstance(body, dict) else None
    return column if isinstance(column, str) and links.same_site(column, url) else None
