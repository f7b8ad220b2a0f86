"""What no page of ours sends is refused in words, on either database: a fault of the tool is nobody's input."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection

from lti_tool.app import create_app
from lti_tool.launch import keys, platforms
from lti_tool.launch.claims import Role
from lti_tool.launch.platforms import NewPlatform
from lti_tool.launch.session import PageSession, Tokens
from lti_tool.people import store as people
from lti_tool.people.roles import Grant
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.conftest import Clock
from xapi.statement import actor_key

SECRET = "s" * 40
NUMBER = "9" * 30
_HOME = "https://moodle.example.org"
MOODLE = NewPlatform("Moodle", _HOME, "c", f"{_HOME}/auth", f"{_HOME}/token", f"{_HOME}/jwks", ("1",))


class Visits:
    """Somebody for each door: a learner and a teacher of a course, and one with every role."""

    def __init__(self, client: FlaskClient, tokens: Tokens, wiring: Wiring) -> None:
        self.client, self.tokens, self.wiring = client, tokens, wiring

    def as_(self, role: Role) -> str:
        """The prefix of a session in this role; "none" holds every grant."""
        now = self.wiring.clock()
        actor = {"objectType": "Agent", "account": {"homePage": "https://moodle.example.org", "name": role}}

        def work(conn: Connection) -> tuple[str, int]:
            person = people.arrive(conn, actor, now, name=role)
            platforms.add(conn, MOODLE, "approved", now)
            course = people.course(conn, 1, "c1", now).id
            if role != "none":
                people.join_course(conn, course, actor, role, role, now)
            for granted in ("admin", "coordinator", "mentor") if role == "none" else ():
                people.grant(conn, actor_key(actor), Grant(granted), "test", now)
            return person, course

        person, course = self.wiring.writer.run(work)
        session = PageSession(
            sid=role,
            person=person,
            actor=actor,
            role=role,
            platform=1,
            deployment="1",
            course=None if role == "none" else course,
            link=None,
            module=None,
            programme=None,
            message="sign_in" if role == "none" else "resource",
            locale="en",
            exp=(now + timedelta(hours=1)).replace(microsecond=0),
        )
        return f"/s/{self.tokens.mint(session)}"


@pytest.fixture
def visits(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Visits]:
    config = Path(__file__).parents[1] / "config"
    settings = Settings(
        database_url=database_url,
        secret_key=SECRET,
        keys_dir=tmp_path / "keys",
        data_dir=tmp_path,
        config_dir=config,
        smtp_url="smtp://127.0.0.1:9",
    )
    keys.make_first(settings.keys_dir)
    app = create_app(settings, clock)
    wiring: Wiring = app.extensions["lti_tool"]
    yield Visits(app.test_client(), Tokens(SECRET), wiring)
    wiring.engine.dispose()


@pytest.mark.parametrize(
    ("role", "method", "path", "form", "status"),
    [
        ("learner", "POST", "/programme/choose", {"programme": "\0"}, 400),
        ("learner", "GET", "/record?programme=%00", {}, 400),
        ("learner", "GET", "/module/%00", {}, 400),
        ("none", "GET", "/programme/CECO/learner/%00", {}, 400),
        ("none", "GET", "/programme/CECO/learner/x/unit/%00", {}, 400),
        ("none", "POST", "/to-do/confirm", {"person": "a\0", "programme": "CECO"}, 400),
        ("none", "POST", "/admin/clients", {"name": "a\0b", "scopes": "state"}, 400),
        ("none", "POST", "/admin/clients/a%00b/revoke", {}, 400),
        ("none", "POST", "/admin/add/invitation", {"invited": "a\0b"}, 400),
        ("none", "GET", f"/course/{NUMBER}", {}, 404),
        ("none", "POST", f"/admin/platforms/{NUMBER}", {"status": "approved"}, 404),
        ("teacher", "GET", f"/course/{NUMBER}.csv", {}, 404),
        ("teacher", "POST", "/course/1/send-again", {"delivery": "1" * 5000}, 404),
        ("teacher", "POST", "/course/1/send-again", {"delivery": NUMBER}, 404),
    ],
)
def test_what_no_page_sends_is_refused_in_words(
    visits: Visits, role: str, method: str, path: str, form: dict[str, str], status: int
) -> None:
    root = visits.as_("instructor" if role == "teacher" else role)  # type: ignore[arg-type]  # Roles, by their names
    answer = visits.client.open(root + path, method=method, data=form)
    assert answer.status_code == status, answer.text
    assert "<h1>" in answer.text


@pytest.mark.parametrize(("method", "path"), [("POST", "/sign-in"), ("GET", "/sign-in/%00"), ("POST", "/sign-in/%00")])
def test_outside_of_a_session_too(visits: Visits, method: str, path: str) -> None:
    assert visits.client.open(path, method=method, data={"email": "a\0@example.org"}).status_code == 400
