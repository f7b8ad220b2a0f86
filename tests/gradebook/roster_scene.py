"""A course of the practice LMS, and the tool that may read its list of members."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import sqlalchemy as sa

from lti_tool.calls import noter
from lti_tool.db import reading, writing
from lti_tool.gradebook.roster import Rosters
from lti_tool.gradebook.service import Services
from lti_tool.launch import keys, platforms
from lti_tool.launch.keys import ToolKeys
from lti_tool.people import roster as store
from lti_tool.people import store as people
from lti_tool.practice import people as practice_people
from lti_tool.practice.claims import memberships_url
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.conftest import Clock
from tests.practice_server import PracticeServer, practice_server
from xapi.writer import Writer


@cache
def key_folder() -> Path:
    """Keys of a tool, made once for each process."""
    folder = Path(mkdtemp(prefix="lti-tool-keys-"))
    keys.make_first(folder)
    return folder


@dataclass
class Scene:
    lms: PracticeServer
    wiring: Wiring
    keys: ToolKeys
    clock: Clock
    platform: int
    course: int

    def sync(self) -> int:
        """The worker reads what is due."""
        return Rosters(self.wiring, self.keys.sign, spread=lambda: 0.0).run_due()

    def services(self) -> Services:
        with reading(self.wiring.engine) as conn:
            registration = platforms.get(conn, self.platform)
        assert registration is not None
        return Services(self.wiring, registration, self.keys.sign)

    def ask(self) -> None:
        self.wiring.writer.run(lambda conn: store.ask(conn, self.course, self.clock()))

    def state(self) -> store.Sync:
        with reading(self.wiring.engine) as conn:
            found = store.state(conn, self.course, self.clock())
        assert found is not None
        return found

    def members(self) -> dict[str, people.Member]:
        """Who is or was in the course, by the login at the practice LMS."""
        logins = {str(user["id"]): user["login"] for user in self.lms.state()["users"]}
        with reading(self.wiring.engine) as conn:
            return {logins[one.user_id]: one for one in people.members_of(conn, self.course)}

    def here(self) -> dict[str, str]:
        """Roles of those who are in the course now."""
        return {login: one.role for login, one in self.members().items() if one.left_at is None}

    def launch(self, login: str, role: people.CourseRole = "learner", name: str | None = None) -> None:
        """The person opens something in the course."""
        user = self.lms.user_id(login)
        with writing(self.wiring.engine) as conn:
            people.arrive(conn, store.actor_of(self.lms.url, user), self.clock(), name=name)
            people.join_course(conn, self.course, store.actor_of(self.lms.url, user), user, role, self.clock())

    def suspend(self, login: str, *, suspended: bool = True) -> None:
        """Their enrolment is suspended at the practice LMS; they vanish from its list, as in Moodle."""
        person = int(self.lms.user_id(login))
        with self.lms.lms.store.transaction() as db:
            practice_people.suspend(db, 1, person, suspended=suspended)

    def calls(self, kind: str = "roster") -> list[Any]:
        """The log of the tool, oldest first."""
        from lti_tool.calls import service_calls

        with reading(self.wiring.engine) as conn:
            query = sa.select(service_calls).where(service_calls.c.kind == kind).order_by(service_calls.c.id)
            return list(conn.execute(query))


@contextmanager
def roster_scene(engine: sa.Engine, folder: Path, **switches: Any) -> Iterator[Scene]:
    """Everybody of the practice LMS's first course is to be read; nothing was read yet."""
    clock = Clock(datetime.now(UTC))
    tool_keys = ToolKeys(key_folder(), clock)
    settings = Settings(data_dir=folder, secret_key="s" * 40, keys_dir=key_folder())
    writer = Writer(engine)
    wiring = Wiring(settings, engine, writer, clock, noter(writer, clock))
    with practice_server(tool_keys.public, clock=clock, **switches) as lms:
        assert lms.tool is not None
        with writing(engine) as conn:
            platform = platforms.add(
                conn,
                platforms.NewPlatform(
                    "Practice",
                    lms.url,
                    lms.tool.client_id,
                    f"{lms.url}/auth",
                    f"{lms.url}/token",
                    f"{lms.url}/jwks",
                    (lms.tool.deployment_id,),
                ),
                "approved",
                clock(),
            )
            assert platform is not None
            url = memberships_url(lms.url, 1, lms.tool.id)
            course = people.course(conn, platform, "1", clock(), roster_url=url).id
            store.teacher_came(conn, course, clock())
        yield Scene(lms, wiring, tool_keys, clock, platform, course)
