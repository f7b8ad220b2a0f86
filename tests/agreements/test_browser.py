"""Pages of agreements in Chromium: nothing that axe-core finds, nothing that scrolls sideways; signed by hand."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from tests.agreements.conftest import (
    KISC,
    LEARNING,
    NAME,
    again,
    agreement,
    all_sign,
    changed,
    learning_of,
    memorandum,
    versions,
)
from tests.learning import Place
from tests.looking import beyond_the_edge, dress, violations

pytestmark = pytest.mark.browser
LOOKS = ((360, "dark"), (800, "light"), (1280, "light"))
SHOTS = os.environ.get("LTI_TOOL_TEST_SHOTS")


@pytest.fixture
def site(here: Place) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, here.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("language", ["en", "bg"])
def test_pages_of_agreements_are_accessible_in_every_width(
    here: Place, site: str, browser: Browser, language: str
) -> None:
    coordinator = here.holder("coordinator", name="Inga Niedra")
    learner = here.learner(NAME, "CECO", institution=KISC)
    under = memorandum(here, coordinator)
    first = all_sign(here, coordinator, agreement(here, coordinator, learner, memorandum=under.series), learner)
    second = changed(here, coordinator, first, LEARNING, ends="2023-01-31")
    here.browser(learner).submit(f"/record/agreements/{first.number}/shows", {"shows": "full"})
    mine, theirs = (here.browser(who, locale=language).prefix for who in (learner, coordinator))
    pages = {
        "list": f"{theirs}/agreements",
        "memoranda": f"{theirs}/agreements?kind=memorandum",
        "memorandum": f"{theirs}/agreements/{under.series}",
        "new-memorandum": f"{theirs}/agreements/new?programme=CECO",
        "change": f"{theirs}/agreements/{second.series}/change",
        "of-learner": f"{theirs}{learning_of(learner)}",
        "new-learning": f"{theirs}{learning_of(learner)}/new?memorandum={under.series}",
        "draft": f"{theirs}/agreements/{second.series}",
        "agreed": f"{theirs}/agreements/{first.series}?version={first.number}",
        "learner": f"{theirs}/programme/CECO/learner/{learner.person}",
        "mine": f"{mine}/record/agreements",
        "own-draft": f"{mine}/record/agreements/{second.number}",
        "own-agreed": f"{mine}/record/agreements/{first.number}",
        "record": f"{mine}/record?programme=CECO",
        "unit": f"{mine}/record/unit/CECO-U8?programme=CECO",
        "check-draft": f"/check/{second.number}?lang={language}",
        "check-agreed": f"/check/{first.number}?lang={language}",
    }
    wrong = []
    context = browser.new_context()
    page = context.new_page()
    for name, path in pages.items():
        for width, scheme in LOOKS:
            dress(page, scheme)
            page.set_viewport_size({"width": width, "height": 900})
            answer = page.goto(site + path)
            assert answer is not None and answer.status == 200, path
            if width != 1280:
                wrong += [f"{name} {width}: {line}" for line in violations(page)]
            if (beyond := beyond_the_edge(page)) > 1:
                wrong.append(f"{name} {width}: {beyond} px beyond the right edge")
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"agreements-{language}-{name}-{width}.png", full_page=True)
    context.close()
    assert wrong == []


def test_an_agreement_is_filled_in_signed_and_agreed_to_without_script(
    here: Place, site: str, browser: Browser
) -> None:
    coordinator = here.holder("coordinator", name="Inga Niedra")
    learner = here.learner(NAME, "CECO", institution=KISC)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + here.browser(coordinator).prefix + f"/programme/CECO/learner/{learner.person}")
    page.get_by_role("link", name="Agreements", exact=True).click()
    page.get_by_role("button", name="Fill in the agreement").click()
    page.locator("#host_institution").select_option("BG-GLBF")
    page.get_by_label("Last day").fill("2022-12-31")
    page.get_by_text("Work-based learning: community engagement").click()
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    for place in ("Home institution", "Host institution"):
        page.locator("summary").filter(has_text=f"Sign for {place}").click()
        page.get_by_role("button", name="Sign with my name, today").locator("visible=true").click()
    expect(page.locator("summary").filter(has_text="Sign for")).to_have_count(0)
    own = context.new_page()
    own.goto(site + here.browser(learner).prefix + "/record?programme=CECO")
    own.get_by_role("link", name=re.compile("Learning agreement with Global Libraries")).click()
    own.get_by_role("button", name="I agree").click()
    expect(own.get_by_text("Saved")).to_be_visible()
    page.reload()
    expect(page.locator(".page-head .badge")).to_have_text("agreed")
    series = page.url.rpartition("/")[2].partition("?")[0]
    context.close()
    (one,) = versions(here, series)
    assert again(here, one).agreed
