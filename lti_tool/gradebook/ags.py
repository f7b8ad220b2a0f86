"""Assignment and Grade Services 2.0: tell a score, read a result; see, find, make and change a column.

https://www.imsglobal.org/spec/lti-ags/v2p0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from lti_tool.calls import Kind
from lti_tool.gradebook import answers, links, tokens
from lti_tool.gradebook.answers import Verdict
from lti_tool.gradebook.score import Score, message, results_url, scores_url
from lti_tool.gradebook.service import Services
from lti_tool.gradebook.store import LineItem
from lti_tool.launch import fetch
from lti_tool.launch.claims import SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READ, SCOPE_RESULT, SCOPE_SCORE, Registration
from lti_tool.wiring import Wiring

# Moodle takes these types to the letter: "*/*" or application/json is answered with 400 (moodle-facts B6).
SCORE_TYPE: Final = "application/vnd.ims.lis.v1.score+json"
RESULTS_TYPE: Final = "application/vnd.ims.lis.v2.resultcontainer+json"
LINE_ITEM_TYPE: Final = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_TYPE: Final = "application/vnd.ims.lis.v2.lineitemcontainer+json"
MOST_PAGES: Final = 100
MOST_BYTES: Final = 8_000_000
"""Of the results of a whole column."""


class Trouble(Exception):
    """No answer that means anything: the platform can't be reached, gives no token, or asks to wait."""

    def __init__(self, verdict: Verdict, detail: str) -> None:
        super().__init__(detail)
        self.verdict = verdict


class NotReadable(Exception):
    """The platform lets nobody read this, or answers with what can't be read; the text says what."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the platform holds for a learner on a line item. `at`: since when, where the platform says so (Moodle)."""

    given: Decimal
    maximum: Decimal
    at: datetime | None = None

    def says(self, score: Score) -> bool:
        """True where the grade is that score, in whatever maximum (to a tenth of a per mille)."""
        return abs(self.given / self.maximum - score.given / score.maximum) <= Decimal("0.0001")

    def came_of(self, score: Score) -> bool:
        """True where the grade is that score, or was made of it: a column's multiplicator or another maximum changes
        the number that Moodle shows, and not the time, which is the score's own."""
        return self.says(score) or self.at == score.timestamp


@dataclass(frozen=True, slots=True)
class Column:
    """A line item as the platform describes it; `body` is the whole, for a change that keeps the rest."""

    url: str
    body: Mapping[str, Any]

    @property
    def label(self) -> str:
        return str(self.body.get("label") or "")

    @property
    def maximum(self) -> Decimal | None:
        try:
            found = Decimal(str(self.body.get("scoreMaximum")))
        except InvalidOperation:
            return None
        return found if found.is_finite() and found > 0 else None

    @property
    def link(self) -> str:
        """The resource link that it belongs to; empty where it belongs to none."""
        return str(self.body.get("resourceLinkId") or "")


@dataclass(frozen=True, slots=True)
class Gradebook:
    """The gradebook of one platform, reached with tokens that carry only the scope a call needs."""

    wiring: Wiring
    registration: Registration
    sign: tokens.Sign
    held: dict[str, str] = field(default_factory=dict, repr=False)
    """As in `Services`: this object lives for a handful of calls."""

    def post(self, item: LineItem, score: Score, user_id: str) -> tuple[Verdict, str]:
        """The score was told; the verdict on the answer, and the answer's text for the log."""
        if item.url is None:
            return Verdict("gone", "GRADE-COLUMN-GONE"), "no address of the column is known"
        try:
            answer = self._call(
                "score",
                "POST",
                scores_url(item.url),
                SCOPE_SCORE,
                {"Content-Type": SCORE_TYPE, "Accept": "application/json"},
                course=item.course_id,
                user=user_id,
                json=message(score, user_id),
            )
        except Trouble as trouble:
            return trouble.verdict, str(trouble)
        now, product = self.wiring.clock(), self.registration.product
        verdict = answers.read(answer.status_code, answer.headers, answer.text, now, product)
        return verdict, f"{answer.status_code} {answer.text[:300]}"

    def result(self, item: LineItem, user_id: str) -> Result | None:
        """The learner's grade on the platform; None where there is none. Raises NotReadable, Trouble."""
        return _results(self._results(item, user_id)).get(user_id)

    def results(self, item: LineItem) -> dict[str, Result]:
        """Everybody's grade in the column, by user id. Raises NotReadable (also of results in pages), Trouble."""
        answer = self._results(item, None)
        if links.find(answer.headers.get("link"), "next", answer.url):
            raise NotReadable("the results come in pages")
        return _results(answer)

    def _results(self, item: LineItem, user_id: str | None) -> fetch.Answer:
        if item.url is None or SCOPE_RESULT not in item.scopes:
            raise NotReadable("results may not be read")
        answer = self._call(
            "result",
            "GET",
            results_url(item.url),
            SCOPE_RESULT,
            {"Accept": RESULTS_TYPE},
            course=item.course_id,
            user=user_id,
            params={} if user_id is None else {"user_id": user_id},
            **({} if user_id is not None else {"limit": MOST_BYTES}),
        )
        if not answer.ok:
            raise NotReadable(_said(answer))
        return answer

    def column(self, item: LineItem, url: str) -> Column | None:
        """The column at this address; None where there is none. Raises NotReadable, Trouble."""
        answer = self._call(
            "lineitems", "GET", url, self._looking(item), {"Accept": LINE_ITEM_TYPE}, course=item.course_id
        )
        if answer.status_code in (404, 410):
            return None
        body = _object(answer)
        if body is None:
            raise NotReadable(_said(answer))
        return Column(url, body)

    def columns(self, item: LineItem, **wanted: str) -> list[Column]:
        """The columns of this tool in the course that the platform finds by these filters. Raises NotReadable, Trouble.

        No limit is asked: without it Moodle gives everything at once, and its paging links are broken. A platform that
        pages all the same is followed, with the token going to no other site. Filters are the platform's business, and
        some ignore them: whoever asks looks again.
        """
        scope = self._looking(item)
        if item.items_url is None:
            raise NotReadable("the address of the columns is not known")
        url: str | None = item.items_url
        params: Mapping[str, str] | None = wanted
        found: list[Column] = []
        for _page in range(MOST_PAGES):
            if url is None:
                return found
            answer = self._call(
                "lineitems", "GET", url, scope, {"Accept": LINE_ITEMS_TYPE}, course=item.course_id, params=params
            )
            if not answer.ok:
                raise NotReadable(_said(answer))
            found += [Column(str(row["id"]), row) for row in _rows(answer) if isinstance(row.get("id"), str)]
            following = links.find(answer.headers.get("link"), "next", url)
            if following == url or (following and not links.same_site(following, item.items_url)):
                following = None
            url, params = following, None
        return found

    def create(self, item: LineItem, body: Mapping[str, Any]) -> Column:
        """A new column. Raises NotReadable where the platform makes none, Trouble."""
        if item.items_url is None or SCOPE_LINE_ITEM not in item.scopes:
            raise NotReadable("columns may not be made")
        answer = self._call(
            "lineitems",
            "POST",
            item.items_url,
            SCOPE_LINE_ITEM,
            {"Content-Type": LINE_ITEM_TYPE, "Accept": LINE_ITEM_TYPE},
            course=item.course_id,
            json=body,
        )
        made = _object(answer)
        if made is None or not isinstance(made.get("id"), str):
            raise NotReadable(_said(answer))
        return Column(made["id"], made)

    def change(self, item: LineItem, column: Column, **changes: Any) -> None:
        """The column has these values, and all others that the platform said it has. Raises NotReadable, Trouble.

        Moodle wipes what a PUT leaves out, the link to the activity included (moodle-facts B6).
        """
        if SCOPE_LINE_ITEM not in item.scopes:
            raise NotReadable("columns may not be changed")
        answer = self._call(
            "lineitems",
            "PUT",
            column.url,
            SCOPE_LINE_ITEM,
            {"Content-Type": LINE_ITEM_TYPE, "Accept": LINE_ITEM_TYPE},
            course=item.course_id,
            json={**column.body, **changes},
        )
        if not answer.ok:
            raise NotReadable(_said(answer))

    def _looking(self, item: LineItem) -> str:
        for scope in (SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READ):
            if scope in item.scopes:
                return scope
        raise NotReadable("columns may not be read")

    def _call(
        self, kind: Kind, method: str, url: str, scope: str, headers: Mapping[str, str], **more: Any
    ) -> fetch.Answer:
        """The answer, if the platform gives one that speaks of what was asked; raises Trouble otherwise."""
        try:
            services = Services(self.wiring, self.registration, self.sign, self.held)
            answer = services.call(kind, method, url, scope, headers, **more)
        except tokens.TokenRefused as error:
            raise Trouble(Verdict("pause", "GRADE-TOKEN"), str(error)) from error
        except fetch.FetchError as error:
            raise Trouble(Verdict("pause", "GRADE-UNREACHABLE"), str(error)) from error
        # A score has a table of its own; of the other services only what means trouble for all is told apart.
        if kind != "score" and not answer.ok:
            now, product = self.wiring.clock(), self.registration.product
            verdict = answers.read(answer.status_code, answer.headers, answer.text, now, product)
            if verdict.kind in ("pause", "retry", "locked"):
                raise Trouble(Verdict("pause", verdict.code, verdict.wait), _said(answer))
        return answer


def _results(answer: fetch.Answer) -> dict[str, Result]:
    found = {}
    for row in _rows(answer):
        try:
            given, maximum = Decimal(str(row["resultScore"])), Decimal(str(row.get("resultMaximum", 1)))
        except (KeyError, InvalidOperation):
            continue
        if given.is_finite() and maximum.is_finite() and maximum > 0:
            found[str(row.get("userId"))] = Result(given, maximum, _moment(row.get("timestamp")))
    return found


def _moment(text: object) -> datetime | None:
    """The time that a result gives for itself; None where it gives none that can be compared."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _said(answer: fetch.Answer) -> str:
    return f"{answer.status_code} {answer.text[:300]}"


def _rows(answer: fetch.Answer) -> list[dict[str, Any]]:
    try:
        body = answer.json()
    except fetch.FetchError as error:
        raise NotReadable(str(error)) from error
    return [row for row in body if isinstance(row, dict)] if isinstance(body, list) else []


def _object(answer: fetch.Answer) -> dict[str, Any] | None:
    if not answer.ok:
        return None
    try:
        body = answer.json()
    except fetch.FetchError:
        return None
    return body if isinstance(body, dict) else None
