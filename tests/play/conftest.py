"""A small application with the pages of modules alone, as app.py wires them, and people who open them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from flask import Flask, Request
from flask.testing import FlaskClient

import xapi.web
from lti_tool import assets, i18n, web
from lti_tool.db import reading, writing
from lti_tool.ecvet import load
from lti_tool.ecvet.programme import Programme
from lti_tool.launch.session import PageSession, SessionPaths, Tokens, current_session, xapi_principal
from lti_tool.people import store as people
from lti_tool.play import views
from lti_tool.play.library import Library
from lti_tool.play.shapes import GradeState, ModuleSummary, OutcomeLine, UnitLine
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.conftest import Clock
from xapi.access import Principal
from xapi.errors import Unauthorised
from xapi.store import Stored
from xapi.tables import statements
from xapi.writer import Writer

ROOT = Path(__file__).parents[2]
SECRET = "a secret for tests, thirty-two characters"
HOME = "https://moodle.example.org"

HEAD = """id: {code}
version: 1
licence: CC-BY-4.0
authors: ["Tester"]
status: draft
"""
QUIZ = """pass_mark: 0.7
attempts: 3
questions:
- id: q1
  type: single
  text: "Which one?"
  choices:
  - {id: a, text: "The first", correct: true, feedback: "SECRET-A, yes"}
  - {id: b, text: "The second", feedback: "SECRET-B, no"}
  feedback: "SECRET-Q1 it is the first"
- id: q2
  type: multiple
  text: "Which ones?"
  choices:
  - {id: a, text: "One", correct: true, feedback: "SECRET-ONE"}
  - {id: b, text: "Two", correct: true}
  - {id: c, text: "Three"}
  feedback: "SECRET-Q2"
- id: q3
  type: match
  text: "Match them."
  pairs:
  - {id: p1, left: "Left one", right: "Right one"}
  - {id: p2, left: "Left two", right: "Right two"}
  extra: ["Right none"]
  feedback: "SECRET-Q3"
- id: q4
  type: short
  text: "Say the word."
  accept: ["SECRETWORD", "another"]
  feedback: "SECRET-Q4"
"""
RIGHT = {"q1": "a", "q2": ["a", "b"], "q3": {"p1": "p1", "p2": "p2"}, "q4": "secretword"}
WRONG = {"q1": "b", "q2": ["c"], "q3": {"p1": "p2", "p2": "p1"}, "q4": "nothing"}


def write_module(folder: Path, code: str = "M01", quiz: str | None = QUIZ, pages: int = 3) -> Path:
    """A small module on disk, in English."""
    home = folder / code
    (home / "en").mkdir(parents=True)
    (home / "module.yaml").write_text(HEAD.format(code=code))
    for number in range(1, pages + 1):
        text = (
            f"---\ntitle: Title {number}\nminutes: {number}\nkind: page\n---\n## Heading {number}\n\nText {number}.\n"
        )
        (home / "en" / f"{number:02}-page-{number}.md").write_text(text)
    if quiz is not None:
        (home / "en" / "quiz.yaml").write_text(quiz)
    return home


@dataclass
class Place:
    """The application under test and what it was told."""

    app: Flask
    engine: sa.Engine
    wiring: Wiring
    tokens: Tokens
    clock: Clock
    modules: Path
    programme: Programme
    heard: list[Stored] = field(default_factory=list)
    summary: ModuleSummary = field(default_factory=ModuleSummary)
    grade: GradeState | None = None

    def session(self, **changes: Any) -> PageSession:
        """A learner's launch of M01, but for what is named."""
        values: dict[str, Any] = {
            "sid": "sid-1",
            "person": "00000000-0000-4000-8000-000000000001",
            "actor": {"objectType": "Agent", "account": {"homePage": HOME, "name": "anna"}},
            "role": "learner",
            "platform": None,
            "deployment": "1",
            "course": 1,
            "link": 1,
            "module": "M01",
            "programme": "CECO",
            "message": "resource",
            "locale": "en",
            "exp": (self.clock.now + timedelta(hours=8)).replace(microsecond=0),
        }
        return PageSession(**{**values, **changes})

    def reader(self, **changes: Any) -> Reader:
        return Reader(self, self.session(**changes))

    def arrive(self, session: PageSession, *programmes: str) -> PageSession:
        """The person of the session is known and enrolled."""
        with writing(self.engine) as conn:
            person = people.arrive(conn, session.actor, self.clock.now, name="Anna")
            for one in programmes:
                people.enrol(conn, session.actor, one, "1", self.clock.now)
        return PageSession(**{**{name: getattr(session, name) for name in session.__slots__}, "person": person})

    def statements(self, *verbs: str) -> list[dict[str, Any]]:
        """The stored statements of these verbs (all without), oldest first."""
        with reading(self.engine) as conn:
            rows = conn.scalars(sa.select(statements.c.document).order_by(statements.c.position))
            found = [orjson.loads(row) for row in rows]
        return [one for one in found if not verbs or one["verb"]["id"].rsplit("/", 1)[-1] in verbs]


class Reader:
    """A browser with one session under its prefix."""

    def __init__(self, place: Place, session: PageSession) -> None:
        self.place = place
        self.page_session = session
        self.client: FlaskClient = place.app.test_client()
        self.prefix = f"/s/{place.tokens.mint(session)}"

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(self.prefix + path, **more)

    def post(self, path: str, data: Any, **more: Any) -> Any:
        return self.client.post(self.prefix + path, data=data, **more)

    def follow(self, path: str) -> str:
        """The text of the page that one ends on."""
        answer = self.get(path, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def answers(self, wanted: dict[str, Any], page: str | None = None) -> dict[str, Any]:
        """The form of the quiz page filled in with these answers, found by their words as a person finds them."""
        fields = Fields()
        fields.feed(page if page is not None else self.get("/module/M01/quiz?again=yes").text)
        words = {"q1": {"a": "The first", "b": "The second"}, "q2": {"a": "One", "b": "Two", "c": "Three"}}
        rights = {"p1": "Right one", "p2": "Right two", "extra.1": "Right none"}
        data: dict[str, Any] = {"attempt": fields.attempt}
        for name, answer in wanted.items():
            if isinstance(answer, dict):
                for pair, option in answer.items():
                    data[f"{name}.{pair}"] = fields.found[f"{name}.{pair}", rights[option]]
            elif isinstance(answer, list):
                data[name] = [fields.found[name, words[name][id]] for id in answer]
            else:
                data[name] = fields.found[name, words[name][answer]] if name in words else answer
        return data

    def hand_in(self, wanted: dict[str, Any], **more: Any) -> Any:
        return self.post("/module/M01/quiz", {**self.answers(wanted), **more})


class Fields(HTMLParser):
    """The values of a quiz form by field and the words beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[tuple[str, str], str] = {}
        self.attempt = ""
        self._select = ""
        self._open: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "input" and told.get("name") == "attempt":
            self.attempt = told["value"]
        elif tag == "input" and told.get("type") in ("radio", "checkbox"):
            self._open = (told["name"], told["value"])
        elif tag == "select":
            self._select = told["name"]
        elif tag == "option":
            self._open = (self._select, told["value"])

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            name, value = self._open
            self.found[name, data.strip()] = value
            self._open = None


@pytest.fixture(scope="session")
def programmes() -> tuple[Programme, ...]:
    return load.load_all(ROOT / "config" / "programmes")


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    folder = tmp_path / "modules"
    write_module(folder)
    return folder


Make = Callable[[sa.Engine], Place]


@pytest.fixture
def make(modules: Path, clock: Clock, programmes: tuple[Programme, ...]) -> Iterator[Make]:
    """Makes the application on an engine."""

    def made(engine: sa.Engine) -> Place:
        settings = Settings(base_url="http://localhost", secret_key=SECRET, config_dir=modules.parent)
        wiring = Wiring(settings, engine, Writer(engine), clock)
        tokens = Tokens(SECRET)
        app = Flask("lti_tool", root_path=str(ROOT / "lti_tool"))
        app.testing = True
        ceco = next(one for one in programmes if one.id == "CECO")
        place = Place(app, engine, wiring, tokens, clock, modules, ceco)

        def heard(_conn: sa.Connection, stored: tuple[Stored, ...]) -> None:
            place.heard.extend(stored)

        def locale() -> str | None:
            session = current_session()
            return session.locale if session else None

        i18n.set_up(app, locale)
        assets.static_url(app)
        web.set_up_errors(app)
        web.set_up_headers(app, settings)
        app.register_blueprint(
            views.blueprint(
                wiring,
                Library(modules),
                tokens,
                lambda: programmes,
                heard,
                lambda _session, _code: place.summary,
                lambda _session, _code: place.grade,
            )
        )
        app.wsgi_app = SessionPaths(app.wsgi_app, tokens, clock)  # type: ignore[method-assign]  # as Flask's documentation shows
        return place

    yield made


@pytest.fixture
def place(engine: sa.Engine, make: Make) -> Place:
    """On both databases."""
    return make(engine)


@pytest.fixture
def here(sqlite_engine: sa.Engine, make: Make) -> Place:
    """For promises that have nothing to do with the kind of database."""
    return make(sqlite_engine)


def text_of(html: str) -> str:
    """What a reader sees of a page, white space single."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def a_unit() -> UnitLine:
    outcome = OutcomeLine("BIB-U1-K1", "Explain how search tools rank", "demonstrated")
    return UnitLine("BIB-U1", "Information and citizenship", "in_progress", (outcome,), "Module M07 is left", "/record")


def mount_store(place: Place) -> None:
    """The record store, open to the tokens of pages, as app.py mounts it."""

    def authenticate(asked: Request) -> Principal:
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        grant = place.tokens.read_xapi(token, place.clock())
        if grant is None:
            raise Unauthorised("Bring the token of a page.")
        return xapi_principal(grant, "http://localhost")

    wiring = place.wiring
    store = xapi.web.blueprint(wiring.writer, wiring.engine, authenticate, lambda _conn, _stored: None, place.clock)
    place.app.register_blueprint(store, url_prefix="/xapi")
