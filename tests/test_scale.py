"""Four workers on one PostgreSQL, with no coordination but the database, killed at random: every grade is right.

A repeat after a crash is the same message, which the LMS refuses as such; never is a different grade sent for a result.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Response, request

from lti_tool.db import open_engine, reading, writing
from lti_tool.gradebook import store
from lti_tool.gradebook.marking import marker
from lti_tool.launch.keys import ToolKeys
from lti_tool.people import store as people
from lti_tool.practice import people as practice_people
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.conftest import Clock
from tests.gradebook.grade_scene import M01, Scene, added
from tests.gradebook.roster_scene import key_folder
from tests.practice_server import practice_server
from xapi.access import Principal
from xapi.recording import record
from xapi.vocabulary import VERBS
from xapi.writer import Writer

pytestmark = pytest.mark.xdist_group("kill")

WORKERS = 4
SOAK = bool(os.environ.get("LTI_TOOL_SOAK"))
COUNT, KILLS = (10_000, 100) if SOAK else (300, 5)
DATABASES = ("sqlite", "postgresql") if SOAK else ("postgresql",)
PATIENCE = 900.0 if SOAK else 300.0
"""Seconds without one more score until delivery is taken to stand still: however slow the machine, it moves."""
ROOT = Path(__file__).parent.parent
# A lease of two minutes would make the test wait for two minutes after each kill.
COMMAND = """
from datetime import timedelta
import lti_tool.serving
from lti_tool.cli import main
from lti_tool.gradebook import store
store.LEASE = timedelta(seconds=3)
lti_tool.serving.PAUSE = 0.1
main()
"""


@dataclass
class Crew:
    """Worker processes; who is killed is replaced at once."""

    environ: dict[str, str]
    log: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running.append(
                subprocess.Popen(
                    [sys.executable, "-c", COMMAND, "worker"], cwd=ROOT, env=self.environ, stdout=log, stderr=log
                )
            )

    def kill(self, one: subprocess.Popen[bytes]) -> None:
        one.send_signal(signal.SIGKILL)
        one.wait(30)
        self.running.remove(one)


def enrol(scene: Scene, count: int) -> list[str]:
    """So many learners, here and in the LMS; their ids there."""
    with scene.lms.lms.store.transaction() as db:
        ids = []
        for number in range(count):
            person = practice_people.add_person(db, f"learner{number}", f"Nr {number}", "Learner")
            practice_people.enrol(db, 1, person, practice_people.LEARNER)
            ids.append(str(getattr(person, "id", person)))
    for start in range(0, count, 500):
        with writing(scene.wiring.engine) as conn:
            for id in ids[start : start + 500]:
                people.arrive(conn, actor(scene, id), scene.clock())
                people.join_course(conn, scene.course, actor(scene, id), id, "learner", scene.clock())
    return ids


def actor(scene: Scene, id: str) -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": scene.lms.url, "name": id}}


def say(scene: Scene, results: dict[str, float]) -> None:
    """The tool says so of these learners; each grade is due."""
    principal = Principal(authority=scene.wiring.authority, scopes=frozenset({"all"}), name="lti-tool")
    statements = [
        {
            "actor": actor(scene, id),
            "verb": {"id": VERBS["passed"]},
            "object": {"id": M01},
            "result": {"score": {"scaled": scaled}},
        }
        for id, scaled in results.items()
    ]
    for start in range(0, len(statements), 200):
        record(scene.wiring.writer, principal, statements[start : start + 200], marker(scene.clock), scene.clock())


def arrived(scene: Scene) -> int:
    """How many scores the LMS has taken."""
    with scene.lms.lms.store.transaction() as db:
        return int(db.execute("SELECT count(*) FROM score_posts").fetchone()[0])


@dataclass
class Heard:
    """Every score that the LMS was told, taken or not, as it came in over HTTP."""

    said: dict[tuple[str, str], set[float]] = field(default_factory=dict)
    """What was said of a learner for a time."""
    answers: Counter[int] = field(default_factory=Counter)

    def note(self, response: Response) -> Response:
        if request.method == "POST" and request.path.endswith("/scores"):
            body = request.get_json(silent=True, force=True)
            self.said.setdefault((body["userId"], body["timestamp"]), set()).add(body["scoreGiven"])
            self.answers[response.status_code] += 1
        return response


def told(scene: Scene) -> dict[str, list[float]]:
    """Every score that the LMS took, by learner, oldest first."""
    with scene.lms.lms.store.transaction() as db:
        rows = db.execute("SELECT person_id, body FROM score_posts ORDER BY id").fetchall()
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(str(row["person_id"]), []).append(json.loads(row["body"])["scoreGiven"])
    return found


def waiting(engine: sa.Engine) -> int:
    with reading(engine) as conn:
        return int(
            conn.scalar(
                sa.select(sa.func.count())
                .select_from(store.deliveries)
                .where(store.deliveries.c.version > store.deliveries.c.done_version)
            )
            or 0
        )


def kill_workers(scene: Scene, crew: Crew, heard: Heard, count: int, kills: int, chance: random.Random) -> None:
    """`count` grades are delivered while `kills` times a worker is killed and another takes its place."""
    ids = enrol(scene, count)
    first = {id: chance.randrange(30, 60) / 100 for id in ids}
    better = {id: first[id] + 0.3 for id in ids[::3]}
    say(scene, first)
    began = time.monotonic()
    for _worker in range(WORKERS):
        crew.start()
    killed = seen = 0
    moved = time.monotonic()
    while (left := waiting(scene.wiring.engine)) or killed < kills:
        before, seen = seen, arrived(scene)
        if seen != before:
            moved = time.monotonic()
        assert time.monotonic() < moved + PATIENCE, f"{left} grades are not delivered"
        # Spread over the delivery: a kill comes when the next share of the grades has arrived, and a moment later.
        if killed < kills and seen >= count * (killed + 0.5) / (kills + 1):
            time.sleep(chance.uniform(0, 0.1))
            crew.kill(chance.choice(crew.running))
            crew.start()
            killed += 1
            if killed == (kills + 1) // 2:
                say(scene, better)
        time.sleep(0.1)
    expected = {id: [round(first[id] * 100, 5)] for id in ids}
    last = {id: round(better.get(id, first[id]) * 100, 5) for id in ids}
    took = told(scene)
    assert {id: took[id][-1] for id in ids} == last
    # A burst that was judged once is one message; nothing but what was true at some time was ever taken, each once.
    assert all(took[id] in ([last[id]], [*expected[id], last[id]]) for id in ids)
    grades = scene.lms.column(scene.link)["grades"]
    assert {str(one["user_id"]): one["score"] for one in grades} == last
    with reading(scene.wiring.engine) as conn:
        assert store.counts(conn) == {"sent": count}
    # A repeat is the same message: for one time never two grades, whether it was taken or refused as known (409).
    assert {key: given for key, given in heard.said.items() if len(given) > 1} == {}
    assert {
        given for (id, _at), some in heard.said.items() for given in some if given not in (expected[id][0], last[id])
    } == set()
    assert set(heard.answers) <= {200, 201, 204, 409}, heard.answers
    seconds = time.monotonic() - began
    print(
        f"{scene.wiring.engine.dialect.name}: {count} grades, {len(better)} of them bettered, {killed} workers killed,"
        f" {seconds:.0f} s; {sum(map(len, took.values()))} scores taken,"
        f" {heard.answers[409]} repeats refused as known, none of a different grade"
    )


@pytest.mark.soak
@pytest.mark.timeout(7200 if SOAK else 600)
@pytest.mark.parametrize("database_url", DATABASES, indirect=True)
def test_workers_killed_at_random_leave_every_grade_right(database_url: str, tmp_path: Path) -> None:
    engine = open_engine(database_url)
    clock = Clock(datetime.now(UTC))
    folder = key_folder()
    secret = "a secret of the tests, long enough"
    settings = Settings(data_dir=tmp_path, secret_key=secret, keys_dir=folder, database_url=database_url)
    wiring = Wiring(settings, engine, Writer(engine), lambda: datetime.now(UTC))
    tool_keys = ToolKeys(folder, clock)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("LTI_TOOL_")}
    environ = plain | {
        "LTI_TOOL_BASE_URL": settings.base_url,
        "LTI_TOOL_DATABASE_URL": database_url,
        "LTI_TOOL_DATA_DIR": str(tmp_path),
        "LTI_TOOL_KEYS_DIR": str(folder),
        "LTI_TOOL_SECRET_KEY": secret,
    }
    crew = Crew(environ, tmp_path / "workers.log")
    heard = Heard()
    with practice_server(tool_keys.public, answered=heard.note) as lms:
        scene = added(lms, wiring, tool_keys, clock)
        try:
            kill_workers(scene, crew, heard, COUNT, KILLS, random.Random(7))  # the same kills each time
        except BaseException:
            print(crew.log.read_text()[-5000:] if crew.log.exists() else "")  # said where the test failed
            raise
        finally:
            for one in list(crew.running):
                crew.kill(one)
            engine.dispose()
