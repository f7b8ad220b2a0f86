"""A small tool with the pages of records and courses alone, and its people: learners, teachers, those with roles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lti_tool import assets, i18n, web
from lti_tool.db import reading, writing
from lti_tool.ecvet import learners, load, store
from lti_tool.ecvet import views as ecvet_views
from lti_tool.ecvet.entries import Author
from lti_tool.ecvet.places import places_of
from lti_tool.ecvet.programme import Programme, read
from lti_tool.ecvet.record import Record, authority, records
from lti_tool.ecvet.under import Under, nothing
from lti_tool.evidence import views as evidence_views
from lti_tool.gradebook import store as gradebook
from lti_tool.insight import views as insight_views
from lti_tool.insight.waiting import Unsigneds, nothing_unsigned
from lti_tool.launch.session import PageSession, SessionPaths, Tokens, current_session
from lti_tool.people import store as people
from lti_tool.people import views as people_views
from lti_tool.people import views_joins as joins_views
from lti_tool.people import views_roles
from lti_tool.people.roles import Grant, Role
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.conftest import Clock
from xapi.access import Principal
from xapi.statement import actor_key
from xapi.store import Stored, add
from xapi.vocabulary import VERBS
from xapi.writer import Writer

ROOT = Path(__file__).parents[1]
BASE = "http://localhost"
MOODLE = "https://moodle.example.org"
SECRET = "a secret for tests, thirty-two characters"
IRI = "tag:biblio-project.eu,2022:"
U1_MODULES = tuple(f"M0{number}" for number in range(1, 10))


@dataclass(frozen=True)
class Somebody:
    """A person who looks at pages through one session."""

    person: str
    actor: Mapping[str, Any]
    name: str
    role: str = "none"
    course: int | None = None

    @property
    def key(self) -> str:
        return actor_key(self.actor)


@dataclass
class Place:
    """The tool under test, with programmes imported."""

    engine: sa.Engine
    clock: Clock
    app: Flask
    tokens: Tokens
    wiring: Wiring
    heard: list[Stored] = field(default_factory=list)

    # people

    def learner(
        self,
        name: str = "Anna",
        *programmes: str,
        home: str = MOODLE,
        institution: str | None = None,
        known_as: str | None = "",
        course: int | None = None,
    ) -> Somebody:
        """A learner with an account at `home`, enrolled; `known_as` None: the LMS tells no name."""
        actor = {"objectType": "Agent", "account": {"homePage": home, "name": name.lower()}}
        with writing(self.engine) as conn:
            shown = name if known_as == "" else known_as
            person = people.arrive(conn, actor, self.clock(), name=shown)
            for one in programmes:
                found = store.get(conn, one)
                assert found is not None
                people.enrol(conn, actor, one, found.version, self.clock(), institution)
            if course is not None:
                people.join_course(conn, course, actor, name.lower(), "learner", self.clock())
        return Somebody(person, actor, name, "learner", course)

    def teacher(self, course: int, name: str = "Ilze") -> Somebody:
        actor = {"objectType": "Agent", "account": {"homePage": MOODLE, "name": name.lower()}}
        with writing(self.engine) as conn:
            person = people.arrive(conn, actor, self.clock(), name=name)
            people.join_course(conn, course, actor, name.lower(), "instructor", self.clock())
        return Somebody(person, actor, name, "instructor", course)

    def holder(
        self, role: Role, programme: str | None = "CECO", institution: str | None = None, name: str = ""
    ) -> Somebody:
        """Somebody without LMS who has a role."""
        called = name or f"The {role}"
        with writing(self.engine) as conn:
            key = people.person_here(conn, BASE, called, self.clock())
            people.grant(conn, key, Grant(role, institution, programme), "test", self.clock())
            actor = people.accounts_of(conn, [key])[key].actor
            person = people.arrive(conn, actor, self.clock())
        return Somebody(person, actor, called)

    def grant(self, who: Somebody, role: Role, programme: str | None = "CECO") -> None:
        with writing(self.engine) as conn:
            people.grant(conn, who.key, Grant(role, None, programme), "test", self.clock())

    def course(self, context: str = "c1", title: str = "Group 1") -> int:
        with writing(self.engine) as conn:
            return people.course(conn, 1, context, self.clock(), title=title).id

    def column(self, course: int, module: str) -> int:
        """The module is an activity with a gradebook column in the course."""
        with writing(self.engine) as conn:
            return gradebook.place(
                conn,
                platform_id=1,
                course_id=course,
                link_id=f"link-{module}",
                activity=f"{IRI}module/{module}",
                label=module,
                url="https://moodle.example.org/l/1",
                items_url=None,
                scopes=(),
                now=self.clock(),
            )

    def by(self, who: Somebody) -> Author:
        with reading(self.engine) as conn:
            keys = people.keys_of(conn, who.person)
            return Author(tuple(keys), who.actor, who.name, tuple(people.grants_of(conn, keys)))

    # what they do

    def says(
        self,
        who: Somebody,
        verb: str,
        about: str,
        *,
        by: str = "lti-tool",
        scaled: float | None = None,
        hours: float = 0,
    ) -> str:
        """A statement about the learner ("module/M01"), written by an authority of this tool; its id."""
        return self._store(by, [self._statement(who, verb, about, scaled, hours)])[0]

    def _statement(
        self, who: Somebody, verb: str, about: str, scaled: float | None = None, hours: float = 0
    ) -> dict[str, Any]:
        result: dict[str, Any] = {}
        if scaled is not None:
            result["score"] = {"scaled": scaled}
        if hours:
            result["duration"] = f"PT{round(hours * 3600)}S"
        return {
            "actor": who.actor,
            "verb": {"id": VERBS.get(verb, verb)},
            "object": {"objectType": "Activity", "id": IRI + about},
            "timestamp": self.clock().isoformat(),
            **({"result": result} if result else {}),
        }

    def _store(self, by: str, given: list[dict[str, Any]]) -> tuple[str, ...]:
        principal = Principal(authority=authority(BASE, by), scopes=frozenset({"all"}))
        with writing(self.engine) as conn:
            return add(conn, principal, given, self.clock()).ids

    def passes(self, who: Somebody, *modules: str, scaled: float = 0.86) -> None:
        self._store("lti-tool", [self._statement(who, "passed", f"module/{one}", scaled) for one in modules])

    def demonstrates_u1(self, who: Somebody) -> None:
        """Everything that unit BIB-U1 asks for: its modules and the seminar."""
        self.passes(who, *U1_MODULES)
        self.says(who, "attended", "unit/BIB-U1/face_to_face/seminar-1", hours=2)

    def record(self, who: Somebody, programme: str = "CECO") -> Record:
        with reading(self.engine) as conn:
            return self.record_in(conn, who, programme)

    def record_in(self, conn: sa.Connection, who: Somebody, programme: str = "CECO") -> Record:
        learner = learners.by_person(conn, [who.person])[who.person]
        found = records(conn, learner, self.clock(), BASE)
        return next(one for one in found if one.programme.id == programme)

    def state(self, who: Somebody, unit: str = "BIB-U1", programme: str = "CECO") -> str:
        found = self.record(who, programme).unit(unit)
        assert found is not None
        return found.judged.state

    # pages

    def browser(self, who: Somebody | None, **changes: Any) -> Browser:
        return Browser(self, None if who is None else self.session(who, **changes))

    def session(self, who: Somebody, **changes: Any) -> PageSession:
        values: dict[str, Any] = {
            "sid": f"sid-{who.name}",
            "person": who.person,
            "actor": who.actor,
            "role": who.role,
            "platform": 1,
            "deployment": "1",
            "course": who.course,
            "link": None,
            "module": None,
            "programme": None,
            "message": "resource" if who.role != "none" else "sign_in",
            "locale": "en",
            "exp": (self.clock.now + timedelta(hours=8)).replace(microsecond=0),
        }
        return PageSession(**{**values, **changes})


class Browser:
    """A browser with one session under its prefix (None: without any)."""

    def __init__(self, place: Place, session: PageSession | None) -> None:
        self.client: FlaskClient = place.app.test_client()
        self.prefix = f"/s/{place.tokens.mint(session)}" if session else ""

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(self.prefix + path, **more)

    def post(self, path: str, data: Any = None, **more: Any) -> TestResponse:
        return self.client.post(self.prefix + path, data=data or {}, **more)

    def text(self, path: str) -> str:
        """What a reader sees of the page that one ends on."""
        answer = self.get(path, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return text_of(answer.text)

    def submit(self, path: str, data: Any) -> str:
        """The page after a form was sent that was taken."""
        answer = self.post(path, data)
        assert answer.status_code == 303, answer.text
        shown = self.client.get(answer.headers["Location"])
        assert shown.status_code == 200, shown.text
        return text_of(shown.text)


def text_of(html: str) -> str:
    """What a reader sees of a page, white space single."""
    from html import unescape

    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


@cache
def _read(name: str) -> tuple[Programme, dict[str, str]]:
    texts = load.texts(ROOT / "config" / "programmes" / f"{name}.yaml")
    return read(f"{name}.yaml", texts), texts


def imported(engine: sa.Engine, clock: Callable[[], Any], names: Iterable[str] = ("ceco", "digy")) -> None:
    """The programmes of config/ are in the database; parsed once for all tests of a process, as that takes long."""
    with writing(engine) as conn:
        for name in names:
            programme, texts = _read(name)
            values = {"id": programme.id, "version": programme.version, "name": f"{name}.yaml", "texts": texts}
            conn.execute(store.programmes.insert().values(**values, imported_at=clock(), current=True))


def open_place(
    engine: sa.Engine, clock: Clock, under: Under = nothing, unsigned: Unsigneds = nothing_unsigned
) -> Place:
    """The application on an engine, programmes imported."""
    imported(engine, clock)
    settings = Settings(base_url=BASE, secret_key=SECRET)
    wiring = Wiring(settings, engine, Writer(engine), clock)
    app = Flask("lti_tool", root_path=str(ROOT / "lti_tool"), static_folder=None)
    app.testing = True
    app.extensions["lti_tool"] = wiring
    tokens = Tokens(SECRET)
    place = Place(engine, clock, app, tokens, wiring)

    def locale() -> str | None:
        session = current_session()
        return session.locale if session else None

    i18n.set_up(app, locale)
    assets.static_url(app, ROOT / "lti_tool" / "static")
    web.set_up_errors(app)
    web.set_up_headers(app, settings)
    app.context_processor(people_views.context)

    def heard(_conn: sa.Connection, stored: tuple[Stored, ...]) -> None:
        place.heard.extend(stored)

    app.register_blueprint(ecvet_views.blueprint(wiring, heard, under=under))
    app.register_blueprint(joins_views.blueprint(wiring))
    app.register_blueprint(views_roles.blueprint(wiring, places_of))
    app.register_blueprint(evidence_views.blueprint(wiring, heard))
    app.register_blueprint(insight_views.blueprint(wiring, heard, unsigned))
    app.wsgi_app = SessionPaths(app.wsgi_app, tokens, clock)  # type: ignore[method-assign]  # Flask's way to wrap
    return place
