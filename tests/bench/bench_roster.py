"""Prints how long a list of 10,000 members takes to be read and kept, and how much memory, on both databases.

python -m tests.bench.bench_roster [members] [postgresql://…]

The practice LMS runs in a process of its own, so that seconds and memory are the tool's.
"""

from __future__ import annotations

import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import requests
import sqlalchemy as sa

from lti_tool import db
from lti_tool.calls import noter
from lti_tool.db import open_engine, reading, writing
from lti_tool.gradebook.roster import Rosters
from lti_tool.launch import keys, platforms
from lti_tool.launch.keys import ToolKeys
from lti_tool.people import roster as store
from lti_tool.people import store as people
from lti_tool.practice import people as practice_people
from lti_tool.practice.claims import memberships_url
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring, utc_now
from tests.practice_server import practice_server
from xapi.writer import Writer

MEMBERS = 10_000


def lms(pipe: Connection, folder: str, members: int) -> None:
    """The practice LMS with that many learners in its first course, until the pipe says so."""
    published = ToolKeys(Path(folder), utc_now).public
    with practice_server(published) as server:
        assert server.tool is not None
        with server.lms.store.transaction() as database:
            for number in range(members):
                person = practice_people.add_person(database, f"learner{number}", "Anna", f"Bērziņa {number}")
                practice_people.enrol(database, 1, person, practice_people.LEARNER)
        tool = server.tool
        pipe.send((server.url, tool.client_id, tool.deployment_id, memberships_url(server.url, 1, tool.id)))
        pipe.recv()


def peak() -> float:
    """Most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(url: str, key_folder: str, told: tuple[str, str, str, str], members: int) -> None:
    """Measured in this process: the first reading, and a second one that changes nothing."""
    db.upgrade(url)
    engine = open_engine(url)
    writer = Writer(engine)
    settings = Settings(secret_key="s" * 40, keys_dir=Path(key_folder))
    wiring = Wiring(settings, engine, writer, utc_now, noter(writer, utc_now))
    lms_url, client, deployment, list_url = told
    with writing(engine) as conn:
        new = platforms.NewPlatform(
            "Practice", lms_url, client, f"{lms_url}/auth", f"{lms_url}/token", f"{lms_url}/jwks", (deployment,)
        )
        platform = platforms.add(conn, new, "approved", utc_now())
        assert platform is not None
        course = people.course(conn, platform, "1", utc_now(), roster_url=list_url).id
    rosters = Rosters(wiring, ToolKeys(Path(key_folder), utc_now).sign)
    requests.get(f"{lms_url}/state.json", timeout=60).close()
    before = peak()
    for what in ("first reading", "second, nothing new"):
        writer.run(lambda conn: store.ask(conn, course, datetime.now(UTC)))
        begun, work = time.perf_counter(), time.process_time()
        rosters.run_due()
        seconds, cpu = time.perf_counter() - begun, time.process_time() - work
        print(
            f"{engine.dialect.name:<12}{what:<22}{seconds:>7.2f} s by the clock{cpu:>7.2f} s of CPU"
            f"{peak():>8.1f} MB at most, {peak() - before:.1f} of them for this"
        )
    with reading(engine) as conn:
        here = conn.scalar(sa.select(sa.func.count()).select_from(people.members))
    assert here is not None and here >= members, here
    engine.dispose()


def main(members: int, urls: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        key_folder = str(Path(folder) / "keys")
        keys.make_first(Path(key_folder))
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        server = context.Process(target=lms, args=(theirs, key_folder, members), daemon=True)
        server.start()
        told = ours.recv()
        print(f"{members} members, pages of 500")
        for url in [f"sqlite:///{folder}/bench.sqlite3", *urls]:
            # A process each: the most memory that a process had never falls again.
            subprocess.run(
                [sys.executable, "-m", "tests.bench.bench_roster", "--one", url, key_folder, *told, str(members)],
                check=True,
            )
        ours.send("end")
        server.join(10)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        address, keys_at, lms_at, client_id, deployment_id, list_at, count = sys.argv[2:]
        one(address, keys_at, (lms_at, client_id, deployment_id, list_at), int(count))
    else:
        given = sys.argv[1:]
        wanted = int(given.pop(0)) if given and given[0].isdigit() else MEMBERS
        main(wanted, given)
