"""The style guide in Chromium: what only a browser can tell. Every part is on that page in every state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.looking import dress, violations

pytestmark = pytest.mark.browser

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in the width of an LMS frame; script errors and refusals by the CSP fail the test."""
    context = browser.new_context(viewport={"width": 800, "height": 900}, timezone_id="Europe/Riga", locale="en")
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/front", "/error"])
def test_axe_finds_nothing(page: Page, site: str, path: str, scheme: str) -> None:
    dress(page, scheme)
    page.goto(site + path)
    assert violations(page, WCAG) == []


@pytest.mark.parametrize("width", [320, 360, 800, 1280])
@pytest.mark.parametrize("path", ["/", "/front", "/error"])
def test_a_page_never_scrolls_sideways(page: Page, site: str, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(site + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 800])
def test_targets_are_large_enough(page: Page, site: str, width: int) -> None:
    """24 px (WCAG 2.2, 2.5.8; links within a sentence are excepted there), 44 px where a button is the way on."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(site + "/")
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, summary, select, .button, .choice, .matrix a, .tree a, nav a")]
            .filter((part) => part.offsetParent && !part.closest("p:not(.actions), .prose"))
            .map((part) => [part.textContent.trim(), part.getBoundingClientRect(), part.matches(".button.main")])
            .filter(([, box, main]) => box.height < (main ? 44 : 24) || box.width < 24)
            .map(([text, box]) => `${text}: ${box.width} x ${box.height}`)"""
    )
    assert small == []


def test_the_first_tab_leads_past_the_head(page: Page, site: str) -> None:
    page.goto(site + "/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_focus_is_seen_on_everything_that_takes_it(page: Page, site: str) -> None:
    page.goto(site + "/")
    unseen = []
    for _ in range(120):
        page.keyboard.press("Tab")
        where = page.evaluate(
            """() => { const part = document.activeElement;
                if (part === document.body) return null;
                const marked = part.matches(".choice input") ? part.closest(".choice") : part;
                const style = getComputedStyle(marked);
                return [part.outerHTML.slice(0, 80), style.outlineStyle, parseFloat(style.outlineWidth)]; }"""
        )
        if where is None:
            break
        if where[1] == "none" or where[2] < 2:
            unseen.append(where[0])
    else:
        pytest.fail("the end of the page is never reached by Tab")
    assert unseen == []


def test_a_wide_table_scrolls_by_keys_and_keeps_its_first_column(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 360, "height": 900})
    page.goto(site + "/")
    frame = page.get_by_role("region", name="Learners and modules")
    frame.focus()
    name = frame.get_by_role("rowheader", name="Anna Bērziņa")
    before = name.bounding_box()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("element => element.scrollLeft > 50", arg=frame.element_handle())
    assert name.bounding_box() == before


def test_the_language_can_be_changed_without_script(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + "/error?from=mail")
    page.locator("details.language summary").click()
    page.get_by_role("button", name="Ελληνικά").click()
    expect(page.locator("html")).to_have_attribute("lang", "el")
    assert "from=mail" in page.url
    page.goto(site + "/front")
    expect(page.locator("html")).to_have_attribute("lang", "el")
    context.close()


def test_the_list_of_languages_closes_on_escape(page: Page, site: str) -> None:
    page.goto(site + "/")
    summary = page.locator("details.language summary")
    summary.click()
    expect(page.get_by_role("button", name="Italiano")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Italiano")).to_be_hidden()
    expect(summary).to_be_focused()


@pytest.mark.parametrize("kind", ["object", "string"])
def test_a_framed_page_gets_its_height_and_gives_it_back(page: Page, site: str, kind: str) -> None:
    """`lti.frameResize` as Canvas and others take it: as an object and as JSON text; it grows and shrinks."""
    page.goto(site + "/frame")
    page.evaluate(
        """(kind) => { window.heights = [];
            addEventListener("message", ({ data }) => {
                if (typeof data !== kind) return;
                const message = kind === "string" ? JSON.parse(data) : data;
                if (message.subject !== "lti.frameResize") return;
                heights.push(message.height);
                document.querySelector("iframe").height = message.height; });
            document.querySelector("iframe").src = "/front"; }""",
        kind,
    )
    fits = """() => { const inner = document.querySelector("iframe").contentDocument.documentElement;
        return heights.length && inner.scrollHeight <= inner.clientHeight; }"""
    page.wait_for_function(fits)
    full = page.evaluate("heights.at(-1)")
    inside = page.frames[1]
    assert inside.evaluate("document.body.dataset.framed") == "yes"
    inside.evaluate("document.querySelector('.cards.bare').remove()")
    page.wait_for_function("full => heights.at(-1) < full - 100", arg=full)
    assert page.evaluate("heights.length") < 10


def test_a_page_in_its_own_window_asks_nobody(page: Page, site: str) -> None:
    page.add_init_script("window.asked = 0; addEventListener('message', () => { window.asked += 1; });")
    page.goto(site + "/front")
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.evaluate("window.asked") == 0
    assert page.evaluate("document.body.dataset.framed") is None


def test_times_are_the_readers_own(page: Page, site: str) -> None:
    page.goto(site + "/")
    expect(page.locator("time[data-when]").first).to_have_text("3 Mar 2023, 14:02")
    expect(page.locator("#saved")).to_contain_text("Saved 14:02")


@pytest.mark.parametrize("language", ["lv", "bg", "el"])
def test_the_script_writes_times_as_the_server_does(browser: Browser, site: str, language: str) -> None:
    told = []
    for scripts in (False, True):
        context = browser.new_context(locale=language, timezone_id="Europe/Riga", java_script_enabled=scripts)
        page = context.new_page()
        page.goto(f"{site}/?lang={language}")
        told.append(" ".join((page.locator("time[data-when]").first.text_content() or "").split()))
        context.close()
    assert told[0] == told[1]


def test_the_page_says_whether_work_is_saved(page: Page, site: str) -> None:
    page.goto(site + "/")
    script = page.locator("script[type=module]").first.get_attribute("src")
    assert script
    module = script.replace("page.js", "saved.js")
    page.evaluate("async (module) => (await import(module)).trying()", module)
    line = page.locator("#saved")
    expect(line).to_contain_text("Not saved yet, trying again")
    page.get_by_role("heading", level=1).click()  # browsers ask back only after the reader has done something
    with page.expect_event("dialog") as dialog:
        page.evaluate("setTimeout(() => location.assign('/front'))")
    assert dialog.value.type == "beforeunload"
    dialog.value.dismiss()
    page.evaluate("async (module) => (await import(module)).saved(new Date('2023-03-03T21:05:00Z'))", module)
    expect(line).to_contain_text("Saved 23:05")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(site + "/front")
    assert asked == []


def test_a_reference_is_copied_also_where_the_clipboard_is_forbidden(page: Page, site: str) -> None:
    page.add_init_script(
        """navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError"));
        document.addEventListener("copy", () => { window.copied = String(getSelection()); });"""
    )
    page.goto(site + "/error")
    page.get_by_role("button", name="Copy the code").click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("window.copied") == "PAGE-UNKNOWN 7F3A-91C2"


def test_nothing_moves_for_those_who_asked_for_that(page: Page, site: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(site + "/")
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")]
            .filter((part) => parseFloat(getComputedStyle(part).transitionDuration) > 0).length"""
    )
    assert moving == 0


def test_paper_gets_the_text_and_not_the_controls(page: Page, site: str) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(site + "/")
    for gone in (".site-nav", ".language", "#quiz .button", ".turn", "#saved"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.get_by_role("heading", name="Anna Bērziņa")).to_be_visible()
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
