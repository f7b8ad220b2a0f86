"""Every page: nothing that axe-core finds, nothing that scrolls sideways, in three widths and two schemes."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from playwright.sync_api import Frame, Page

from tests.browser.conftest import DEMO, Demo, Visitor
from tests.conftest import PATIENCE_MS
from tests.looking import beyond_the_edge, dress, violations

pytestmark = DEMO

Visit = Callable[..., Visitor]

# Where somebody wants to look at them: LTI_TOOL_TEST_SHOTS=/some/folder
SHOTS = os.environ.get("LTI_TOOL_TEST_SHOTS")
# axe judges contrast and names, which width does not change; each scheme is judged once, in another width.
LOOKS = ((360, "dark", True), (800, "light", True), (1280, "light", False), (1280, "dark", False))
# For the eye, every width in both.
if SHOTS:
    LOOKS += ((360, "light", False), (800, "dark", False))


# Pages of the tool that a page leads to: no files, nothing that stands for a place on the same page.
BELOW = r"""links => [...new Set(links.map(link => link.getAttribute("href")))].filter(
    href => href && !href.includes(".csv") &&
        /^\/(programme\/(.*learner|[A-Z]+$|[A-Z]+\/move)|admin\/(log|clients)|course)/.test(href))"""


def look(page: Page, frame: Frame | Page, name: str) -> list[str]:
    """What is wrong with what `frame` shows."""
    wrong = []
    for width, scheme, judged in LOOKS:
        dress(page, scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(100)
        if judged:
            wrong += [f"{name} {width} {scheme}: {line}" for line in violations(frame)]
        if (beyond := beyond_the_edge(frame)) > 1:
            wrong.append(f"{name} {width} {scheme}: {beyond} px beyond the right edge")
        if SHOTS:
            target = frame.locator("html") if isinstance(frame, Frame) else page
            path = Path(SHOTS) / f"{name}-{width}-{scheme}.png"
            target.screenshot(path=path, **({} if isinstance(frame, Frame) else {"full_page": True}))
    return wrong


def look_at_all(visitor: Visitor, frame: Frame | Page, paths: Sequence[str], prefix: str) -> list[str]:
    root = re.match(r"https?://[^/]+(/s/[^/]+)?", frame.url)
    assert root is not None
    wrong = []
    for path in paths:
        answer = frame.goto(root[0] + path)
        assert answer is not None
        assert answer.status < 500, path
        expected = 404 if path == "/no-such-page" else 200
        if answer.status != expected and path != "/record":
            wrong.append(f"{prefix}{path}: answered {answer.status}")
        wrong += look(visitor.page, frame, prefix + (path.replace("/", "-") if path != "/" else "-front"))
    return wrong


def one_of_each_kind(paths: Sequence[str]) -> list[str]:
    """Of pages that differ in whom or what they show alone, the first."""
    kinds: dict[str, str] = {}
    for path in paths:
        kinds.setdefault(re.sub(r"[0-9a-f-]{36}|\d+", "*", path), path)
    return list(kinds.values())


def expect_below(frame: Frame, part: str) -> None:
    """The course page, opened again and again, leads to an address with `part`."""
    root = re.match(r"https?://[^/]+/s/[^/]+", frame.url)
    assert root is not None
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline:
        frame.goto(root[0] + "/course")
        if frame.locator(f"main a[href*='{part}']").count():
            return
        frame.wait_for_timeout(500)
    raise AssertionError(f"nothing leads to {part}: {frame.locator('main').inner_text()}")


def test_pages_that_everybody_sees(demo: Demo, visit: Visit) -> None:
    guest = visit()
    guest.page.goto(demo.tool)
    wrong = look_at_all(guest, guest.page, ("/", "/sign-in", "/check", "/privacy", "/no-such-page", "/record"), "guest")
    guest.problems[:] = [one for one in guest.problems if "404" not in one and "401" not in one]  # asked for on purpose
    assert wrong == []


def test_a_learners_pages(demo: Demo, visit: Visit) -> None:
    learner = visit("karlis")
    frame = learner.open("module/M02")
    pages = (
        "/module/M02/1",
        "/module/M02/2",
        "/module/M02/quiz",
        "/module/M02/finish",
        "/record",
        "/record/unit/BIB-U1",
        "/record/unit/BIB-U7",
        "/record/unit/CECO-U8",
        "/programme/choose",
        "/record/accounts",
        "/record/papers",
        "/record/portfolio",
    )
    assert look_at_all(learner, frame, pages, "learner") == []


def test_a_teachers_pages(demo: Demo, visit: Visit) -> None:
    visit("elena").open("module/M02")
    teacher = visit("teacher")
    frame = teacher.open("module/M02")
    # What a learner's page tells of them arrives when it arrives; until then the course page has nothing to lead to.
    expect_below(frame, "/learner/")
    assert look_at_all(teacher, frame, ("/module/M02/1", "/module/M02/quiz", "/course"), "teacher") == []
    below = frame.locator("main a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    pages = [re.sub("^/s/[^/]+", "", href) for href in below if "/course/" in href and ".csv" not in href]
    assert any("/grades" in page for page in pages), below
    assert any("/learner/" in page for page in pages), below
    assert look_at_all(teacher, frame, pages[:4], "teacher-below") == []
    tool = demo.state()["registrations"][0]["id"]
    teacher.page.goto(f"{demo.practice}/courses/1/choose/{tool}")
    chooser = teacher.tool_frame("/choose")
    assert look(teacher.page, chooser, "teacher-choose") == []


def test_pages_of_people_without_an_lms(demo: Demo, visit: Visit) -> None:
    wrong: list[str] = []
    reached: list[str] = []
    for login in ("karlis", "elena"):  # somebody to look at
        visit(login).open("module/M02")
    for name, link in demo.links.items():
        role = visit()
        role.page.goto(link)
        wrong += look(role.page, role.page, f"{name.split()[0]}-sign-in")
        role.page.get_by_role("button", name="Sign in").click()
        role.page.wait_for_load_state()
        addresses = role.page.locator(".site-nav a").evaluate_all("links => links.map(a => a.getAttribute('href'))")
        assert addresses, name
        wrong += look_at_all(role, role.page, addresses, name.split()[0])
        if "/admin" in addresses:
            wrong += look_at_all(role, role.page, ("/admin/platforms/1", "/admin/mail", "/admin/acts"), "tenancy")
        # What lies one and two clicks below: a learner, a unit to decide on, the log, the clients of the record store.
        for start in addresses:
            role.page.goto(demo.tool + start)
            below = one_of_each_kind(role.page.locator("main a").evaluate_all(BELOW))[:3]
            wrong += look_at_all(role, role.page, below, f"{name.split()[0]}-below")
            reached += below
        if "coordinator" in name:
            wrong += look_at_join(demo, role)
    assert {"/admin/log", "/admin/clients"} <= set(reached)
    assert wrong == []


def look_at_join(demo: Demo, coordinator: Visitor) -> list[str]:
    """The page on which two learners become one: as it opens, with those who were found, and with one of them."""
    page = coordinator.page
    page.goto(f"{demo.tool}/programme")
    page.goto(demo.tool + str(page.get_by_role("link", name="Kārlis").first.get_attribute("href")))
    join = str(page.locator("main a[href$='/join']").get_attribute("href"))
    page.goto(f"{demo.tool}{join}?q=Елена")
    chosen = str(page.locator("main a[href*='other=']").first.get_attribute("href"))
    return look_at_all(coordinator, page, [join, f"{join}?q=Елена", chosen], "coordinator")
