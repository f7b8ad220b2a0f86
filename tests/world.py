"""Both sides in one process, for flows without a browser: the tool as an application, the practice LMS on a port."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from json import dumps
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask import Flask
from lxml import html as parser
from sqlalchemy import Connection
from werkzeug.test import TestResponse

from lti_tool.admin.credentials import Issued, issue
from lti_tool.app import create_app
from lti_tool.db import reading
from lti_tool.ecvet import load
from lti_tool.ecvet import store as programmes
from lti_tool.gradebook.worker import Worker
from lti_tool.launch import keys
from lti_tool.launch.keys import ToolKeys
from lti_tool.people import store as people
from lti_tool.people.roles import Grant
from lti_tool.play.content import Edition
from lti_tool.play.library import Library
from lti_tool.play.quiz import Match, Question, Short
from lti_tool.practice.browserless import Answer, Browserless, Send, Step, by_flask, by_http
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.builders import rsa_key
from tests.conftest import Clock
from tests.practice_server import TOOL_URL, PracticeServer, practice_server

ROOT = Path(__file__).parent.parent


@dataclass
class Person:
    """Somebody with a browser of their own, signed in to the practice LMS."""

    login: str
    browser: Browserless
    base: str = TOOL_URL
    page: Answer | None = None
    came_by: str = ""
    """The one-time link of somebody without an LMS."""

    def open(self, activity: str) -> Answer:
        """Launches an activity and follows to the page that is shown."""
        return self.follow(self.browser.launch(int(activity)).answer)

    def go(self, address: str) -> Answer:
        """Opens an address of the tool as a link on the present page would."""
        return self.follow(self.browser.tool(Step("GET", self.absolute(address))))

    def send(self, form: Step, **fields: str) -> Answer:
        """Sends a form of the present page."""
        return self.follow(self.browser.tool(form.having(**fields)))

    def form(self, part: str) -> Step:
        """The form of the present page whose address holds `part`."""
        assert self.page is not None
        found = [form for form in self.page.forms() if part in form.url and form.method == "POST"]
        assert found, f"no form for {part} on {self.page.url}: {self.page.text[:2000]}"
        return found[0]

    def read(self) -> Answer:
        """Turns the pages of the module that lies open, up to its quiz."""
        for _page in range(20):
            assert self.page is not None and self.page.status == 200, self.page
            if urlsplit(self.page.url).path.endswith("/quiz"):
                return self.page
            self.go(tree(self.page).xpath('string(//a[@rel="next"]/@href)'))
        raise AssertionError(f"no quiz after twenty pages: {self.page}")

    def filled(self, code: str, *, right: bool = True) -> Step:
        """The quiz that lies open, every question answered: rightly, or each of them wrongly."""
        assert self.page is not None
        return filled(self.page, code, right=right)

    def answer(self, code: str, *, right: bool = True) -> Answer:
        """The quiz that lies open is handed in."""
        return self.follow(self.browser.tool(self.filled(code, right=right)))

    def absolute(self, address: str) -> str:
        return urljoin(self.page.url if self.page else self.base, address)

    def follow(self, answer: Answer) -> Answer:
        for _hop in range(10):
            if not answer.location or answer.status not in (302, 303):
                self.page = answer
                return answer
            answer = self.browser.tool(Step("GET", urljoin(answer.url, answer.location)))
        raise AssertionError(f"too many redirects: {answer.url}")

    @property
    def root(self) -> str:
        """The prefix of this page's session: /s/<key>."""
        assert self.page is not None
        found = re.match(r"/s/[^/]+", urlsplit(self.page.url).path)
        return found[0] if found else ""

    def token(self) -> str:
        """The token that the scripts of the present page use."""
        assert self.page is not None
        found = re.search(r'name="xapi-token" content="([^"]+)"', self.page.text)
        assert found, self.page.text[:1000]
        return found[1]


@dataclass
class World:
    """A tool, a practice LMS that knows it, and the people who use both."""

    app: Flask
    wiring: Wiring
    lms: PracticeServer
    clock: Clock
    people: dict[str, Person] = field(default_factory=dict)

    def person(self, login: str) -> Person:
        if login not in self.people:
            tool: Send = by_flask(self.app, TOOL_URL)
            browser = Browserless(by_http(), tool, self.lms.url)
            browser.sign_in(login)
            self.people[login] = Person(login, browser)
        return self.people[login]

    def colleague(self, name: str, *granted: Grant) -> Person:
        """Somebody without an LMS who holds these roles, signed in by a one-time link."""
        now = self.clock()

        def invite(conn: Connection) -> str:
            key = people.person_here(conn, TOOL_URL, name, now)
            for one in granted:
                people.grant(conn, key, one, "test", now)
            return people.invite(conn, key, now)

        token = self.wiring.writer.run(invite)
        tool: Send = by_flask(self.app, TOOL_URL)
        person = Person(name, Browserless(by_http(), tool, self.lms.url), came_by=f"/sign-in/{token}")
        person.go(person.came_by)
        person.send(person.form("/sign-in/"))
        return person

    def register(self) -> Answer:
        """Dynamic registration, as an administrator of the practice LMS does it."""
        admin = self.person("admin")
        return admin.browser.register(f"{TOOL_URL}/lti/register")

    def tool_id(self) -> int:
        found: int = self.lms.state()["registrations"][-1]["id"]
        return found

    def add(self, *picks: str, course: int = 1) -> None:
        """The teacher adds these to a course by deep linking."""
        teacher = self.person("teacher")
        teacher.follow(teacher.browser.choose(course, self.tool_id()).answer)
        sent = teacher.follow(teacher.browser.tool(teacher.form("/choose").ticking("pick", *picks)))
        (form,) = [form for form in sent.forms() if form.method == "POST"]
        answer = teacher.browser.return_choice(form)
        assert answer.status == 200, answer.text

    def grade(self, login: str, content: str) -> float | None:
        """What the practice LMS holds for this person on the activity of this content."""
        activity = self.activities()[content]
        found = self.lms.grades(activity["resource_link_id"]).get(login)
        return found["score"] if found else None

    def credential(self, *scopes: str) -> str:
        """A new client of the record store: its Authorization header."""
        wiring = self.wiring

        def work(conn: Connection) -> Issued:
            return issue(conn, "a client", scopes, wiring.settings.secret_key, self.clock())

        issued = wiring.writer.run(work)
        return "Basic " + b64encode(f"{issued.credential.key}:{issued.secret}".encode()).decode()

    def actor(self, login: str) -> dict[str, Any]:
        """The learner as the tool's statements name them."""
        return {"objectType": "Agent", "account": {"homePage": self.lms.url, "name": self.lms.user_id(login)}}

    def lrs(
        self, method: str, path: str, authorization: str, json: Any = None, version: str = "2.0.0", **query: Any
    ) -> TestResponse:
        """A request to the record store, as any client of it would make it."""
        headers = {"Authorization": authorization, "X-Experience-API-Version": version}
        return self.app.test_client().open(
            f"/xapi/{path}", method=method, headers=headers, json=json, query_string=query, base_url=TOOL_URL
        )

    def statements(self, login: str) -> list[dict[str, Any]]:
        """What the record store says of a learner, oldest first, asked as an outsider would."""
        answer = self.lrs(
            "GET",
            "statements",
            self.credential("all/read"),
            agent=dumps(self.actor(login)),
            ascending="true",
            limit=500,
        )
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json["statements"] if answer.json else []
        return found

    def deliver(self) -> int:
        """The worker deals with what is due."""
        keys_ = ToolKeys(self.wiring.settings.keys_dir, self.clock)
        return Worker(self.wiring, keys_.sign, self.wiring.authority, spread=lambda: 0.0).run_due()

    def activities(self) -> dict[str, dict[str, Any]]:
        """Activities of the practice LMS that name content of ours, by content."""
        return {a["custom"].get("content", a["title"]): a for a in self.lms.state()["activities"]}


@contextmanager
def world(database_url: str, folder: Path, clock: Clock, **settings: Any) -> Iterator[World]:
    """The tool on this database with CECO and DIGY imported; nothing is registered yet."""
    given: dict[str, Any] = {
        "base_url": TOOL_URL,
        "database_url": database_url,
        "secret_key": "a secret of the tests, long enough",
        "keys_dir": folder / "keys",
        "config_dir": ROOT / "config",
        "data_dir": folder,
        "registration": "open",
        **settings,
    }
    told = Settings(**given)
    shutil.copytree(_keys(), told.keys_dir, dirs_exist_ok=True)
    app = create_app(told, clock)
    wiring: Wiring = app.extensions["lti_tool"]
    for path in sorted((ROOT / "config/programmes").glob("*.yaml")):
        texts = load.texts(path)
        wiring.writer.run(partial(programmes.import_programme, name=path.name, texts=texts, now=clock()))
    published = ToolKeys(told.keys_dir, clock).public
    try:
        with practice_server(
            published, clock=clock, auto_activate=True, registered=False, make_key=lambda: rsa_key(1)
        ) as lms:
            yield World(app, wiring, lms, clock)
    finally:
        wiring.engine.dispose()


@cache
def _keys() -> Path:
    """Keys of a tool, made once for each process: making them is slow."""
    folder = Path(tempfile.mkdtemp(prefix="lti-tool-keys-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    keys.make_first(folder)
    return folder


@cache
def _library() -> Library:
    return Library(ROOT / "config/modules")


def edition_of(code: str, language: str = "en") -> Edition:
    """A module of the programme as it was written."""
    content = _library().module(code)
    assert content is not None
    return content.edition(language)


def filled(page: Answer, code: str, *, right: bool = True) -> Step:
    """The form of a quiz page with every question answered by its words, as a person does: rightly or wrongly."""
    shown = tree(page)
    quiz = edition_of(code, shown.get("lang") or "en").quiz
    assert quiz is not None
    (form,) = [form for form in page.forms() if form.method == "POST" and form.url.endswith("/quiz")]
    for question in quiz.questions:
        found = _fields(shown, question, right)
        names = [name for name, _value in found]
        form = form.having(**dict.fromkeys(names))
        for name, value in found:
            form = form.ticking(name, value)
    return form


def _fields(shown: Any, question: Question, right: bool) -> list[tuple[str, str]]:
    if isinstance(question, Short):
        return [(question.id, question.accept[0] if right else "no such word")]
    if isinstance(question, Match):
        words = {option.id: option.text for option in question.options}
        return [
            (f"{question.id}.{pair.id}", _option(shown, f"{question.id}.{pair.id}", words[pair.option], right))
            for pair in question.pairs
        ]
    wanted = {plain(choice.text) for choice in question.choices if choice.correct is right}
    boxes = {
        plain(label.text_content()): str(box.get("value"))
        for box in shown.xpath(f'//input[@name="{question.id}"]')
        for label in box.xpath("ancestor::label")
    }
    values = [value for words_, value in boxes.items() if words_ in wanted]
    assert values, f"{question.id}: none of {wanted} among {list(boxes)}"
    return [(question.id, value) for value in (values if question.type == "multiple" else values[:1])]


def _option(shown: Any, name: str, words: str, right: bool) -> str:
    options = [o for o in shown.xpath(f'//select[@name="{name}"]/option') if o.get("value")]
    return next(str(o.get("value")) for o in options if (plain(o.text_content()) == plain(words)) is right)


def tree(page: Answer) -> Any:
    """The page as lxml's tree; its types are too wide to be of use."""
    return parser.fromstring(page.text)


def plain(text: str) -> str:
    """The text without the marks of Markdown and with single spaces, to compare source and page."""
    return " ".join(text.replace("*", "").replace("`", "").split())


def current_programmes(world: World) -> Any:
    with reading(world.wiring.engine) as conn:
        return programmes.current(conn)
