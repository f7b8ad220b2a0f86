"""What the answers of a platform mean for its check: one line each, with a light and a code. Pure.

`check_words.py` has the sentences to each code; `check.py` asks the platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from lti_tool.gradebook.roster import ListRefused, Page
from lti_tool.gradebook.tokens import TokenRefused
from lti_tool.launch.addresses import AddressError, FetchError
from lti_tool.launch.claims import SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READ, SCOPE_RESULT, SCOPE_ROSTER, SCOPE_SCORE
from lti_tool.launch.fetch import Answer
from lti_tool.launch.keysets import parse

Light = Literal["good", "warn", "bad", "waiting"]
"""`waiting`: not checked, for something else must be in order (or asked for) first."""
Topic = Literal["keys", "clock", "score", "result", "columns", "columns_read", "roster_token", "roster", "gradebook"]

TOPICS: Final[Mapping[str, Topic]] = {
    SCOPE_SCORE: "score",
    SCOPE_RESULT: "result",
    SCOPE_LINE_ITEM: "columns",
    SCOPE_LINE_ITEM_READ: "columns_read",
    SCOPE_ROSTER: "roster_token",
}
"""The scopes that are tried, in this order, and what each is for."""
_NEEDED: Final = frozenset({SCOPE_SCORE})
"""Without it no grade arrives; without the others the tool does less."""
STEADY: Final = timedelta(seconds=5)
TOLERATED: Final = timedelta(seconds=60)
"""Beyond this launches are refused: Moodle's are good for as long."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a check. `params` fill the places of its words."""

    topic: Topic
    light: Light
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


def keys(got: Answer | FetchError) -> Line:
    """Whether the platform's key set can be had, and a launch be checked with it."""
    if isinstance(got, AddressError):
        return Line("keys", "bad", "keys_address")
    if isinstance(got, FetchError):
        return Line("keys", "bad", "keys_unreachable")
    if got.status_code != 200:
        return Line("keys", "bad", "keys_status", {"status": got.status_code})
    try:
        document = got.json()
    except FetchError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        return Line("keys", "bad", "keys_format")
    count = len(parse(document))
    return Line("keys", "good", "keys", {"count": count}) if count else Line("keys", "bad", "keys_none")


def clock(got: Answer | FetchError, before: datetime, after: datetime) -> Line:
    """How far the platform's clock (its Date header, whole seconds) is from ours, which was read `before` and `after`
    the answer came."""
    if isinstance(got, FetchError):
        return Line("clock", "waiting", "after_keys")
    told = _date({name.lower(): value for name, value in got.headers.items()}.get("date"))
    if told is None:
        return Line("clock", "warn", "clock_untold")
    early, late = before - told - timedelta(seconds=1), told - after
    off = max(early, late, timedelta(0))
    seconds = round(off.total_seconds())
    if off <= STEADY:
        return Line("clock", "good", "clock")
    side = "clock_behind" if early > late else "clock_ahead"
    return Line("clock", "warn" if off <= TOLERATED else "bad", side, {"seconds": seconds})


def _date(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def token(scope: str, got: TokenRefused | FetchError | None) -> Line:
    """Whether a token for this scope was given (None)."""
    topic = TOPICS[scope]
    if got is None:
        return Line(topic, "good", "token")
    if isinstance(got, FetchError):
        return Line(topic, "bad", "token_unreachable")
    params = {"status": got.status}
    if got.error == "invalid_scope":
        return Line(topic, "bad" if scope in _NEEDED else "warn", "token_scope", params)
    if got.status == 429 or got.status >= 500:
        return Line(topic, "warn", "token_busy", params)
    if got.error in ("invalid_client", "unauthorized_client") or got.status == 401:
        return Line(topic, "bad", "token_client", params)
    return Line(topic, "bad", "token_refused", params)


def roster(got: Page | ListRefused | None) -> Line:
    """Whether the members of a course can be read; None: no course is known by which to try."""
    if got is None:
        return Line("roster", "waiting", "roster_unknown")
    if isinstance(got, Page):
        if not got.members:
            return Line("roster", "warn", "roster_empty")
        return Line("roster", "good", "roster", {"count": len(got.members)})
    codes = {
        "ROSTER-FORBIDDEN": "roster_forbidden",
        "ROSTER-TOKEN": "roster_forbidden",
        "ROSTER-GONE": "roster_gone",
        "ROSTER-UNREACHABLE": "roster_unreachable",
    }
    if got.passing and got.code not in codes:
        return Line("roster", "warn", "roster_busy")
    return Line("roster", "bad", codes.get(got.code, "roster_refused"))


@dataclass(frozen=True, slots=True)
class Tried:
    """The answers of a gradebook to a column that was made to be deleted again; None where a step was not come to."""

    made: Answer | FetchError | TokenRefused
    scored: Answer | FetchError | TokenRefused | None = None
    deleted: Answer | FetchError | TokenRefused | None = None


def gradebook(got: Tried | None, *, known: bool, allowed: bool) -> list[Line]:
    """Whether a column can be made, takes scores and can be deleted. None: it was not asked to be tried.

    `known`: an address of a gradebook is known; `allowed`: the tool may make columns there. A score for nobody is to be
    refused, but not for want of rights.
    """
    if not known:
        return [Line("gradebook", "waiting", "gradebook_unknown")]
    if not allowed:
        return [Line("gradebook", "waiting", "gradebook_fixed")]
    if got is None:
        return [Line("gradebook", "waiting", "gradebook_untried")]
    if not _ok(got.made):
        return [Line("gradebook", "bad", "gradebook_closed", {"status": _status(got.made)})]
    found = []
    scored = got.scored
    if scored is not None:
        if _ok(scored):
            found.append(Line("gradebook", "warn", "score_taken"))
        elif isinstance(scored, Answer) and scored.status_code in (400, 404, 409, 422):
            found.append(Line("gradebook", "good", "score_refused"))
        else:
            found.append(Line("gradebook", "bad", "score_closed", {"status": _status(scored)}))
    deleted = _ok(got.deleted) or (isinstance(got.deleted, Answer) and got.deleted.status_code in (404, 410))
    found.append(Line("gradebook", "good", "column") if deleted else Line("gradebook", "bad", "column_left"))
    return found


def _ok(got: object) -> bool:
    return isinstance(got, Answer) and 200 <= got.status_code < 300


def _status(got: object) -> str:
    return str(got.status_code) if isinstance(got, Answer) else "–"
