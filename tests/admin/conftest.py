"""The pages of administrators as an application of their own, and people with and without the role."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

import lti_tool
import lti_tool.admin.views
import lti_tool.people.views
from lti_tool import assets, i18n, tenancy_views, web
from lti_tool.admin import check
from lti_tool.launch.session import SessionPaths, Tokens, from_sign_in
from lti_tool.people import store as people
from lti_tool.people.roles import Grant
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.conftest import Clock
from xapi import personas
from xapi.database import writing
from xapi.writer import Writer

PACKAGE = Path(lti_tool.__file__).parent
SECRET = "a secret for tests, long enough to sign with"


@dataclass
class Admin:
    """The application, and a way in for people with given roles."""

    app: Flask
    wiring: Wiring
    tokens: Tokens

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def session_of(self, *grants: Grant) -> str:
        """The root of the pages of a new person with these roles."""
        now = self.wiring.clock()
        with writing(self.wiring.engine) as conn:
            key = people.person_here(conn, self.wiring.settings.base_url, "Inese", now)
            for grant in grants:
                people.grant(conn, key, grant, "test", now)
            actor = people.accounts_of(conn, [key])[key].actor
            person = personas.persona_of(conn, actor, now)
        return f"/s/{self.tokens.mint(from_sign_in('sid', person, actor, 'en', now))}"

    def administrator(self) -> str:
        return self.session_of(Grant("admin")) + "/admin"


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of a platform waits longer than people would: a loaded machine is not what these tests are about."""
    monkeypatch.setattr(check, "LIMITS", {"timeout": (30.0, 60.0), "total": 120.0})


@pytest.fixture
def wiring(engine: Engine, clock: Clock) -> Wiring:
    return Wiring(Settings(secret_key=SECRET), engine, Writer(engine), clock)


@pytest.fixture
def admin(wiring: Wiring) -> Admin:
    return make(wiring)


def make(wiring: Wiring) -> Admin:
    tokens = Tokens(SECRET)
    app = Flask("lti_tool", root_path=str(PACKAGE), static_folder=None)
    app.config["SECRET_KEY"] = SECRET
    app.extensions["lti_tool"] = wiring
    assets.static_url(app, PACKAGE / "static")
    i18n.set_up(app)
    web.set_up_errors(app)
    web.set_up_headers(app, wiring.settings)
    app.context_processor(lti_tool.people.views.context)
    app.register_blueprint(lti_tool.admin.views.blueprint(wiring, tenancy_views.add_routes))
    app.wsgi_app = SessionPaths(app.wsgi_app, tokens, wiring.clock)  # type: ignore[method-assign]  # Flask's way to wrap
    return Admin(app, wiring, tokens)
