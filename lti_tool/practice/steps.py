"""Requests and answers as values, a browser's way to send the ones and to read the others."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import requests
from flask import Flask
from requests.cookies import get_cookie_header
from requests.structures import CaseInsensitiveDict
from werkzeug.datastructures import MultiDict
from werkzeug.test import Client

SECONDS = 60


class StepFailed(Exception):
    """A step had no such answer as the next one needs; the text has the answer."""


@dataclass(frozen=True, slots=True)
class Step:
    """A request that a browser is about to make. `more`: fields whose name comes several times, as of tick boxes."""

    method: str
    url: str
    fields: Mapping[str, str] = field(default_factory=dict)
    more: tuple[tuple[str, str], ...] = ()

    def having(self, **changes: str | None) -> "Step":
        """The same with other fields; None takes a field out."""
        fields = {**self.fields, **{name: value for name, value in changes.items() if value is not None}}
        return replace(self, fields={name: fields[name] for name in fields if changes.get(name, "") is not None})

    def ticking(self, name: str, *values: str) -> "Step":
        """The same with this field once for each value."""
        return replace(self, more=(*self.more, *((name, value) for value in values)))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """All fields as they are sent."""
        return [*self.fields.items(), *self.more]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `url` is the address that was asked. Redirects are not followed."""

    status: int
    url: str
    headers: Mapping[str, str]
    text: str

    @property
    def location(self) -> str | None:
        """Where a redirect leads, as full address."""
        goal = self.headers.get("Location")
        return urljoin(self.url, goal) if goal else None

    def forms(self) -> list[Step]:
        """The forms of the page, with what a browser would send if nobody touched them."""
        return read_page(self).forms

    def links(self) -> list[str]:
        return read_page(self).links

    def json(self) -> Any:
        return json.loads(self.text)


Send = Callable[[Step], Answer]


def by_flask(app: Flask, base_url: str) -> Send:
    """Sends to a Flask application as if it stood at base_url; cookies are kept, as a browser's."""
    client = Client(app)

    def send(step: Step) -> Answer:
        parts = urlsplit(step.url)
        is_get = step.method == "GET"
        query = [*parse_qsl(parts.query, keep_blank_values=True), *(step.pairs if is_get else [])]
        with client.open(
            parts.path or "/",
            method=step.method,
            base_url=base_url,
            query_string=urlencode(query),
            data=None if is_get else MultiDict(step.pairs),
        ) as answer:
            headers = CaseInsensitiveDict(answer.headers.items())
            return Answer(answer.status_code, step.url, headers, answer.get_data(as_text=True))

    return send


def by_http(session: requests.Session | None = None) -> Send:
    """Sends to real addresses; cookies are kept in the session."""
    kept = session or requests.Session()
    # As browsers do on this machine's own addresses: Secure cookies by plain http too.
    kept.cookies.set_policy(DefaultCookiePolicy(secure_protocols=("https", "http")))

    def send(step: Step) -> Answer:
        is_get = step.method == "GET"
        asked = kept.prepare_request(
            requests.Request(
                step.method,
                step.url,
                params=step.pairs if is_get else None,
                data=None if is_get else step.pairs,
            )
        )
        # Prepared requests take their cookies from a jar that knows nothing of the policy above.
        asked.headers.pop("Cookie", None)
        cookies = get_cookie_header(kept.cookies, asked)  # type: ignore[no-untyped-call] # requests has no types here
        if cookies:
            asked.headers["Cookie"] = cookies
        answer = kept.send(asked, allow_redirects=False, timeout=SECONDS)
        answer.encoding = answer.encoding or "utf-8"
        return Answer(answer.status_code, answer.url, answer.headers, answer.text)

    return send


class Page(HTMLParser):
    """Forms, links and frames of a page."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.forms: list[Step] = []
        self.links: list[str] = []
        self.frames: list[str] = []
        self._form: tuple[str, str] | None = None
        self._fields: dict[str, str] = {}
        self._select = self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = (found.get("method", "get").upper(), urljoin(self.url, found.get("action") or self.url))
            self._fields = {}
        elif tag == "a" and "href" in found:
            self.links.append(urljoin(self.url, found["href"]))
        elif tag == "iframe" and "src" in found:
            self.frames.append(urljoin(self.url, found["src"]))
        elif tag == "option" and self._select and ("selected" in found or self._select not in self._fields):
            self._fields[self._select] = found.get("value", "")
        elif self._form and found.get("name"):
            self._read_control(tag, found["name"], found)

    def _read_control(self, tag: str, name: str, found: Mapping[str, str]) -> None:
        if tag == "input" and _is_sent(found):
            self._fields[name] = found.get("value", "on" if found.get("type") == "checkbox" else "")
        elif tag == "select":
            self._select = name
        elif tag == "textarea":
            self._textarea, self._fields[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._fields[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form:
            self.forms.append(Step(*self._form, dict(self._fields)))
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""


def _is_sent(attributes: Mapping[str, str]) -> bool:
    kind = attributes.get("type", "text")
    if kind in ("checkbox", "radio"):
        return "checked" in attributes
    return kind not in ("submit", "button", "image", "reset", "file")


def read_page(answer: Answer) -> Page:
    page = Page(answer.url)
    page.feed(answer.text)
    return page


def split(url: str) -> Step:
    """A GET of this address, its query as fields."""
    parts = urlsplit(url)
    fields = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Step("GET", urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")), fields)
