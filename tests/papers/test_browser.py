"""Pages of papers in Chromium, with papers on them: nothing that axe-core finds, nothing that scrolls sideways."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from tests.learning import Place
from tests.looking import beyond_the_edge, dress, violations
from tests.papers.conftest import anna, issue, withdraw
from tests.papers.test_portfolio import chosen_from, share

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


@pytest.mark.parametrize("language", ["en", "el"])
def test_pages_with_papers_are_accessible_in_every_width(
    here: Place, site: str, browser: Browser, language: str
) -> None:
    learner, coordinator = anna(here)
    first = issue(here, coordinator, learner)
    second = issue(here, coordinator, learner, name="Anna Ķēniņa-Bērziņa")
    third = issue(here, coordinator, learner, "transcript", institution="EL-HOU")
    withdraw(here, coordinator, learner, third.number)
    _made, link = share(here, learner, chosen_from(here, learner), title="Darbs ar avotiem")
    here.browser(learner).submit(f"/record/papers/{second.number}/shows", {"shows": "full"})
    mine, theirs = (here.browser(who, locale=language).prefix for who in (learner, coordinator))
    pages = {
        "mine": f"{mine}/record/papers",
        "portfolio": f"{mine}/record/portfolio",
        "shared": f"{link}?lang={language}",
        "learner": f"{theirs}/programme/CECO/learner/{learner.person}/papers",
        "register": f"{theirs}/register",
        "ask": f"/check?lang={language}",
        "valid": f"/check/{second.number}?lang={language}",
        "superseded": f"/check/{first.number}?lang={language}",
        "withdrawn": f"/check/{third.number}?lang={language}",
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
                page.screenshot(path=Path(SHOTS) / f"papers-{language}-{name}-{width}.png", full_page=True)
    context.close()
    assert wrong == []
