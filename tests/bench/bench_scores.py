"""Prints how many scores a second one worker process delivers to a practice LMS that takes 50 ms for each call.

python -m tests.bench.bench_scores [--grades 1000] [--database postgresql+psycopg://…]

The practice LMS runs in a process of its own. Every learner must have the right grade at the end, told exactly once.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lti_tool import db
from lti_tool.calls import noter
from lti_tool.gradebook import store
from lti_tool.gradebook.marking import marker
from lti_tool.gradebook.worker import Worker
from lti_tool.launch import keys, platforms
from lti_tool.launch.claims import SCOPE_LINE_ITEM, SCOPE_RESULT, SCOPE_SCORE
from lti_tool.launch.keys import ToolKeys
from lti_tool.people import store as people
from lti_tool.practice import people as practice_people
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring, utc_now
from tests import practice_server as server_module
from tests import services
from tests.practice_server import practice_server
from xapi.access import Principal
from xapi.recording import record
from xapi.vocabulary import VERBS
from xapi.writer import Writer

M01 = "tag:biblio-project.eu,2022:module/M01"
CALL_SECONDS = 0.05
CONCURRENCY = (1, 8, 32)


def lms(pipe: Connection, folder: str, learners: int) -> None:
    """The practice LMS with one graded activity for each round; answers with what it was told when asked to."""
    # Connections stay open, as those of any LMS behind a web server do.
    server_module._Quiet.protocol_version = "HTTP/1.1"
    with practice_server(ToolKeys(Path(folder), utc_now).public, pause=time.sleep) as server:
        assert server.tool is not None
        ids = []
        with server.lms.store.transaction() as database:
            for number in range(learners):
                person = practice_people.add_person(database, f"learner{number}", f"Nr {number}", "Learner")
                practice_people.enrol(database, 1, person, practice_people.LEARNER)
                ids.append(str(person))
        links = [server.graded_activity(f"M01 at {number}") for number in CONCURRENCY]
        server.fail("scores", "slow", seconds=CALL_SECONDS)
        columns = [(link, server.column(link)["url"]) for link in links]
        pipe.send((server.url, server.tool.client_id, server.tool.deployment_id, ids, columns))
        while (link := pipe.recv()) is not None:
            with server.lms.store.transaction() as database:
                query = (
                    "SELECT person_id, body FROM score_posts JOIN line_items ON line_items.id = line_item_id"
                    " WHERE activity_id = ?"
                )
                rows = database.execute(query, (link,)).fetchall()
            taken = [(str(row[0]), json.loads(row[1])["scoreGiven"]) for row in rows]
            pipe.send((taken, time.process_time()))


def due(wiring: Wiring, told: tuple[Any, ...]) -> list[int]:
    """The learners have passed the module; the numbers of the columns, of which none is due yet."""
    url, client, deployment, ids, columns = told
    now = datetime.now(UTC)
    actors = [{"objectType": "Agent", "account": {"homePage": url, "name": id}} for id in ids]
    with db.writing(wiring.engine) as conn:
        new = platforms.NewPlatform(
            "Practice", url, client, f"{url}/auth", f"{url}/token", f"{url}/jwks", (deployment,)
        )
        platform = platforms.add(conn, new, "approved", now)
        assert platform is not None
        course = people.course(conn, platform, "1", now).id
        for id, actor in zip(ids, actors, strict=True):
            people.arrive(conn, actor, now)
            people.join_course(conn, course, actor, id, "learner", now)
        items = [
            store.place(
                conn,
                platform_id=platform,
                course_id=course,
                link_id=link,
                activity=M01,
                label="M01",
                url=column,
                items_url=None,
                scopes=[SCOPE_SCORE, SCOPE_RESULT, SCOPE_LINE_ITEM],
                now=now,
            )
            for link, column in columns
        ]
    principal = Principal(authority=wiring.authority, scopes=frozenset({"all"}), name="lti-tool")
    for start in range(0, len(ids), 200):
        statements = [
            {
                "actor": actor,
                "verb": {"id": VERBS["passed"]},
                "object": {"id": M01},
                "result": {"score": {"scaled": grade(id) / 100}},
            }
            for id, actor in zip(ids[start : start + 200], actors[start : start + 200], strict=True)
        ]
        record(wiring.writer, principal, statements, marker(utc_now), datetime.now(UTC))
    hold(wiring, None)
    return items


def grade(id: str) -> int:
    """The right grade of a learner."""
    return int(id) % 101


def hold(wiring: Wiring, item: int | None) -> None:
    """The rows of this column are due, and no others."""
    rows = store.deliveries
    with db.writing(wiring.engine) as conn:
        conn.execute(rows.update().values(due_at=datetime(2100, 1, 1, tzinfo=UTC)))
        if item is not None:
            conn.execute(rows.update().where(rows.c.line_item_id == item).values(due_at=datetime.now(UTC)))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--grades", type=int, default=1000)
    asked.add_argument("--database", help="an empty database; without it, both kinds are made for the occasion")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.database:
            measure("as named", given.database, Path(folder) / "one", given.grades)
            return
        measure("SQLite", f"sqlite:///{folder}/bench.sqlite3", Path(folder) / "sqlite", given.grades)
        admin = sa.create_engine(services.postgres(), isolation_level="AUTOCOMMIT")
        name = "lti_tool_bench_scores"
        with admin.connect() as conn:
            conn.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            conn.execute(sa.text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
        try:
            url = sa.make_url(services.postgres()).set(database=name).render_as_string(hide_password=False)
            measure("PostgreSQL", url, Path(folder) / "postgresql", given.grades)
        finally:
            with admin.connect() as conn:
                conn.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
            admin.dispose()


def measure(kind: str, url: str, folder: Path, grades: int) -> None:
    """One line for each concurrency."""
    key_folder = folder / "keys"
    keys.make_first(key_folder)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=lms, args=(theirs, str(key_folder), grades), daemon=True)
    process.start()
    told = ours.recv()
    db.upgrade(url)
    engine = db.open_engine(url)
    writer = Writer(engine)
    settings = Settings(secret_key="s" * 40, keys_dir=key_folder, data_dir=folder)
    wiring = Wiring(settings, engine, writer, utc_now, noter(writer, utc_now))
    items = due(wiring, told)
    sign = ToolKeys(key_folder, utc_now).sign
    expected = sorted((id, float(grade(id))) for id in told[3])
    print(f"{kind}, {grades} grades, {CALL_SECONDS * 1000:.0f} ms a call, one worker process")
    head = ("concurrency", "seconds", "scores/s", "most possible", "CPU ms/score", "of the LMS", "lost", "twice")
    print("{:>12} {:>8} {:>9} {:>14} {:>13} {:>11} {:>5} {:>6}".format(*head))
    for concurrency, item, (link, _column) in zip(CONCURRENCY, items, told[4], strict=True):
        hold(wiring, item)
        ours.send(link)
        _nothing, lms_before = ours.recv()
        worker = Worker(wiring, sign, wiring.authority, concurrency=concurrency, lanes=concurrency)
        begun, work = time.perf_counter(), time.process_time()
        dealt = worker.run_due()
        seconds, cpu = time.perf_counter() - begun, time.process_time() - work
        ours.send(link)
        arrived, lms_now = ours.recv()
        lms_cpu = lms_now - lms_before
        assert dealt == grades and sorted(set(arrived)) == expected, "a grade is lost or wrong"
        twice = len(arrived) - len(set(arrived))
        assert twice == 0, "a grade was told twice"
        print(
            f"{concurrency:>12} {seconds:>8.1f} {grades / seconds:>9.1f} {concurrency / CALL_SECONDS:>14.0f}"
            f" {1000 * cpu / grades:>13.2f} {1000 * lms_cpu / grades:>11.2f} {0:>5} {twice:>6}"
        )
    engine.dispose()
    ours.send(None)
    process.join(30)


if __name__ == "__main__":
    main()
