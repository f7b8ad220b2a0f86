"""The chooser as an application of its own, a platform that asks for content, and a session of its teacher."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

import lti_tool
import lti_tool.choose.views
from lti_tool import assets, i18n, web
from lti_tool.ecvet import load
from lti_tool.ecvet import store as ecvet
from lti_tool.launch import keys, platforms
from lti_tool.launch import store as launches
from lti_tool.launch.claims import DEEP_LINKING, TOOL_PLATFORM, Launch
from lti_tool.launch.platforms import NewPlatform
from lti_tool.launch.session import Grant, PageSession, SessionPaths, Tokens, current_session, from_launch
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.conftest import Clock
from xapi.database import writing
from xapi.writer import Writer

PROGRAMMES = Path(__file__).parents[2] / "config" / "programmes"
PACKAGE = Path(lti_tool.__file__).parent
ISSUER = "https://moodle.example.org"
CLIENT = "client-7"
RETURN = "https://moodle.example.org/mod/lti/contentitem_return.php?course=2&sesskey=abc"
WITH_QUIZ = frozenset(f"M{n:02}" for n in range(1, 10))

ASKED: dict[str, Any] = {
    "accept_types": ["ltiResourceLink"],
    "accept_presentation_document_targets": ["frame", "iframe", "window"],
    "accept_multiple": True,
    "auto_create": False,
    "deep_link_return_url": RETURN,
    "title": "",
    "text": "",
}
"""As Moodle 4.5 asks: no `data`, no `accept_lineitem`."""


@dataclass
class Chooser:
    """The application with its one platform, and how to come in."""

    app: Flask
    engine: Engine
    wiring: Wiring
    keys_dir: Path
    tokens: Tokens
    clock: Clock
    platform: int
    opened: int = 0

    def open(
        self,
        asked: dict[str, Any] | None = None,
        *,
        product: str = "moodle",
        course: int | None = 1,
        locale: str = "en",
        programme: str | None = None,
        **changes: Any,
    ) -> str:
        """A deep linking launch of a teacher: the address of the chooser. `changes` alter the session."""
        self.opened += 1
        sid = f"sid{self.opened}"
        with writing(self.engine) as conn:
            registration = platforms.get(conn, self.platform)
            assert registration is not None
            claims = {DEEP_LINKING: ASKED if asked is None else asked, TOOL_PLATFORM: {"product_family_code": product}}
            launch = Launch(
                registration=registration,
                subject="4",
                deployment="1",
                message="deep_linking",
                target="http://127.0.0.1:8000/lti/launch",
                roles=(),
                role="instructor",
                context={"id": "2"},
                link={},
                custom={},
                presentation={},
                ags={},
                nrps={},
                deep_linking=claims[DEEP_LINKING],
                for_user={},
                platform={},
                migration={},
                name="",
                given_name="",
                family_name="",
                email="",
                locale=locale,
                issued_at=0,
                claims=claims,
            )
            launches.add_launch(conn, sid, launch, self.clock())
        grant = Grant(person="p", role="instructor", course=course, programme=programme)
        session: PageSession = replace(from_launch(sid, launch, grant, self.clock()), **changes)
        return f"/s/{self.tokens.mint(session)}/choose"

    def client(self) -> FlaskClient:
        return self.app.test_client()


def make(engine: Engine, folder: Path, clock: Clock) -> Chooser:
    """A chooser on a migrated, empty database."""
    settings = Settings(secret_key="s" * 40, keys_dir=folder / "keys")
    keys.make_first(settings.keys_dir)
    wiring = Wiring(settings, engine, Writer(engine), clock)
    tokens = Tokens(settings.secret_key)
    app = Flask("lti_tool", root_path=str(PACKAGE), static_folder=None)
    app.config["SECRET_KEY"] = settings.secret_key
    app.extensions["lti_tool"] = wiring
    assets.static_url(app, PACKAGE / "static")
    i18n.set_up(app, lambda: session.locale if (session := current_session()) else None)
    web.set_up_errors(app)
    web.set_up_headers(app, settings)
    blueprint = lti_tool.choose.views.blueprint(wiring, keys.ToolKeys(settings.keys_dir, clock), WITH_QUIZ.__contains__)
    app.register_blueprint(blueprint)
    app.wsgi_app = SessionPaths(app.wsgi_app, tokens, clock)  # type: ignore[method-assign]  # Flask's way to wrap
    with writing(engine) as conn:
        for name in ("ceco.yaml", "digy.yaml"):
            ecvet.import_programme(conn, name, load.texts(PROGRAMMES / name), clock())
        platform = platforms.add(
            conn,
            NewPlatform(
                name="Moodle of Rīga",
                issuer=ISSUER,
                client_id=CLIENT,
                auth_url=f"{ISSUER}/auth",
                token_url=f"{ISSUER}/token",
                jwks_url=f"{ISSUER}/certs",
                deployments=("1",),
            ),
            "approved",
            clock(),
        )
    assert platform is not None
    return Chooser(app, engine, wiring, settings.keys_dir, tokens, clock, platform)


@pytest.fixture
def chooser(sqlite_engine: Engine, tmp_path: Path, clock: Clock) -> Chooser:
    return make(sqlite_engine, tmp_path, clock)


@pytest.fixture
def chooser_on(engine: Engine, tmp_path: Path, clock: Clock) -> Chooser:
    """On each kind of database."""
    return make(engine, tmp_path, clock)
