"""Pages of records in Chromium: nothing that axe-core finds, nothing that scrolls sideways, in three widths."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from werkzeug.serving import make_server

from tests.insight.test_views_todo import claim
from tests.learning import Browser, Place
from tests.looking import beyond_the_edge, dress, violations

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("LTI_TOOL_TEST_SHOTS")
LOOKS = ((360, "dark"), (800, "light"), (1280, "light"))
Look = Callable[[str, Browser, str], list[str]]


@pytest.fixture
def site(here: Place) -> Iterator[str]:
    """The tool on a port of its own."""
    server = make_server("127.0.0.1", 0, here.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def look(site: str, browser: Chromium) -> Look:
    """What is wrong with a page, seen by somebody."""

    def at(name: str, who: Browser, path: str) -> list[str]:
        wrong: list[str] = []
        context = browser.new_context(locale="en")
        page = context.new_page()
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        answer = page.goto(site + who.prefix + path)
        assert answer is not None and answer.status == 200, (path, answer)
        for width, scheme in LOOKS:
            dress(page, scheme)
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("() => document.querySelectorAll('main details').forEach(one => { one.open = true; })")
            if width != 1280:  # each scheme is judged once; what axe judges the width does not change
                wrong += [f"{name} {width}: {line}" for line in violations(page)]
            if (beyond := beyond_the_edge(page)) > 1:
                wrong.append(f"{name} {width}: {beyond} px beyond the right edge")
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"ecvet-{name}-{width}.png", full_page=True)
        context.close()
        return wrong

    return at


def test_self_study(here: Place, look: Look) -> None:
    anna, unit = here.learner("Anna", "CECO"), "/record/unit/BIB-U1?programme=CECO"
    own = here.browser(anna)
    for module, hours, what in (("M01", "2", "Read the DigComp report"), ("M04", "0.75", "Watched two lectures")):
        sent = {"module": module, "study_day": "2022-10-12", "study_hours": hours, "what": what}
        assert own.post("/record/unit/BIB-U1/self-study?programme=CECO", sent).status_code == 303
    theirs = f"/programme/CECO/learner/{anna.person}/unit/BIB-U1"
    wrong = look("self-study", own, unit) + look("self-study-seen", here.browser(here.holder("mentor")), theirs)
    assert wrong == []


def test_opportunities(here: Place, look: Look) -> None:
    course = here.course(title="Digital skills for librarians, autumn group")
    anna = here.learner("Anna", "CECO", course=course)
    here.column(course, "M04")
    here.passes(anna, "M10", "M11", "M12", "M01")
    trainer = here.browser(here.holder("trainer"))
    seminar = {"unit": "BIB-U1", "title": "First meeting of the group", "day": "2022-10-20", "hours": "2"}
    assert trainer.post("/programme/CECO/seminars", seminar).status_code == 303
    own = here.browser(anna)
    wrong = look("opportunities", own, "/record/opportunities?programme=CECO")
    assert wrong + look("record", own, "/record?programme=CECO") == []


def test_what_waits(here: Place, look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # DATA_DIR is relative by default
    anna = here.learner("Anna", "CECO")
    claim(here, anna, "European Computer Driving Licence, module “Online collaboration”")
    here.demonstrates_u1(anna)
    assert look("to-do", here.browser(here.holder("coordinator")), "/to-do") == []
