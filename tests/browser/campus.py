"""A tool with two LMSs of different issuers, and everybody who takes part: each in a browser of their own."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from playwright.sync_api import Browser, Frame, Locator, Page, expect

from lti_tool.demo import environ
from lti_tool.i18n import LANGUAGES
from tests.browser.conftest import ROOT, Demo, Visitor, free_port
from tests.browser.words import Words
from tests.conftest import PATIENCE_MS

# Where somebody wants to look at every page of a walk: LTI_TOOL_TEST_SHOTS=/some/folder
SHOTS = os.environ.get("LTI_TOOL_TEST_SHOTS")
COUNT = itertools.count(1)
FITS = """() => window.parent === window
  || Math.abs(window.innerHeight - document.documentElement.getBoundingClientRect().height) < 4"""
COMMAND = (sys.executable, "-c", "from lti_tool.cli import main; main()")
# What the practice LMS is called, and its courses: in English whoever reads.
TITLES = (
    "Practice LMS",
    "Community engagement and communication officer, group 1",
    "Digital transformation facilitator, group 1",
)


@dataclass
class Campus:
    """The tool of a demo, its LMS (`first`), and a second LMS of another issuer."""

    first: Demo
    second: Demo
    port: int

    def command(self, *arguments: str) -> str:
        """What `lti-tool …` prints, run as the administrator of this tool would."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=ROOT,
            env=environ(self.first.data, self.port),
            capture_output=True,
            text=True,
            timeout=PATIENCE_MS / 1000,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def invite(self, name: str, role: str, programme: str, **bounds: str) -> str:
        """A one-time link for somebody who does not come through an LMS."""
        more = [part for option, value in bounds.items() for part in (f"--{option}", value)]
        told = self.command("people", "invite", name, "--role", role, "--programme", programme, *more, "--json")
        return str(json.loads(told)["link"])


@contextmanager
def second_lms(demo: Demo, data: Path) -> Iterator[Demo]:
    """Another practice LMS, which does not know the tool yet: the same tool, seen from there."""
    port = free_port()
    log = data.with_suffix(".log")
    with log.open("w") as said:
        process = subprocess.Popen(
            [*COMMAND, "practice", "--port", str(port), "--data", str(data), "--auto-activate"],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("LTI_TOOL_")},
            stdout=said,
            stderr=said,
        )
    try:
        url = f"http://localhost:{port}"
        until(lambda: answers(f"{url}/healthz") or process.poll() is not None, f"the second LMS: {log}")
        assert process.poll() is None, log.read_text()
        yield replace(demo, practice=url)
    finally:
        process.terminate()
        process.wait(40)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def until(true: Callable[[], object], what: str) -> None:
    """Returns as soon as `true()` is."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not true():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.1)


@dataclass
class Somebody:
    """Somebody who reads the tool's pages: in the whole window, or (`frame`) in that of an LMS."""

    page: Page
    words: Words
    frame: Frame | None = None

    @property
    def at(self) -> Page | Frame:
        return self.frame or self.page

    @property
    def main(self) -> Locator:
        return self.at.locator("main")

    def __getitem__(self, selector: str) -> Locator:
        return self.main.locator(selector)

    def in_front(self) -> None:
        """This window is looked at, and the LMS has given the frame the height of its page: what is still moving when
        the button goes down may be elsewhere when it comes up."""
        self.page.bring_to_front()
        self.at.wait_for_function(FITS)

    def go(self, url: str) -> None:
        self.at.goto(url)
        self.look()

    def look(self) -> None:
        """Reads the page, as a person does who knows one language."""
        path = urlsplit(self.at.url).path
        self.words.read(path, self.at)
        if SHOTS:
            plain = re.sub(r"^/s/[^/]+|[0-9a-f]{8}-[0-9a-f-]{27}|/observe/.*|/sign-in/.*", "", path).replace("/", "-")
            shot = Path(SHOTS) / f"walk-{self.words.language}-{next(COUNT):03}{plain}.png"
            if self.frame:
                self.frame.locator("html").screenshot(path=shot)
            else:
                self.page.screenshot(path=shot, full_page=True)

    def follow(self, link: Locator) -> None:
        """Clicks on something that leads to another page, and reads that."""
        self.in_front()
        with self.at.expect_navigation():
            link.click()
        self.look()

    def link(self, text: str, within: Locator | None = None, **params: Any) -> None:
        """Follows the link (its English words are given)."""
        place = within or self.at.locator("body")
        self.follow(place.get_by_role("link", name=self.words(text, **params), exact=True).first)

    def named(self, text: str) -> None:
        """Follows the link with these very words."""
        self.follow(self.main.get_by_role("link", name=text, exact=True).first)

    def press(self, text: str, within: Locator | None = None, **params: Any) -> None:
        """Presses the button (its English words are given)."""
        place = within or self.main
        self.follow(place.get_by_role("button", name=self.words(text, **params), exact=True).first)

    def unfold(self, text: str, within: Locator | None = None) -> Locator:
        """Opens what is folded up under these words (English); what it holds."""
        details = (within or self.main).locator("details", has_text=self.words(text)).first
        if details.get_attribute("open") is None:
            details.locator("summary").first.click()
        return details

    def sees(self, *texts: str) -> None:
        """All of these stand on the page."""
        for text in texts:
            expect(self.main).to_contain_text(text)

    def sees_not(self, *texts: str) -> None:
        for text in texts:
            expect(self.main).not_to_contain_text(text)


@dataclass
class Cast:
    """Makes browsers for the people of one walk. What a page says on its console is noted in `problems`; what of it was
    brought about on purpose, in `expected`."""

    campus: Campus
    browser: Browser
    words: Words
    stack: ExitStack
    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    @property
    def surprises(self) -> list[str]:
        """What pages said on their consoles and nobody waited for."""
        return [said for said in self.problems if not any(one in said for one in self.expected)]

    def page(self, language: str) -> Page:
        context = self.browser.new_context(
            locale=language,
            viewport={"width": 1280, "height": 4000 if SHOTS else 1000},
            timezone_id="Europe/Riga",
            accept_downloads=True,
        )
        self.stack.callback(context.close)
        context.set_default_timeout(PATIENCE_MS)
        return self.watched(context.new_page())

    def watched(self, page: Page) -> Page:
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.on(
            "console",
            lambda said: self.problems.append(f"{said.text} at {page.url}") if said.type == "error" else None,
        )
        return page

    def visitor(self, lms: Demo, login: str, page: Page | None = None) -> Visitor:
        """Somebody signed in to an LMS."""
        visitor = Visitor(lms, page or self.page(self.words.language), self.problems)
        visitor.sign_in(login)
        return visitor

    def guest(self, language: str = "") -> Somebody:
        """Somebody whom nobody here knows."""
        return Somebody(self.page(language or self.words.language), self.words)

    def staff(self, name: str, role: str, programme: str, **bounds: str) -> Somebody:
        """Somebody with a role, signed in by their one-time link."""
        self.words.known.append(name)
        one = self.guest()
        one.go(self.campus.invite(name, role, programme, **bounds))
        one.sees(name)
        one.press("Sign in")
        return one


def open_activity(visitor: Visitor, words: Words, course: int, content: str) -> Somebody:
    """The tool's page, in the frame of an activity."""
    found = [
        a
        for a in visitor.demo.state()["activities"]
        if a["course_id"] == str(course) and a["custom"].get("content") == content
    ]
    assert found, f"no activity for {content} in course {course}"
    visitor.page.goto(f"{visitor.demo.practice}/courses/{course}/activities/{found[0]['id']}")
    one = Somebody(visitor.page, words, visitor.tool_frame())
    one.look()
    return one


def register_by_page(cast: Cast, lms: Demo) -> None:
    """The administrator of an LMS registers the tool there."""
    admin = cast.visitor(lms, "admin", cast.page("en"))
    admin.page.goto(f"{lms.practice}/admin")
    form = admin.page.locator('form[action$="/admin/register"]')
    form.locator("input[name=url]").fill(f"{lms.tool}/lti/register")
    form.locator("button").click()
    frame = admin.tool_frame("/lti/register")
    frame.get_by_role("button", name="Register").click()
    until(lambda: lms.state()["registrations"], f"the registration at {lms.practice}")


def add_content(cast: Cast, lms: Demo, course: int, programme: str, unit: str, picks: list[str]) -> None:
    """A teacher, who reads the language of the walk, adds these to a course by the tool's own page."""
    words = cast.words
    teacher = cast.visitor(lms, "teacher")
    tool = lms.state()["registrations"][-1]["id"]
    teacher.page.goto(f"{lms.practice}/courses/{course}/choose/{tool}")
    chooser = Somebody(teacher.page, words, teacher.tool_frame("/choose"))
    chooser.at.locator("details.language summary").click()
    chooser.follow(chooser.at.get_by_role("button", name=LANGUAGES[words.language]))
    shelf = chooser.at.locator(f'li[data-programme="{programme}"] details').first
    if shelf.get_attribute("open") is None:
        shelf.locator("summary").click()
    chooser.at.locator(f'button[name=show][value="{programme}/unit/{unit}"]').click()
    for pick in picks:
        chooser.at.locator(f'[name=pick][value="{programme}/{pick}"]').check()
    there = {a["id"] for a in lms.state()["activities"]}
    chooser.at.locator("[data-add]").click()
    until(lambda: len({a["id"] for a in lms.state()["activities"]} - there) == len(picks), "the new activities")
