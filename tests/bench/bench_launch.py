"""Prints login + launch pairs per second, and CPU milliseconds a pair, of one worker process with durable state.

python -m tests.bench.bench_launch [pairs]

Beside this tool on both databases stands the pattern of pylti1p3's own sample
(https://github.com/dmitry-viskov/pylti1.3-flask-example, game/app.py), with nothing made slower and these things made
lighter than there: no page that tests for cookies before each login, a plain dictionary instead of Flask-Caching, one
line instead of the game's page, and no launch printed. It is measured twice:

* as written: `ToolConfJsonFile` is read in each request, and the key set is fetched for each launch, as the sample does
  for every platform whose keys are not copied into its configuration;
* keys cached: the same with `set_public_key_caching`, which pylti1p3 has and the sample does not use.

What both sides have in common: gunicorn with one process of eight threads, plain HTTP with connections kept open, the
same claims with a gradebook column, 200 learners of one course, each of whom came before. The client plays browser and
platform and signs; only the CPU time of the serving process is counted, user and system, its threads together
(/proc/<pid>/task/*/schedstat). Of ours nothing is left out: registration, state and keys are looked up, state and nonce
burnt, person, course, enrolment and column brought up to date and committed (synchronous=FULL on SQLite). What
PostgreSQL and the platform's key server use is in processes of their own and counted for nobody.

All servers are up at once and take turns in many short rounds, after a warm-up; told are the medians of the rounds, and
the median of the ratios within each round: what else the machine does then falls on all of them alike.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import jwt
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import lti_tool.db
from lti_tool.db import open_engine, writing
from lti_tool.ecvet import load
from lti_tool.ecvet import store as programmes
from lti_tool.launch import claims as c
from lti_tool.launch import keys
from lti_tool.launch.keys import jwk_of
from tests import services
from tests.builders import LMS, rsa_key

ROOT = Path(__file__).parents[2]
THREADS = 8
LEARNERS = 200
SAMPLE = "pylti1p3's sample"
CACHED = f"{SAMPLE}, keys cached"
SETTINGS: Mapping[str, Any] = {
    "workers": 1,
    "worker_class": "gthread",
    "threads": THREADS,
    "accesslog": None,
    "loglevel": "warning",
    "control_socket_disable": True,
}
ROUNDS = 11


@dataclass(frozen=True)
class Server:
    """A tool on this machine, with the LMS that it knows."""

    port: int
    lms: LMS
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """What the one worker process has used so far: its threads live as long as it does."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        threads = Path(f"/proc/{children[0]}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def pair(connection: HTTPConnection, server: Server, number: int) -> None:
    """One login and the launch that follows it, as browser and LMS."""
    lms, headers = server.lms, {"Content-Type": "application/x-www-form-urlencoded"}
    asked = {
        "iss": lms.issuer,
        "client_id": lms.client_id,
        "login_hint": str(number),
        "lti_message_hint": '{"cmid":9}',
        "lti_deployment_id": lms.deployment,
        "target_link_uri": f"{server.url}/lti/launch",
    }
    connection.request("POST", "/lti/login", urlencode(asked), headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 302, answer.status
    cookies = "; ".join(line.partition(";")[0] for line in answer.headers.get_all("Set-Cookie", []))
    told = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    claims = lms.claims(
        told["nonce"],
        datetime.now(UTC),
        **{
            "sub": f"user-{number % LEARNERS}",
            c.TARGET: f"{server.url}/lti/launch",
            c.CUSTOM: {"content": "module/M01", "programme": "CECO"},
        },
    )
    token = jwt.encode(claims, rsa_key(0), algorithm="RS256", headers={"kid": lms.kid})
    sent = urlencode({"id_token": token, "state": told["state"]})
    connection.request("POST", "/lti/launch", sent, {**headers, "Cookie": cookies})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status in (200, 303), f"{answer.status} {body[:500]!r}"


def run(server: Server, count: int, at_once: int) -> tuple[float, float]:
    """Pairs per second, and CPU milliseconds of the server a pair."""

    def work(share: int) -> None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        for number in range(share, count, at_once):
            pair(connection, server, number)
        connection.close()

    cpu, start = server.cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(work, range(at_once)))
    took = time.perf_counter() - start
    return count / took, (server.cpu_seconds() - cpu) / count * 1000


# --- what is measured ---


@contextmanager
def started(command: list[str], environ: Mapping[str, str], port: int, lms: LMS) -> Iterator[Server]:
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env={**os.environ, **environ})
    server = Server(port, lms, process)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                connection = HTTPConnection("127.0.0.1", port, timeout=5)
                for number in range(LEARNERS + 20):  # so that keys are there, connections open, learners known
                    pair(connection, server, number)
                break
            except ConnectionError:
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.1)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def ours(database_url: str, folder: Path, lms: LMS) -> Iterator[Server]:
    """This tool on that database."""
    lti_tool.db.upgrade(database_url)
    keys.make_first(folder / "keys")
    engine = open_engine(database_url)
    now = datetime.now(UTC)
    with writing(engine) as conn:
        lms.registered(conn, now)
        for path in sorted((ROOT / "config/programmes").glob("*.yaml")):
            programmes.import_programme(conn, path.name, load.texts(path), now)
    engine.dispose()
    port = free_port()
    environ = {
        "LTI_TOOL_BASE_URL": f"http://127.0.0.1:{port}",
        "LTI_TOOL_DATABASE_URL": database_url,
        "LTI_TOOL_DATA_DIR": str(folder),
        "LTI_TOOL_KEYS_DIR": str(folder / "keys"),
        "LTI_TOOL_CONFIG_DIR": str(ROOT / "config"),
        "LTI_TOOL_SECRET_KEY": "a secret of the bench, long enough",
    }
    command = ["-c", "from lti_tool.cli import main; main()", "serve", "--port", str(port)]
    with started([*command, "--workers", "1", "--threads", str(THREADS)], environ, port, lms) as server:
        yield server


@contextmanager
def theirs(folder: Path, lms: LMS, *, cached: bool) -> Iterator[Server]:
    """pylti1p3's sample; its configuration lies in a file of the folder."""
    port = free_port()
    key = rsa_key(1).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "private.key").write_bytes(key)
    registration = {
        "default": True,
        "client_id": lms.client_id,
        "auth_login_url": lms.auth_url,
        "auth_token_url": f"{lms.issuer}/token",
        "key_set_url": lms.jwks_url,
        "key_set": None,
        "private_key_file": "private.key",
        "deployment_ids": [lms.deployment],
    }
    config = folder / "sample.json"
    config.write_text(json.dumps({lms.issuer: [registration]}))
    kind = "cached" if cached else "written"
    command = ["-m", "tests.bench.bench_launch", "sample", str(port), str(config), kind]
    with started(command, {}, port, lms) as server:
        yield server


def serve_sample(port: int, config: str, kind: str) -> None:
    """The login and launch views in the pattern of pylti1p3's Flask sample, with a cache in memory."""
    from flask import Flask, render_template_string
    from gunicorn.app.base import BaseApplication
    from pylti1p3.contrib import flask as lti
    from pylti1p3.tool_config.json_file import ToolConfJsonFile

    class Cache(dict[str, Any]):
        def set(self, key: str, value: Any, exp: int | None = None) -> None:
            self[key] = value

    library: Any = lti  # it has no types
    app = Flask("sample")
    app.secret_key = secrets.token_hex()
    storage = library.FlaskCacheDataStorage(Cache())

    @app.route("/lti/login", methods=["GET", "POST"])
    def login() -> Any:
        asked = library.FlaskRequest()
        begun = library.FlaskOIDCLogin(asked, ToolConfJsonFile(config), launch_data_storage=storage)
        return begun.redirect(asked.get_param("target_link_uri"))

    @app.route("/lti/launch", methods=["POST"])
    def launch() -> str:
        message = library.FlaskMessageLaunch(
            library.FlaskRequest(), ToolConfJsonFile(config), launch_data_storage=storage
        )
        if kind == "cached":
            message.set_public_key_caching(storage, cache_lifetime=7200)
        data = message.get_launch_data()
        return render_template_string("<p>{{ name }} {{ id }}", name=data.get("name"), id=message.get_launch_id())

    class Sample(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            for name, value in {**SETTINGS, "bind": f"127.0.0.1:{port}"}.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Flask:
            return app

    Sample().run()


@contextmanager
def key_server() -> Iterator[LMS]:
    """An LMS that publishes its key set on a port of this machine."""
    published = {"keys": [{**jwk_of(rsa_key(0).public_key()), "kid": "lms-key-1", "alg": "RS256", "use": "sig"}]}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(published).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield LMS(issuer=f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def postgres_database() -> Iterator[str]:
    admin = sa.create_engine(services.postgres(), isolation_level="AUTOCOMMIT")
    name = f"lti_tool_bench_{uuid4().hex[:12]}"
    with admin.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
    try:
        yield sa.make_url(services.postgres()).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as conn:
            conn.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        admin.dispose()


def main(count: int) -> None:
    """One table for each number of clients."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lms = stack.enter_context(key_server())
        (folder / "pg").mkdir()
        database = stack.enter_context(postgres_database())
        servers = {
            "this tool, SQLite": stack.enter_context(ours(f"sqlite:///{folder / 'bench.sqlite3'}", folder, lms)),
            "this tool, PostgreSQL": stack.enter_context(ours(database, folder / "pg", lms)),
            SAMPLE: stack.enter_context(theirs(folder, lms, cached=False)),
            CACHED: stack.enter_context(theirs(folder, lms, cached=True)),
        }
        print(
            f"login + launch: medians of {ROUNDS} rounds of {count // ROUNDS} pairs, one process of {THREADS} threads"
        )
        for at_once in (1, 8):
            rounds = []
            for turn in range(ROUNDS):
                order = sorted(servers, key=lambda name: (list(servers).index(name) + turn) % len(servers))
                rounds.append({name: run(servers[name], count // ROUNDS, at_once) for name in order})
            print(
                f"{f'{at_once} at once':31}{'pairs/s':>10}{'CPU ms/pair':>13}{'to the sample':>15}{'keys cached':>13}"
            )
            for name in servers:
                rate = median(one[name][0] for one in rounds)
                cpu = median(one[name][1] for one in rounds)
                ratio = median(one[name][1] / one[SAMPLE][1] for one in rounds)
                cached = median(one[name][1] / one[CACHED][1] for one in rounds)
                print(f"{name:31}{rate:>10.0f}{cpu:>13.2f}{ratio:>15.2f}{cached:>13.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["sample"]:
        serve_sample(int(sys.argv[2]), sys.argv[3], sys.argv[4])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 660)
