"""`lti-tool demo`: tool, practice LMS and worker on this machine, with data of its own, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import requests
from sqlalchemy import Connection

from lti_tool.db import upgrade
from lti_tool.ecvet import load
from lti_tool.ecvet import store as programmes
from lti_tool.errors import BadInput
from lti_tool.launch import keys
from lti_tool.people import store as people
from lti_tool.people.roles import Grant, Role
from lti_tool.practice.browserless import Answer, Browserless, Step, by_http
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring

START_SECONDS: Final = 60
STOP_SECONDS: Final = 25
# The people of the demo who don't come through a course: name, role, programme.
PEOPLE: Final[tuple[tuple[str, Role, str | None], ...]] = (
    ("Māra Liepiņa (coordinator)", "coordinator", None),
    ("Andrejs Kalniņš (mentor)", "mentor", "CECO"),
    ("Dace Ozoliņa (trainer)", "trainer", None),
    ("Ивана Петрова (assessor)", "assessor", None),
    ("Site administrator", "admin", None),
)
# What the first course of the practice LMS has in it when the demo is new.
FIRST_ACTIVITIES: Final = ("CECO/module/M01", "CECO/module/M02")


def run(port: int, practice_port: int, data: str) -> int:
    """The demo runs until it is told to stop; the exit status is 0, or 1 where a part of it failed."""
    folder = Path(data).resolve()
    for number in (port, practice_port):
        if _taken(number):
            print(f"lti-tool: PORT: {number} is in use; end what uses it, or name another", file=sys.stderr)
            return 2
    signal.signal(signal.SIGTERM, _interrupt)
    given = environ(folder, port)
    settings = Settings.read(given)
    _prepare(settings)
    practice_url = f"http://localhost:{practice_port}"
    with ExitStack() as stack:
        try:
            parts = [_start(stack, given, *_practice(folder, port, practice_port))]
            parts.append(_start(stack, given, "serve", "--port", str(port), "--workers", "1"))
            parts.append(_start(stack, given, "worker"))
            _wait_for(f"{practice_url}/healthz", parts)
            _wait_for(f"{settings.base_url}/readyz", parts)
            _register(settings, practice_url)
            _say_hello(settings, practice_url, _invite(settings))
            while all(part.poll() is None for part in parts):
                time.sleep(0.5)
            print("lti-tool: DEMO: a part of the demo has ended; see above", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\nStopping …")
            return 0


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def environ(folder: Path, port: int) -> dict[str, str]:
    """The settings of the demo, given to its parts. Those of a real installation in this shell are left out."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("LTI_TOOL_")}
    return plain | {
        "LTI_TOOL_BASE_URL": f"http://127.0.0.1:{port}",
        "LTI_TOOL_DATA_DIR": str(folder),
        "LTI_TOOL_DATABASE_URL": f"sqlite:///{folder / 'lti-tool.sqlite3'}",
        "LTI_TOOL_KEYS_DIR": str(folder / "keys"),
        "LTI_TOOL_CONFIG_DIR": os.environ.get("LTI_TOOL_CONFIG_DIR", str(Path("config").resolve())),
        "LTI_TOOL_REGISTRATION": "open",
    }


def _prepare(settings: Settings) -> None:
    upgrade(settings.database_url)
    keys.make_first(settings.keys_dir)
    wiring = Wiring.open(settings)
    for path in sorted((settings.config_dir / "programmes").glob("*.yaml")):
        texts = load.texts(path)
        wiring.writer.run(_importing(path.name, texts, wiring))
    wiring.engine.dispose()


def _importing(name: str, texts: Mapping[str, str], wiring: Wiring) -> Callable[[Connection], object]:
    return lambda conn: programmes.import_programme(conn, name, texts, wiring.clock())


def _practice(folder: Path, port: int, practice_port: int) -> tuple[str, ...]:
    return (
        "practice",
        "--port",
        str(practice_port),
        "--data",
        str(folder / "practice"),
        "--tool-url",
        f"http://127.0.0.1:{port}/lti/register",
        "--auto-activate",
    )


def _start(stack: ExitStack, given: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches this process alone, which then ends the parts in order.
    part = subprocess.Popen(
        [sys.executable, "-c", "from lti_tool.cli import main; main()", *arguments],
        env=given,
        start_new_session=True,
    )
    stack.callback(_stop, part)
    return part


def _stop(part: subprocess.Popen[bytes]) -> None:
    if part.poll() is None:
        part.terminate()
        try:
            part.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            part.kill()
            part.wait()


def _wait_for(url: str, parts: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and all(part.poll() is None for part in parts):
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)
    raise BadInput("DEMO", f"{url} does not answer", "Look at the lines above.")


def _register(settings: Settings, practice_url: str) -> None:
    """The practice LMS knows the tool, and its first course has something in it, where the demo is new."""
    state = requests.get(f"{practice_url}/state.json", timeout=10).json()
    browser = Browserless(by_http(), by_http(), practice_url)
    if not state["registrations"]:
        browser.sign_in("admin")
        answer = browser.register(f"{settings.base_url}/lti/register")
        if answer.status != 200:
            raise BadInput("DEMO", f"the practice LMS was not registered: {answer.status} {answer.text[:500]}")
        state = requests.get(f"{practice_url}/state.json", timeout=10).json()
    if not state["activities"]:
        browser = Browserless(by_http(), by_http(), practice_url)
        browser.sign_in("teacher")
        _add_first_activities(browser, state["registrations"][-1]["id"])


def _add_first_activities(browser: Browserless, tool_id: int) -> None:
    """As a teacher would: the tool's own page is opened by deep linking, an item is ticked, the choice goes back."""
    for pick in FIRST_ACTIVITIES:
        answer = browser.choose(1, tool_id).answer
        page = browser.tool(Step("GET", urljoin(answer.url, answer.location or "")))
        sent = browser.tool(_posted(page).having(pick=pick))
        browser.return_choice(_posted(sent))


def _posted(page: Answer) -> Step:
    return next(form for form in page.forms() if form.method == "POST")


def _invite(settings: Settings) -> list[tuple[str, str]]:
    """A fresh one-time link for each of the demo's people without LMS."""
    wiring = Wiring.open(settings)
    now = wiring.clock()

    def work(conn: Connection) -> list[tuple[str, str]]:
        there = {account.name: account.key for account, _grant in people.holders(conn)}
        links = []
        for name, role, programme in PEOPLE:
            key = there.get(name) or people.person_here(conn, settings.base_url, name, now)
            people.grant(conn, key, Grant(role, None, programme), "demo", now)
            links.append((name, f"{settings.base_url}/sign-in/{people.invite(conn, key, now)}"))
        return links

    links = wiring.writer.run(work)
    wiring.engine.dispose()
    return links


def _say_hello(settings: Settings, practice_url: str, links: list[tuple[str, str]]) -> None:
    state = requests.get(f"{practice_url}/state.json", timeout=10).json()
    print(f"\nOpen this address:   {practice_url}\n")
    print("Sign in there with the password “practice” as")
    for user in state["users"]:
        print(f"  {user['login']:<10} {user.get('name') or ''}")
    print(f"\nThe tool itself is at {settings.base_url}. People without an LMS sign in by these links, once each:")
    for name, link in links:
        print(f"  {name:<28} {link}")
    print("\nCtrl-C stops everything; the data stays.", flush=True)
