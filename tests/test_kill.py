"""SIGKILL at any moment loses nothing that was acknowledged, and the grade is right in the end. Real processes.

The LMS may be told the same score twice, never a different one for the same result.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
import sqlalchemy as sa

import lti_tool.db
from lti_tool.db import open_engine, reading, writing
from lti_tool.ecvet import load
from lti_tool.ecvet import store as programmes
from lti_tool.gradebook.store import deliveries
from lti_tool.launch import keys
from lti_tool.launch.keys import ToolKeys
from lti_tool.play.statements import registration_of
from lti_tool.practice.browserless import Browserless, StepFailed, by_http
from lti_tool.wiring import utc_now
from tests import killable, services
from tests.builders import rsa_key
from tests.practice_server import PracticeServer, practice_server
from tests.world import ROOT, Person
from xapi.statement import actor_key
from xapi.tables import statements
from xapi.vocabulary import VERBS

pytestmark = pytest.mark.xdist_group("kill")

LOGINS = ("karlis", "elena", "nikos", "anna")
MODULES = tuple(f"M0{number}" for number in range(1, 10))
PATIENCE = 120.0
"""Seconds until something that must come is given up."""
ROUNDS = 100 if os.environ.get("LTI_TOOL_SOAK") else 5
# The last is an answer that broke off midway.
LOST = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


@dataclass
class Rig:
    """A practice LMS in this process; the tool and its worker as processes that can be killed."""

    url: str
    database_url: str
    folder: Path
    lms: PracticeServer
    engine: sa.Engine
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    used: dict[str, int] = field(default_factory=dict)
    activities: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def armed(self) -> Path:
        return self.folder / "armed"

    def start(self, part: str) -> None:
        """`web` or `worker` runs; of the web, that it answers is seen by who asks."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("LTI_TOOL_")}
        environ = plain | {
            "LTI_TOOL_BASE_URL": self.url,
            "LTI_TOOL_DATABASE_URL": self.database_url,
            "LTI_TOOL_DATA_DIR": str(self.folder),
            "LTI_TOOL_KEYS_DIR": str(self.folder / "keys"),
            "LTI_TOOL_CONFIG_DIR": str(ROOT / "config"),
            "LTI_TOOL_SECRET_KEY": "a secret of the tests, long enough",
            "LTI_TOOL_REGISTRATION": "open",
            "KILL_FILE": str(self.armed),
            "KILL_LEASE": "2",
        }
        port = self.url.rpartition(":")[2]
        command = {"web": ["serve", "--port", port, "--workers", "1"], "worker": ["worker"]}[part]
        with (self.folder / f"{part}.log").open("a") as log:
            self.processes[part] = subprocess.Popen(
                [sys.executable, "-m", "tests.killable", *command],
                cwd=ROOT,
                env=environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, part: str) -> None:
        """The part and all that it forked are gone at once."""
        process = self.processes.pop(part)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)

    def person(self, login: str) -> Person:
        if login not in self.people:
            person = Person(login, Browserless(by_http(), by_http(), self.lms.url), self.url)
            person.browser.sign_in(login)
            self.people[login] = person
        return self.people[login]

    def fresh(self) -> tuple[str, str]:
        """A learner and a module that nobody has opened yet for them."""
        login = min(LOGINS, key=lambda one: self.used.get(one, 0))
        code = MODULES[self.used.get(login, 0)]
        self.used[login] = self.used.get(login, 0) + 1
        return login, code

    def actor(self, login: str) -> dict[str, Any]:
        return {"objectType": "Agent", "account": {"homePage": self.lms.url, "name": self.lms.user_id(login)}}

    def activity(self, code: str) -> dict[str, Any]:
        if not self.activities:
            self.activities = {one["custom"]["content"]: one for one in self.lms.state()["activities"]}
        return self.activities[f"module/{code}"]

    def say(self, person: Person, code: str, id: str) -> None:
        """The page writes a statement; once it was told of success, the statement may never be missing."""
        iri = f"tag:biblio-project.eu,2022:module/{code}"
        actor = self.actor(person.login)
        statement = {
            "id": id,
            "actor": actor,
            "verb": {"id": VERBS["experienced"]},
            "object": {"id": iri},
            "context": {"registration": registration_of(actor_key(actor), iri)},
        }
        headers = {"Authorization": f"Bearer {person.token()}", "X-Experience-API-Version": "2.0.0"}
        answer = requests.post(f"{self.url}/xapi/statements", json=statement, headers=headers, timeout=PATIENCE)
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 503:  # busy: told to come again, nothing was promised
            raise requests.ConnectionError("busy")
        self.acknowledged.add(id)

    def grade(self, login: str, code: str) -> float | None:
        found = self.lms.grades(self.activity(code)["resource_link_id"]).get(login)
        return found["score"] if found else None

    def told(self, login: str, code: str) -> list[dict[str, Any]]:
        """Every score that the LMS was told of a learner's module, those that it refused as repeats included."""
        user, item = self.lms.user_id(login), self.lms.column(self.activity(code)["resource_link_id"])["id"]
        with self.lms.lms.store.transaction() as db:
            rows = db.execute("SELECT address, asked FROM calls WHERE endpoint = 'scores' ORDER BY id").fetchall()
        bodies = [json.loads(row["asked"])["body"] for row in rows if f"/{item}/" in row["address"]]
        return [body for body in bodies if body["userId"] == user]

    def stored(self) -> dict[str, tuple[str, str]]:
        """Verb and actor of every statement, by its id."""
        with reading(self.engine) as conn:
            rows = conn.execute(sa.select(statements.c.id, statements.c.verb, statements.c.actor)).all()
        return {row.id: (row.verb, row.actor) for row in rows}

    def finished_rightly(self, login: str, code: str) -> None:
        """The result of this learner in this module is there once; the LMS knows it and was told nothing else."""
        self.until(lambda: self.grade(login, code) == 100, f"grade of {login} for {code}")
        assert {(post["scoreGiven"], post["scoreMaximum"]) for post in self.told(login, code)} == {(100, 100)}
        assert len({post["timestamp"] for post in self.told(login, code)}) == 1, "a repeat is the same message"
        iri, actor = f"tag:biblio-project.eu,2022:module/{code}", self.actor(login)
        with reading(self.engine) as conn:
            query = sa.select(statements.c.verb).where(
                statements.c.object == iri, statements.c.actor == actor_key(actor)
            )
            verbs = list(conn.scalars(query))
        assert [verbs.count(VERBS[verb]) for verb in ("passed", "failed", "completed")] == [1, 0, 1]

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Returns once it holds; that takes no longer than PATIENCE."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            for part, process in self.processes.items():
                said = (self.folder / f"{part}.log").read_text()[-3000:]
                assert process.poll() is None, f"the {part} ended by itself: {said}"
            assert time.monotonic() < deadline, f"this never came: {what}"
            time.sleep(0.1)

    def nothing_due(self) -> bool:
        """Every change that may mean a grade was dealt with."""
        with reading(self.engine) as conn:
            left = sa.select(sa.func.count()).where(deliveries.c.version > deliveries.c.done_version)
            return conn.scalar(left) == 0

    def nothing_acknowledged_is_lost(self) -> None:
        assert self.acknowledged - set(self.stored()) == set()


def persist(act: Callable[[], Any]) -> Any:
    """What a person does when nothing answers: the same again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return act()
        except LOST:
            assert time.monotonic() < deadline, "the tool did not come back"
            time.sleep(0.05)


@contextmanager
def rig(database_url: str, folder: Path) -> Iterator[Rig]:
    """Tool and worker run, registered, with unit BIB-U1 in the first course."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    keys.make_first(folder / "keys")
    engine = open_engine(database_url)
    published = ToolKeys(folder / "keys", utc_now).public
    with writing(engine) as conn:
        for path in sorted((ROOT / "config/programmes").glob("*.yaml")):
            programmes.import_programme(conn, path.name, load.texts(path), utc_now())
    with practice_server(published, auto_activate=True, registered=False, make_key=lambda: rsa_key(1)) as lms:
        made = Rig(f"http://127.0.0.1:{port}", database_url, folder, lms, engine)
        try:
            made.start("web")
            made.start("worker")
            persist(lambda: requests.get(f"{made.url}/healthz", timeout=PATIENCE))
            assert made.person("admin").browser.register(f"{made.url}/lti/register").status == 200
            teacher = made.person("teacher")
            teacher.follow(teacher.browser.choose(1, lms.state()["registrations"][-1]["id"]).answer)
            sent = teacher.send(teacher.form("/choose"), pick="CECO/unit/BIB-U1")
            (form,) = [form for form in sent.forms() if form.method == "POST"]
            assert teacher.browser.return_choice(form).status == 200
            yield made
        finally:
            for part in list(made.processes):
                made.kill(part)
            engine.dispose()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """A database of its own, which processes outside of this one use too."""
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'test.sqlite3'}"
        lti_tool.db.upgrade(url)
        yield url
        return
    admin = sa.create_engine(services.postgres(), isolation_level="AUTOCOMMIT")
    name = f"lti_tool_kill_{uuid4().hex[:12]}"
    with admin.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
    try:
        url = sa.make_url(services.postgres()).set(database=name).render_as_string(hide_password=False)
        lti_tool.db.upgrade(url)
        yield url
    finally:
        with admin.connect() as conn:
            conn.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        admin.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("kill")
    with database(request.param, folder) as url, rig(url, folder) as made:
        yield made


@pytest.mark.parametrize("point", killable.WEB)
def test_the_tool_is_killed_while_it_answers(running: Rig, point: str) -> None:
    login, code = running.fresh()
    person = running.person(login)
    activity, id = running.activity(code)["id"], str(uuid4())
    lost = []

    def act(what: Callable[[], Any]) -> Any:
        try:
            return what()
        except LOST as error:
            lost.append(error)
            return persist(what)

    running.armed.write_text(point)
    act(lambda: person.open(activity))
    act(lambda: running.say(person, code, id))
    act(lambda: running.say(person, code, id))  # the same once more, as a page does that heard nothing
    person.read()
    form = person.filled(code)
    act(lambda: person.follow(person.browser.tool(form)))
    again = person.follow(person.browser.tool(form))
    assert again.status == 200
    assert len(lost) == 1, f"the process was to die once: {lost}"
    assert not running.armed.exists()
    running.nothing_acknowledged_is_lost()
    running.finished_rightly(login, code)


@pytest.mark.parametrize("point", killable.WORKER)
def test_the_worker_is_killed_while_it_delivers(running: Rig, point: str) -> None:
    login, code = running.fresh()
    person = running.person(login)
    # The launch alone makes the worker look: only what comes after it is to be killed.
    person.open(running.activity(code)["id"])
    person.read()
    form = person.filled(code)
    running.until(running.nothing_due, "an idle worker")
    running.armed.write_text(point)
    person.follow(person.browser.tool(form))
    dead = running.processes.pop("worker").wait(PATIENCE)
    assert dead == -signal.SIGKILL
    running.start("worker")
    running.finished_rightly(login, code)
    running.nothing_acknowledged_is_lost()


@pytest.mark.soak
@pytest.mark.timeout(3600 if os.environ.get("LTI_TOOL_SOAK") else 600)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_at_a_random_moment_while_four_learners_finish_modules(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The rounds are shared by the databases. Nine of them on one tool: then its learners have learnt all there is."""
    left = (ROUNDS + (kind == "sqlite")) // 2
    while left:
        folder = tmp_path_factory.mktemp("random")
        with database(kind, folder) as url, rig(url, folder) as made:
            for code in MODULES[:left]:
                seed = random.randrange(10**9)
                print(f"round of {code} on {kind}: seed {seed}")
                _round(made, code, random.Random(seed))
        left -= min(left, len(MODULES))


def _round(made: Rig, code: str, draw: random.Random) -> None:
    troubles: list[BaseException] = []
    learners = [threading.Thread(target=_learn, args=(made, login, code, troubles)) for login in LOGINS]
    for thread in learners:
        thread.start()
    # Now and then twice in a row: while it comes back it is as breakable as ever.
    for _kill in range(draw.choice((1, 1, 2))):
        threading.Event().wait(draw.uniform(0, 1.5))
        part = draw.choice(("web", "worker"))
        made.kill(part)
        made.start(part)
    for thread in learners:
        thread.join(3 * PATIENCE)
        assert not thread.is_alive()
    assert troubles == [], (made.folder / "web.log").read_text()[-5000:]
    made.nothing_acknowledged_is_lost()
    for login in LOGINS:
        made.finished_rightly(login, code)


def _learn(made: Rig, login: str, code: str, troubles: list[BaseException]) -> None:
    try:
        person = made.person(login)
        activity = made.activity(code)["id"]
        persist(lambda: _patient(lambda: person.open(activity)))
        for _statement in range(3):
            id = str(uuid4())
            persist(lambda: made.say(person, code, id))  # noqa: B023  # called at once
        persist(lambda: _patient(person.read))
        form = person.filled(code)
        persist(lambda: _patient(lambda: person.follow(person.browser.tool(form))))
    except BaseException as error:  # noqa: BLE001  # the test's own thread tells of it
        troubles.append(error)


def _patient(act: Callable[[], Any]) -> Any:
    """503 says: come again."""
    try:
        answer = act()
    except StepFailed as error:
        if "503" in str(error):
            raise requests.ConnectionError("busy") from error
        raise
    if answer.status == 503:
        raise requests.ConnectionError("busy")
    assert answer.status == 200, f"{answer.status} {answer.text[:1000]}"
    return answer


def test_the_rig_would_see_a_statement_that_was_lost(running: Rig) -> None:
    running.acknowledged.add("a statement that was promised and never kept")
    try:
        with pytest.raises(AssertionError):
            running.nothing_acknowledged_is_lost()
    finally:
        running.acknowledged.clear()
