"""The chooser in a browser: what the script adds, and that everybody can use it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import request
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine
from werkzeug.serving import make_server

from tests.choose.conftest import ASKED, Chooser, make
from tests.conftest import Clock
from tests.looking import violations

pytestmark = pytest.mark.browser


@pytest.fixture
def chooser(sqlite_engine: Engine, tmp_path: Path, clock: Clock) -> Iterator[tuple[Chooser, str]]:
    """The chooser, and where it is served."""
    made = make(sqlite_engine, tmp_path, clock)

    @made.app.post("/lti/returned")  # below /lti/: any site may post there, as to an LMS
    def returned() -> str:
        return f"<title>LMS</title><p id=got>{len(request.form['JWT'].split('.'))} parts</p>"

    server = make_server("127.0.0.1", 0, made.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made, f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def pick_box(value: str) -> str:
    return f'input[name=pick][value="{value}"]'


def test_what_is_ticked_is_told_at_once_and_goes_back_by_itself(browser: Browser, chooser: tuple[Chooser, str]) -> None:
    made, site = chooser
    page = browser.new_page(viewport={"width": 800, "height": 600})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(site + made.open({**ASKED, "deep_link_return_url": f"{site}/lti/returned"}))
    button = page.locator("[data-add]")
    expect(button).to_have_text("Add to the course")
    whole = page.locator(pick_box("CECO/unit/BIB-U1"))
    whole.check()
    expect(button).to_have_text("Add 9 modules")
    expect(page.locator(".choose-sum")).to_have_text("9 modules, 27 h, 9 gradebook columns")
    page.locator(pick_box("CECO/module/M05")).uncheck()
    assert whole.evaluate("box => box.indeterminate && !box.checked")
    page.fill("#q", "COPYRIGHT licences")
    expect(page.locator(".choose-found")).to_contain_text("found")
    assert page.locator(".choose-row:visible").count() < 10
    page.locator('.choose-row:visible input[value="CECO/module/M12"]').check()
    page.locator(pick_box("record")).check()
    expect(button).to_have_text("Add 9 modules and My record")
    page.locator('.choose-turn[value="CECO/unit/BIB-U2"]').click()
    expect(page.locator(pick_box("CECO/module/M12"))).to_be_checked()
    button.click()
    expect(page.locator("#got")).to_have_text("3 parts")
    assert faults == []
    page.close()


def test_the_progress_of_a_unit_is_told_too(browser: Browser, chooser: tuple[Chooser, str]) -> None:
    made, site = chooser
    page = browser.new_page(viewport={"width": 800, "height": 600})
    page.goto(site + made.open())
    button, told = page.locator("[data-add]"), page.locator(".choose-sum")
    page.locator(pick_box("record")).check()
    expect(button).to_have_text("Add My record")
    page.locator(pick_box("CECO/progress/BIB-U1")).check()
    expect(button).to_have_text("Add to the course")
    expect(told).to_have_text("1 gradebook column")
    page.locator(pick_box("CECO/module/M05")).check()
    expect(button).to_have_text("Add to the course")
    expect(told).to_have_text("1 module, 3 h, 2 gradebook columns")
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1280])
def test_everybody_can_use_it_at_every_width(
    browser: Browser, chooser: tuple[Chooser, str], width: int, scheme: str
) -> None:
    made, site = chooser
    page = browser.new_page(
        viewport={"width": width, "height": 600}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page.goto(site + made.open(locale="el"))
    if width < 768:
        page.locator(".choose-fold > summary").click()
    page.locator('.choose-turn[value="CECO/programme"]').click()
    page.locator(pick_box("CECO/module/M12")).check()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
