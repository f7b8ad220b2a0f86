"""Every page of evidence in Chromium: nothing that axe-core finds, nothing that scrolls sideways, in three widths."""

from __future__ import annotations

import io
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from werkzeug.serving import make_server

from lti_tool.db import reading
from lti_tool.evidence import works
from lti_tool.evidence.signed import Signed
from lti_tool.insight.reminders import PURPOSE
from tests.learning import BASE, SECRET, Browser, Place, Somebody
from tests.looking import beyond_the_edge, dress, violations

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("LTI_TOOL_TEST_SHOTS")
LOOKS = ((360, "dark"), (800, "light"), (1280, "light"))
UNIT = "CECO-U8"


@pytest.fixture
def site(here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The tool on a port of its own."""
    monkeypatch.chdir(tmp_path)  # DATA_DIR is relative by default
    server = make_server("127.0.0.1", 0, here.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def look(site: str, here: Place, browser: Chromium) -> Callable[[str, Browser, str], list[str]]:
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
                page.screenshot(path=Path(SHOTS) / f"evidence-{name}-{width}.png", full_page=True)
        context.close()
        return wrong

    return at


def prepared(here: Place) -> tuple[Somebody, dict[str, Browser], str, str]:
    """A learner with something of each kind; people with roles; a seminar; a link for a rating."""
    anna = here.learner("Anna", "CECO")
    staff = {role: here.browser(here.holder(role)) for role in ("mentor", "trainer", "coordinator")}  # type: ignore[arg-type]  # Roles
    own = here.browser(anna)
    claim = {
        "programme": "CECO", "title": "ECDL Advanced", "issuer": "Rīgas Tehniskā koledža", "day": "2021-05-01",
        "hours": "12", "module": "M01", "certificate": (io.BytesIO(b"%PDF-1.7\n"), "Apliecība.pdf"),
    }  # fmt: skip
    own.post("/record/prior", claim, content_type="multipart/form-data")
    for tasks in ("Ran a workshop on safe passwords", "Catalogued the local history collection"):
        day = {"mode": "work_based", "day": "2022-10-12", "hours": "3", "tasks": tasks}
        own.post(f"/record/unit/{UNIT}/hours?programme=CECO", day)
    unit = f"/programme/CECO/learner/{anna.person}/unit/{UNIT}"
    entry = str(here.record(anna).statements[0]["id"])
    staff["mentor"].post(unit + "/return", {"entry": entry, "comment": "Which workshop was it?"})
    found = here.record(anna).unit(UNIT)
    assert found is not None
    ask = {"task": "Ran a workshop for ten readers", "outcome": found.unit.outcomes[0].id, "name": "Jānis Bērziņš"}
    staff["mentor"].post(unit + "/observations", {**ask, "language": "lv", "days": "14"})
    link = re.findall(re.escape(BASE) + r"(/observe/[^<?]+)", staff["mentor"].get(unit + "/observations").text)[0]
    project_work(here, anna)
    seminar = {"unit": "BIB-U1", "title": "First meeting of the group", "day": "2022-10-13", "hours": "2"}
    made = staff["trainer"].post("/programme/CECO/seminars", seminar).headers["Location"]
    path = made[made.index("/programme/") :]
    staff["trainer"].post(path, {"listed": anna.person, "here": anna.person})
    staff["trainer"].post(path + "/open", {"open": "yes"})
    return anna, {"learner": own, **staff, "nobody": Browser(here, None)}, path, link


def project_work(here: Place, anna: Somebody) -> None:
    """A rated work, one that came back, and one that waits in its second version."""
    assessor, path = here.browser(here.holder("assessor")), f"/programme/CECO/learner/{anna.person}/unit/BIB-U7/work"

    def hand_in(title: str, **more: str) -> str:
        data = {
            "programme": "CECO", "title": title, "hours": "12.5",
            "links": "https://biblioteka.example.lv/kalendars?" + "x" * 90,
            "description": "One calendar of events for readers and colleagues.\nIt is on our website since May.",
            "file": (io.BytesIO(b"%PDF-1.7\n"), "Projekta plāns, otrā redakcija.pdf"), **more,
        }  # fmt: skip
        here.browser(anna).post("/record/unit/BIB-U7/work", data, content_type="multipart/form-data")
        with reading(here.engine) as conn:
            return works.of_learner(conn, [anna.key], "CECO")[0].id

    def say(work: str, result: str, version: str = "1") -> None:
        levels = {"level-purpose": "exemplary", "level-content": "good", "level-access": "in-part"}
        levels |= {"level-rights": "not-yet", "level-lasting": "good", "comment-rights": "Whose photographs are these?"}
        said = {"work": work, "version": version, "result": result, "reason": "Well done. Ask for the photographs."}
        assert assessor.post(path, said | levels).status_code == 303

    say(hand_in("A website for the reading club"), "rated")
    here.clock.forward(minutes=1)
    say(hand_in("Safe passwords: a leaflet"), "returned")
    here.clock.forward(minutes=1)
    calendar = hand_in("A calendar of the library's events")
    say(calendar, "returned")
    hand_in("A calendar of the library's events, with colleagues", work=calendar)


def returned_work(here: Place, anna: Somebody) -> str:
    with reading(here.engine) as conn:
        return next(one.id for one in works.of_learner(conn, [anna.key], "CECO") if one.state == "returned")


def test_pages_of_evidence(here: Place, look: Callable[[str, Browser, str], list[str]]) -> None:
    anna, who, seminar, link = prepared(here)
    learner = f"/programme/CECO/learner/{anna.person}"
    leave = Signed(SECRET, PURPOSE).token(anna.key)
    pages = [
        ("record", "learner", "/record?programme=CECO"),
        ("log", "learner", f"/record/unit/{UNIT}?programme=CECO"),
        ("own-prior", "learner", "/record/prior?programme=CECO&saved=1"),
        ("own-observations", "learner", f"/record/unit/{UNIT}/observations?programme=CECO"),
        ("own-work", "learner", "/record/unit/BIB-U7/work?programme=CECO&saved=1"),
        ("own-work-again", "learner", "/record/unit/BIB-U7/work?programme=CECO&work=" + returned_work(here, anna)),
        ("unit-work", "learner", "/record/unit/BIB-U7?programme=CECO"),
        ("work", "coordinator", learner + "/unit/BIB-U7/work"),
        ("work-read", "mentor", learner + "/unit/BIB-U7/work?done=rated"),
        ("decide-work", "coordinator", learner + "/unit/BIB-U7"),
        ("to-do-work", "coordinator", "/to-do"),
        ("attend", "learner", "/attend?code=ABC-234"),
        ("attend-nobody", "nobody", "/attend"),
        ("prior", "coordinator", learner + "/prior"),
        ("observations", "mentor", f"{learner}/unit/{UNIT}/observations?done=made"),
        ("confirm", "mentor", f"{learner}/unit/{UNIT}"),
        ("observe", "nobody", link),
        ("seminars", "trainer", "/programme/CECO/seminars"),
        ("seminar", "trainer", seminar + "?saved=1"),
        ("seminar-code", "trainer", seminar + "/code"),
        ("stop-reminders", "nobody", f"/reminders/stop/{leave}"),
    ]
    assert [line for name, role, path in pages for line in look(name, who[role], path)] == []
