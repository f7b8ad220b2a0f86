"""A course of the practice LMS with one graded module, and the tool that sends grades to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from lti_tool.db import reading, writing
from lti_tool.gradebook import store
from lti_tool.gradebook.marking import marker
from lti_tool.gradebook.worker import Worker
from lti_tool.launch import platforms
from lti_tool.launch.claims import SCOPE_LINE_ITEM, SCOPE_RESULT, SCOPE_SCORE
from lti_tool.launch.keys import ToolKeys
from lti_tool.people import store as people
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.conftest import Clock
from tests.gradebook.roster_scene import key_folder
from tests.practice_server import PracticeServer, practice_server
from xapi.access import Principal
from xapi.recording import record
from xapi.vocabulary import VERBS
from xapi.writer import Writer

M01 = "tag:biblio-project.eu,2022:module/M01"


@dataclass
class Scene:
    """A course of the practice LMS with one graded module, and the tool's side of it."""

    lms: PracticeServer
    wiring: Wiring
    keys: ToolKeys
    clock: Clock
    platform: int
    course: int
    link: str

    def actor(self, login: str) -> dict[str, Any]:
        account = {"homePage": self.lms.url, "name": self.lms.user_id(login)}
        return {"objectType": "Agent", "account": account}

    def learner(self, login: str, role: people.CourseRole = "learner") -> None:
        with writing(self.wiring.engine) as conn:
            people.arrive(conn, self.actor(login), self.clock())
            people.join_course(conn, self.course, self.actor(login), self.lms.user_id(login), role, self.clock())

    def say(self, login: str, verb: str, scaled: float) -> str:
        """The tool itself says so of the learner; the id of the statement."""
        id = str(uuid4())
        principal = Principal(authority=self.wiring.authority, scopes=frozenset({"all"}), name="lti-tool")
        statement = {
            "id": id,
            "actor": self.actor(login),
            "verb": {"id": VERBS[verb]},
            "object": {"id": M01},
            "result": {"score": {"scaled": scaled}},
        }
        record(self.wiring.writer, principal, [statement], marker(self.clock), self.clock())
        return id

    def place(self, url: str | None, **more: Any) -> int:
        """A launch told of the gradebook column, or (None) of none."""
        with writing(self.wiring.engine) as conn:
            return self.placed(conn, url, **more)

    def placed(self, conn: sa.Connection, url: str | None, **more: Any) -> int:
        """The same, on a connection of the test's own."""
        known = self.lms.column(self.link)["url"] if url is None else url
        told: dict[str, Any] = {
            "platform_id": self.platform,
            "course_id": self.course,
            "link_id": self.link,
            "activity": M01,
            "label": "M01",
            "url": url,
            "items_url": known.split("/lineitems")[0] + "/lineitems?" + known.split("?")[1],
            "scopes": [SCOPE_SCORE, SCOPE_RESULT, SCOPE_LINE_ITEM],
            "now": self.clock(),
            "resource_id": "module/M01",
            **more,
        }
        return store.place(conn, **told)

    def worker(self, **more: Any) -> Worker:
        return Worker(self.wiring, self.keys.sign, self.wiring.authority, spread=lambda: 0.0, concurrency=2, **more)

    def deliver(self) -> None:
        self.worker().run_due()

    def row(self) -> store.Delivery:
        with reading(self.wiring.engine) as conn:
            (row,) = store.of_course(conn, self.course)
        return row

    def grade(self, login: str = "karlis") -> float | None:
        found = self.lms.grades(self.link).get(login)
        return found["score"] if found else None

    def posts(self, login: str = "karlis") -> list[Any]:
        return list(self.lms.grades(self.link).get(login, {"history": []})["history"])


@contextmanager
def grade_scene(engine: sa.Engine, folder: Path, product: str = "") -> Iterator[Scene]:
    """The learner karlis in a course with M01, whose column the tool knows."""
    clock = Clock(datetime.now(UTC))
    tool_keys = ToolKeys(key_folder(), clock)
    settings = Settings(data_dir=folder, secret_key="s" * 40, keys_dir=key_folder())
    wiring = Wiring(settings, engine, Writer(engine), clock)
    with practice_server(tool_keys.public, clock=clock) as lms:
        yield added(lms, wiring, tool_keys, clock, product)


def added(lms: PracticeServer, wiring: Wiring, tool_keys: ToolKeys, clock: Clock, product: str = "") -> Scene:
    """The practice LMS is a platform of the tool, with a course and a graded module."""
    link = lms.graded_activity()
    assert lms.tool is not None
    with writing(wiring.engine) as conn:
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
                product=product,
            ),
            "approved",
            clock(),
        )
        assert platform is not None
        course = people.course(conn, platform, "1", clock()).id
    scene = Scene(lms, wiring, tool_keys, clock, platform, course, link)
    scene.place(lms.column(link)["url"])
    scene.learner("karlis")
    return scene
