"""A small application around the launch blueprint, one LMS that it knows, and a browser to launch with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, jsonify
from sqlalchemy import Connection, Engine
from werkzeug.test import Client, TestResponse

from lti_tool import assets, i18n, web
from lti_tool.db import open_engine
from lti_tool.launch import session, views
from lti_tool.launch.claims import Launch
from lti_tool.launch.keys import make_first
from lti_tool.launch.session import Grant, Handover
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.builders import BASE_URL, LMS, NOW
from tests.conftest import Clock
from xapi.writer import Writer

SECRET = "a secret for tests, long enough to sign with"


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_first(folder)
    return folder


@pytest.fixture
def lms() -> LMS:
    return LMS()


@dataclass
class Tool:
    """The tool under test: its application, and what `on_launch` was handed."""

    app: Flask
    wiring: Wiring
    lms: LMS
    platform: int = 0
    launches: list[Launch] = field(default_factory=list)
    fails: Callable[[], None] = lambda: None

    def browser(self) -> Browser:
        return Browser(self)

    def restarted(self) -> Tool:
        """The same database under a new process: nothing in memory is left."""
        return make_tool(self.wiring, self.lms, self.platform)

    def with_settings(self, **changes: Any) -> Tool:
        wiring = replace(self.wiring, settings=replace(self.wiring.settings, **changes))
        return make_tool(wiring, self.lms, self.platform)

    def write(self, work: Callable[[Connection], Any]) -> Any:
        return self.wiring.writer.run(work)


def make_tool(wiring: Wiring, lms: LMS, platform: int) -> Tool:
    app = Flask("lti_tool")
    app.secret_key = SECRET
    app.config["TESTING"] = True
    i18n.set_up(app)
    assets.static_url(app)
    tool = Tool(app, wiring, lms, platform)

    def on_launch(conn: Connection, launch: Launch) -> Handover:
        tool.fails()
        tool.launches.append(launch)
        return Handover(
            "arrived", {"place": launch.message}, Grant(person=f"person-{launch.subject}", role=launch.role)
        )

    app.register_blueprint(views.blueprint(wiring, on_launch, ask=lms.answer))
    app.wsgi_app = session.SessionPaths(  # type: ignore[method-assign]
        app.wsgi_app, session.Tokens(wiring.settings.secret_key), wiring.clock
    )
    web.set_up_errors(app)
    web.set_up_headers(app, wiring.settings)

    @app.get("/arrived/<place>")
    def arrived(place: str) -> Any:
        found = session.required_session()
        return jsonify(place=place, sid=found.sid, actor=found.actor, role=found.role, message=found.message)

    return tool


@pytest.fixture
def wiring(engine: Engine, clock: Clock, keys_dir: Path) -> Wiring:
    return Wiring(Settings(base_url=BASE_URL, secret_key=SECRET, keys_dir=keys_dir), engine, Writer(engine), clock)


@pytest.fixture
def tool(wiring: Wiring, lms: LMS, clock: Clock) -> Tool:
    number = wiring.writer.run(lambda conn: lms.registered(conn, clock()))
    return make_tool(wiring, lms, number)


@pytest.fixture
def sqlite_tool(sqlite_engine: Engine, clock: Clock, keys_dir: Path, lms: LMS) -> Iterator[Tool]:
    """For promises that have nothing to do with the kind of database."""
    settings = Settings(base_url=BASE_URL, secret_key=SECRET, keys_dir=keys_dir)
    wiring = Wiring(settings, sqlite_engine, Writer(sqlite_engine), clock)
    number = wiring.writer.run(lambda conn: lms.registered(conn, clock()))
    yield make_tool(wiring, lms, number)


@pytest.fixture(scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path, keys_dir: Path) -> Iterator[Tool]:
    path = tmp_path_factory.mktemp("shared") / "test.sqlite3"
    shutil.copy(_sqlite_template, path)
    engine = open_engine(f"sqlite:///{path}")
    lms = LMS()
    clock = Clock(NOW)
    settings = Settings(base_url=BASE_URL, secret_key=SECRET, keys_dir=keys_dir)
    wiring = Wiring(settings, engine, Writer(engine), clock)
    number = wiring.writer.run(lambda conn: lms.registered(conn, clock()))
    yield make_tool(wiring, lms, number)
    engine.dispose()


@pytest.fixture
def shared_tool(_shared: Tool) -> Tool:
    """One tool for all cases of a table, which change nothing in it: making one takes longer than a case."""
    _shared.launches.clear()
    return _shared


@dataclass
class Asked:
    """What a login sent to the LMS: the authorisation request."""

    url: str
    response: TestResponse

    def __getitem__(self, name: str) -> str:
        return parse_qs(urlsplit(self.url).query, keep_blank_values=True)[name][0]


class Browser:
    """A browser that keeps cookies for the tool."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.client: Client = tool.app.test_client()

    def login_page(self, method: str = "POST", **changes: Any) -> TestResponse:
        lms = self.tool.lms
        sent = {
            "iss": lms.issuer,
            "client_id": lms.client_id,
            "login_hint": "7",
            "lti_message_hint": '{"cmid":9,"launchid":"ltilaunch7_1411419061"}',
            "lti_deployment_id": lms.deployment,
            "target_link_uri": f"{BASE_URL}/lti/launch",
            **changes,
        }
        sent = {name: value for name, value in sent.items() if value is not None}
        headers = sent.pop("headers", None)
        if method == "GET":
            return self.client.get("/lti/login", query_string=sent, base_url=BASE_URL, headers=headers)
        return self.client.post("/lti/login", data=sent, base_url=BASE_URL, headers=headers)

    def login(self, method: str = "POST", **changes: Any) -> Asked:
        response = self.login_page(method, **changes)
        assert response.status_code == 302, response.text
        return Asked(response.location, response)

    def post(self, id_token: str | None, state: str | None, **more: str) -> TestResponse:
        sent = {"id_token": id_token, "state": state, **more}
        return self.client.post("/lti/launch", data={n: v for n, v in sent.items() if v is not None}, base_url=BASE_URL)

    def launch(self, **changes: object) -> TestResponse:
        """A whole launch with these changes to the claims."""
        asked = self.login()
        lms = self.tool.lms
        claims = lms.claims(asked["nonce"], self.tool.wiring.clock(), **changes)
        return self.post(lms.signed(claims), asked["state"])

    def follow(self, response: TestResponse) -> TestResponse:
        return self.client.get(response.location, base_url=BASE_URL)
