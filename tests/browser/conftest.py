"""The demo, as a newcomer starts it, on free ports; Chromium with and without third-party cookies."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, Frame, Page, Playwright

from tests.conftest import PATIENCE_MS
from tests.services import CHROMIUM_ARGUMENTS, chromium

ROOT = Path(__file__).parents[2]
# The demo is one, with one database: its tests run in one process, in order. Each module says so for itself: marks that
# a hook adds come too late for the distribution of tests.
DEMO = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Demo:
    """The running demo: addresses, and the one-time links it printed."""

    tool: str
    practice: str
    links: dict[str, str]
    data: Path
    process: subprocess.Popen[str]

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.practice}/state.json", timeout=60).json()
        return found

    def grade(self, login: str, content: str) -> float | None:
        """What the practice LMS holds for a person on the activity that stands for `content`."""
        state = self.state()
        links = [a["resource_link_id"] for a in state["activities"] if a["custom"].get("content") == content]
        for item in state["line_items"]:
            if item["resource_link_id"] in links:
                for grade in item["grades"]:
                    if grade["login"] == login:
                        return None if grade["score"] is None else float(grade["score"])
        return None

    def switch(self, **switches: bool) -> None:
        requests.post(f"{self.practice}/switches.json", json=switches, timeout=60).raise_for_status()


def start_demo(data: Path) -> Demo:
    """`lti-tool demo` on free ports; returns when it has printed its greeting."""
    ports = [free_port(), free_port()]
    command = [sys.executable, "-c", "from lti_tool.cli import main; main()", "demo", "--data", str(data)]
    log = data.parent / f"{data.name}.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command, "--port", str(ports[0]), "--practice-port", str(ports[1])],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("LTI_TOOL_")},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    links: dict[str, str] = {}
    for line in process.stdout:
        if found := re.match(r"\s+(\S.*?)\s+(http://\S+/sign-in/\S+)", line):
            links[found[1]] = found[2]
        if line.startswith("Ctrl-C"):
            return Demo(f"http://127.0.0.1:{ports[0]}", f"http://localhost:{ports[1]}", links, data, process)
    raise AssertionError(f"the demo did not start: {log.read_text()}")


def stop_demo(demo: Demo) -> int:
    """Ctrl-C; the exit status."""
    demo.process.send_signal(signal.SIGINT)
    status = demo.process.wait(40)
    if demo.process.stdout is not None:
        demo.process.stdout.close()
    return status


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = start_demo(tmp_path_factory.mktemp("demo") / "var")
    yield demo
    assert stop_demo(demo) == 0


NewContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(playwright: Playwright, tmp_path: Path) -> Iterator[NewContext]:
    """Makes browsers with a profile of their own; `cookies=False` blocks third-party cookies, as most do by now."""
    opened: list[BrowserContext] = []

    def make(*, cookies: bool = True, width: int = 1280, height: int = 1000, **more: Any) -> BrowserContext:
        profile = tmp_path / f"profile{len(opened)}"
        (profile / "Default").mkdir(parents=True)
        settings = {"profile": {"block_third_party_cookies": not cookies, "cookie_controls_mode": 0 if cookies else 1}}
        (profile / "Default" / "Preferences").write_text(json.dumps(settings))
        context = playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=chromium(),
            args=list(CHROMIUM_ARGUMENTS),
            viewport={"width": width, "height": height},
            **{"locale": "en-GB", "timezone_id": "Europe/Riga", **more},
        )
        context.set_default_timeout(PATIENCE_MS)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@dataclass
class Visitor:
    """Somebody at a browser, signed in to the practice LMS."""

    demo: Demo
    page: Page
    problems: list[str]
    login: str = ""

    def sign_in(self, login: str) -> None:
        self.login = login
        self.page.goto(f"{self.demo.practice}/sign-in")
        self.page.locator(f"form:has(input[name=login][value={login}]) button").click()
        self.page.wait_for_load_state()

    def open(self, content: str) -> Frame:
        """Opens an activity of the first course, and gives the tool's frame once it shows a page."""
        found = [a for a in self.demo.state()["activities"] if a["custom"].get("content") == content]
        assert found, f"no activity for {content}"
        self.page.goto(f"{self.demo.practice}/courses/{found[0]['course_id']}/activities/{found[0]['id']}")
        return self.tool_frame()

    def tool_frame(self, part: str = "/s/") -> Frame:
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < deadline:
            for frame in self.page.frames:
                if frame.url.startswith(self.demo.tool) and part in frame.url:
                    frame.wait_for_load_state()
                    return frame
            self.page.wait_for_timeout(100)
        raise AssertionError(f"the tool does not show: {[frame.url for frame in self.page.frames]}")


@pytest.fixture
def visit(demo: Demo, new_context: NewContext) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors. What a page says on its console, or fails to load, fails the test."""
    visitors: list[Visitor] = []

    def make(login: str | None = None, **options: Any) -> Visitor:
        page = new_context(**options).pages[0]
        visitor = Visitor(demo, page, [])
        page.on("pageerror", lambda error: visitor.problems.append(f"script: {error}"))
        page.on(
            "console",
            lambda message: visitor.problems.append(f"console: {message.text}") if message.type == "error" else None,
        )
        if login:
            visitor.sign_in(login)
        visitors.append(visitor)
        return visitor

    yield make
    assert [problem for visitor in visitors for problem in visitor.problems] == []
