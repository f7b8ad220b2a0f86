"""A module in Chromium: what only a browser can tell."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, Route, expect
from werkzeug.serving import make_server

from lti_tool.play.shapes import GradeState, ModuleSummary
from tests.conftest import PATIENCE_MS
from tests.looking import dress, violations
from tests.play.conftest import Make, Place, Reader, a_unit, mount_store

pytestmark = pytest.mark.browser

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EXTRA = """
| Step | Count |
| --- | --: |
| A long first cell that needs room | 12 |

![Three steps](media/a.svg)

[A portal](https://data.europa.eu/) and a list:

1. one
2. two
"""


@pytest.fixture
def here(sqlite_engine: sa.Engine, make: Make) -> Place:
    place = make(sqlite_engine)
    mount_store(place)
    place.summary = ModuleSummary((a_unit(),), "/record")
    place.grade = GradeState("waiting")
    home = place.modules / "M01"
    (home / "media").mkdir()
    (home / "media" / "a.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="100"><rect width="400" height="100"/></svg>'
    )
    with (home / "en" / "01-page-1.md").open("a") as file:
        file.write(EXTRA)
    return place


@pytest.fixture
def site(here: Place) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, here.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: str, here: Place) -> Iterator[Open]:
    """Opens pages of a session, each in a browser of its own; script errors and CSP refusals fail the test."""
    contexts = []
    wrong: list[str] = []

    def opened(path: str, *, script: bool = True, width: int = 800, **changes: object) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale="en", java_script_enabled=script, base_url=site
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(f"{Reader(here, here.session(**changes)).prefix}{path}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def test_the_end_of_a_module_says_by_itself_when_the_grade_has_arrived(here: Place, open_page: Open) -> None:
    page = open_page("/module/M01/finish")
    line = page.get_by_role("status").filter(has_text="grade")
    expect(line).to_contain_text("Your grade is on its way")
    here.grade = GradeState("sent", here.clock.now)
    expect(line).to_contain_text("Your grade has arrived", timeout=PATIENCE_MS)
    expect(line).not_to_contain_text("on its way")


def told(here: Place, *verbs: str) -> list[str]:
    return [one["verb"]["id"].rsplit("/", 1)[-1] for one in here.statements(*verbs)]


def wait_for(here: Place, page: Page, *verbs: str, count: int = 1) -> None:
    """Until so many statements of these verbs have arrived."""
    for _look in range(PATIENCE_MS // 50):
        if len(here.statements(*verbs)) >= count:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{verbs} did not arrive; there are {told(here)}")


def answer_all(page: Page) -> None:
    page.get_by_label("The first").check()
    for label in ("One", "Two"):
        page.get_by_role("group", name="Which ones?").get_by_label(label, exact=True).check()
    page.get_by_label("Left one").select_option(label="Right one")
    page.get_by_label("Left two").select_option(label="Right two")
    page.get_by_label("Write a short answer.").fill("secretword")


def test_reading_is_told_to_the_store(here: Place, open_page: Open) -> None:
    page = open_page("/module/M01/1")
    wait_for(here, page, "experienced")
    wait_for(here, page, "progressed")
    expect(page.locator("#saved")).to_contain_text("Saved")
    (experienced,) = here.statements("experienced")
    assert experienced["object"]["id"] == "tag:biblio-project.eu,2022:module/M01/page/page-1"
    assert experienced["authority"]["account"]["name"] == "page"
    (progressed,) = here.statements("progressed")
    assert list(progressed["result"]["extensions"].values()) == [25]


def test_turning_pages_ends_nothing_and_leaving_does(here: Place, open_page: Open) -> None:
    page = open_page("/module/M01/1")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Title 2")
    wait_for(here, page, "experienced", count=2)
    assert told(here, "terminated") == []
    page.goto("about:blank")
    wait_for(here, page, "terminated")
    assert re.fullmatch(r"PT\d+S", here.statements("terminated")[0]["result"]["duration"])


def test_what_could_not_be_sent_is_sent_again_and_the_reader_knows(here: Place, open_page: Open) -> None:
    page = open_page("/module/M01/1")
    wait_for(here, page, "progressed")
    answers = iter([503, 503])

    def fail(route: Route) -> None:
        status = next(answers, None)
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status)

    page.route("**/xapi/statements", fail)
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#saved")).to_have_attribute("data-state", "trying")
    expect(page.locator("#saved")).to_contain_text("Not saved yet, trying again")
    wait_for(here, page, "experienced", count=2)
    expect(page.locator("#saved")).to_have_attribute("data-state", "saved")
    assert len(here.statements("experienced")) == 2


def test_answers_are_kept_while_they_are_written(here: Place, open_page: Open) -> None:
    page = open_page("/module/M01/quiz")
    with page.expect_response("**/quiz/draft") as sent:
        page.get_by_label("The first").check()
        page.get_by_label("Write a short answer.").fill("half a wo")
    assert sent.value.status == 204
    other = open_page("/module/M01", sid="another-device")
    expect(other.get_by_label("The first")).to_be_checked()
    expect(other.get_by_label("Write a short answer.")).to_have_value("half a wo")


def test_answers_survive_a_time_without_network(here: Place, open_page: Open) -> None:
    page = open_page("/module/M01/quiz")
    page.context.set_offline(True)
    page.get_by_label("The first").check()
    expect(page.locator("#saved")).to_have_attribute("data-state", "trying")
    page.context.set_offline(False)
    expect(page.locator("#saved")).to_have_attribute("data-state", "saved", timeout=PATIENCE_MS)
    expect(open_page("/module/M01", sid="another-device").get_by_label("The first")).to_be_checked()


def test_a_session_that_ended_is_said_so(here: Place, open_page: Open) -> None:
    page = open_page("/module/M01/quiz")
    here.clock.forward(hours=9)
    page.get_by_label("The first").check()
    expect(page.get_by_role("alert")).to_contain_text("This session has ended.")


def test_after_checking_the_result_has_the_focus(here: Place, open_page: Open) -> None:
    page = open_page("/module/M01/quiz")
    page.get_by_role("button", name="Check my answers").click()
    expect(page.locator("#unanswered")).to_be_focused()
    answer_all(page)
    page.get_by_role("button", name="Check my answers").click()
    expect(page.locator("#result")).to_be_focused()
    expect(page.locator("#result")).to_contain_text("Passed: 100%")
    assert told(here, "passed") == ["passed"]


def test_everything_that_counts_works_without_script(here: Place, open_page: Open) -> None:
    page = open_page("/module/M01", script=False)
    for name in ("Next", "Next", "To the quiz"):
        page.get_by_role("link", name=name, exact=True).click()
    answer_all(page)
    page.get_by_role("button", name="Check my answers").click()
    expect(page.get_by_text("Passed: 100%")).to_be_visible()
    page.get_by_role("link", name="Finish").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have finished this module")
    assert told(here, "passed", "completed") == ["passed", "completed"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(here: Place, open_page: Open, scheme: str) -> None:
    pages = ["/module/M01/1", "/module/M01/quiz", "/module/M01/finish"]
    opened = [open_page(path) for path in pages]
    wrong = open_page("/module/M01/quiz", sid="w")
    wrong.get_by_label("The second").check()
    wrong.get_by_role("button", name="Check my answers").click()
    opened.append(wrong)
    failed = open_page(
        "/module/M01/quiz", actor={"objectType": "Agent", "account": {"homePage": "https://x.example", "name": "b"}}
    )
    failed.get_by_role("button", name="Check my answers").click()
    failed.get_by_role("button", name="Check with open questions").click()
    opened.append(failed)
    opened.append(open_page("/module/M01/quiz?key=show", role="instructor"))
    opened.append(open_page("/module/M10", module="M10"))
    for page in opened:
        dress(page, scheme)
        assert violations(page, WCAG) == [], page.url
        page.set_viewport_size({"width": 320, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, page.url
