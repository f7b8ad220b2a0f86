"""What the tests need beside Python, PostgreSQL and Chromium: found, else installed where that may be, else a failure.

`python -m tests.services` (run by `make test`) prepares both; the fixtures call the same functions.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import sqlalchemy as sa

ADMIN_URL = "LTI_TOOL_TEST_POSTGRES"
CHROMIUM = "LTI_TOOL_TEST_CHROMIUM"
# As root Chromium runs without its sandbox only; it does not ask the network for things of its own; and the tool's
# frame in the page of an LMS is no process of its own. With one, on a busy machine, its driver now and then misses that
# the frame shows another page (https://github.com/puppeteer/puppeteer/issues/9889 is the same race), and waits for ever
# for a page that is there. Which cookies are a third party's does not depend on processes.
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-site-isolation-trials",
)


class Missing(Exception):
    """A service that the tests need is not there and can't be had."""


def _apt(*packages: str) -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing(f"install {' '.join(packages)} (Debian names), or run the tests as root on Debian")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", *packages]):
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=900, check=False)
        if done.returncode:
            raise Missing(f"{' '.join(command)} failed: {done.stderr[-500:]}")


@cache
def chromium() -> str:
    """Path of a Chromium that Playwright can drive."""
    named = os.environ.get(CHROMIUM)
    if named:
        return named
    for _attempt in range(2):
        for name in ("chromium", "chromium-browser", "google-chrome"):
            if found := shutil.which(name):
                return found
        _apt("chromium")
    raise Missing("Chromium was installed but can't be found; set " + CHROMIUM)


def _reachable(url: str) -> bool:
    engine = sa.create_engine(url, connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as conn:
            return bool(
                conn.scalar(sa.text("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"))
            )
    except sa.exc.OperationalError:
        return False
    finally:
        engine.dispose()


@cache
def postgres() -> str:
    """Address of a PostgreSQL where the tests may create databases: the named one, a local one, one started now."""
    if named := os.environ.get(ADMIN_URL):
        if not _reachable(named):
            raise Missing(f"{ADMIN_URL} can't be reached, or its user may not create databases")
        return named
    user = os.environ.get("USER") or "root"
    for url in (
        f"postgresql+psycopg://{user}@127.0.0.1:5432/postgres",
        "postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
    ):
        if _reachable(url):
            return url
    return _started_postgres()


def _binaries() -> Path:
    for _attempt in range(2):
        if found := shutil.which("initdb"):
            return Path(found).parent
        if folders := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
            return folders[-1].parent
        _apt("postgresql")
    raise Missing("PostgreSQL was installed but initdb can't be found; set " + ADMIN_URL)


def _started_postgres() -> str:
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="lti-tool-pg-"))
    as_user: Sequence[str] = ()
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        as_user = ("runuser", "-u", "postgres", "--")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    run = [*as_user, str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    subprocess.run(run, check=True, capture_output=True, timeout=120, cwd=folder)
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [*as_user, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    subprocess.run(
        [*control, "-l", str(folder / "log"), "-o", options, "start"],
        check=True,
        timeout=120,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def stop() -> None:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd="/")
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    os.environ[ADMIN_URL] = url  # worker processes of this run use the same server
    return url


if __name__ == "__main__":
    try:
        print("PostgreSQL:", postgres())
        print("Chromium:", chromium())
    except Missing as missing:
        sys.exit(f"tests need a service that is not here: {missing}")
