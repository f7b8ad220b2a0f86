"""Pictures of every page for people to look at: python -m tests.looks.album FOLDER [--languages lv,el] [--only TEXT]

One picture for each page, language and width, and a sheet of thumbnails for each page and language, with its three
widths side by side; `--schemes both`: six, light and dark in each width. Pages that no link leads to (tests/moments.py)
are called "moment-…". Prints what a look would find anyway: pages that scroll sideways, texts that are cut off.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, sync_playwright
from werkzeug.serving import make_server

from lti_tool import db
from lti_tool.i18n import LANGUAGES
from tests import services
from tests.conftest import Clock
from tests.furnished import Furnished, Seen, furnished, walk
from tests.looking import beyond_the_edge, dress
from tests.moments import Moment, moments

WIDTHS = (360, 800, 1280)
# Each width once, the frame's in dark, is enough to see most of what is wrong.
LOOKS = {
    "one": tuple((width, "dark" if width == 800 else "light") for width in WIDTHS),
    "both": tuple((width, scheme) for scheme in ("light", "dark") for width in WIDTHS),
}
Looks = tuple[tuple[int, str], ...]
CUT_OFF = """() => [...document.querySelectorAll('main *, header *, footer *')].filter(one => {
    const style = getComputedStyle(one);
    return style.overflowX === 'hidden' && style.textOverflow !== 'ellipsis' && one.clientWidth > 1 &&
        one.scrollWidth > one.clientWidth + 1;
}).map(one => one.textContent.trim().slice(0, 60))"""


@contextmanager
def served(here: Furnished) -> Iterator[str]:
    """The tool on a port of its own."""
    server = make_server("127.0.0.1", 0, here.place.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def pages(here: Furnished) -> list[Seen]:
    """Each kind of page three times at most, as different people see it, but for those that were named."""
    kinds: Counter[str] = Counter()
    found: dict[tuple[str, str], Seen] = {}
    for who in ("guest", *here.sessions):
        for one in walk(here, who, "en"):
            kinds[one.endpoint] += 1
            if kinds[one.endpoint] <= 3 or one.path in here.first[who]:
                found[who, one.path] = one
    return list(found.values())


def pictures(page: Page, address: str, folder: Path, name: str, looks: Looks) -> None:
    """The page in each width and scheme."""
    taken = []
    for width, scheme in looks:
        page.set_viewport_size({"width": width, "height": 900})
        dress(page, scheme)
        page.goto(address)
        if (beyond := beyond_the_edge(page)) > 1:
            print(f"{name} at {width}: {beyond} px beyond the right edge")
        for text in page.evaluate(CUT_OFF):
            print(f"{name} at {width}: cut off: {text}")
        taken.append(folder / f"{name}-{width}{'-dark' if len(looks) > len(WIDTHS) and scheme == 'dark' else ''}.png")
        page.screenshot(path=taken[-1], full_page=True)
    side_by_side(page, taken, [width for width, _scheme in looks], folder / "sheets" / f"{name}.png")


def side_by_side(page: Page, taken: list[Path], widths: list[int], sheet: Path) -> None:
    """The pictures next to each other, at half of their size; of a very long page the beginning."""
    shown = "".join(
        f'<img src="{one.resolve().as_uri()}" style="width: {w // 2}px">' for one, w in zip(taken, widths, strict=True)
    )
    html = sheet.with_suffix(".html")
    style = "margin: 0; display: flex; gap: 10px; align-items: flex-start; background: gray; max-height: 1400px"
    html.write_text(f'<body style="{style}; overflow: hidden">{shown}</body>')
    page.set_viewport_size({"width": sum(widths) // 2 + 10 * (len(widths) - 1), "height": 300})
    page.goto(html.resolve().as_uri())
    page.screenshot(path=sheet, full_page=True)
    html.unlink()


def picture_moment(
    browser: Browser, site: str, here: Furnished, moment: Moment, language: str, folder: Path, name: str, looks: Looks
) -> None:
    """A page that no address gives again: what it was answered with, at an address of the same site."""
    html = moment.seen(here, language).html
    context = browser.new_context(locale=language, java_script_enabled=moment.scripts)
    page = context.new_page()

    def give(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    page.route(f"{site}/moment", give)
    pictures(page, f"{site}/moment", folder, name, looks)
    context.close()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--languages", default=",".join(LANGUAGES))
    asked.add_argument("--only", default="", help="pages whose name holds this")
    asked.add_argument("--schemes", choices=LOOKS, default="one", help="light and dark in turn, or both in each width")
    given = asked.parse_args()
    looks = LOOKS[given.schemes]
    logging.disable(logging.WARNING)  # refusals are asked for
    with tempfile.TemporaryDirectory() as data:
        url = f"sqlite:///{data}/album.sqlite3"
        db.upgrade(url)
        engine = db.open_engine(url)
        here = furnished(engine, url, Clock(datetime(2022, 10, 13, 9, 30, tzinfo=UTC)), Path(data))
        every, acts = pages(here), moments(here)
        with served(here) as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=services.chromium(), args=list(services.CHROMIUM_ARGUMENTS)
            )
            for language in given.languages.split(","):
                folder = given.folder / language
                (folder / "sheets").mkdir(parents=True, exist_ok=True)
                page = browser.new_context(locale=language).new_page()
                for number, one in enumerate(every):
                    name = f"{number:03}-{one.who}-{one.endpoint}"
                    if given.only in name:
                        address = site + here.browser(one.who, language).prefix + one.path
                        pictures(page, address, folder, name, looks)
                for moment in acts:
                    name = f"moment-{moment.who}-{moment.name}"
                    if given.only in name:
                        picture_moment(browser, site, here, moment, language, folder, name, looks)
            browser.close()
        engine.dispose()


if __name__ == "__main__":
    main()
