"""Rows of the table of rights about papers and portfolios, and about taking back what was entered."""

from __future__ import annotations

import io
from typing import Final

import sqlalchemy as sa

from lti_tool.db import reading
from tests.ecvet.rights_people import (
    COORDINATOR,
    MENTOR,
    STAFF,
    Scene,
    Tried,
    Try,
    before,
    first,
    opens,
    posts,
    sending,
)
from tests.learning import Browser
from tests.papers.conftest import issue, validated

LEARNER: Final = {"the learner"}
UNIT: Final = "CECO-U8"


def paper(scene: Scene) -> str:
    """The number of an award that a coordinator issued."""
    coordinator = scene.here.holder("coordinator", name="Somebody before")
    validated(scene.here, scene.anna, coordinator)
    return issue(scene.here, coordinator, scene.anna).number


def of_learner(scene: Scene) -> str:
    return f"/programme/CECO/learner/{scene.anna.person}"


def issuing(scene: Scene) -> Tried:
    validated(scene.here, scene.anna, scene.here.holder("coordinator", name="Somebody before"))
    data = {"thing": "unit:BIB-U1", "name": "Anna", "institution": "LV-KISC"}
    return sending(of_learner(scene) + "/papers", data)


def withdrawing(scene: Scene) -> Tried:
    return sending(f"{of_learner(scene)}/papers/{paper(scene)}/withdraw", {"reason": "erred"})


def showing(scene: Scene) -> Tried:
    return sending(f"/record/papers/{paper(scene)}/shows", {"shows": "named"})


def registered(address: str) -> Try:
    def ready(scene: Scene) -> Tried:
        paper(scene)
        return lambda browser: browser.get(address).status_code

    return ready


def folder(scene: Scene) -> dict[str, str]:
    """The form for a portfolio with a statement of the learner."""
    scene.here.demonstrates_u1(scene.anna)
    found = scene.here.record(scene.anna).unit("BIB-U1")
    assert found is not None
    statement = found.outcomes[0][1].evidence[0]
    return {"programme": "CECO", "title": "Mine", "statement": statement, "days": "7"}


def sharing(scene: Scene) -> Tried:
    return sending("/record/portfolio", folder(scene))


def unsharing(scene: Scene) -> Tried:
    posts(scene.here.browser(scene.anna), "/record/portfolio", folder(scene))
    with reading(scene.here.engine) as conn:
        id = conn.scalar(sa.text("SELECT id FROM portfolios"))
    return sending(f"/record/portfolio/{id}/revoke", {})


def certificate() -> dict[str, object]:
    return {
        "programme": "CECO", "title": "ECDL", "issuer": "RTU", "day": "2021-05-01", "hours": "12", "module": "M01",
        "certificate": (io.BytesIO(b"%PDF-1.7\n"), "a.pdf"),
    }  # fmt: skip


def claiming(_scene: Scene) -> Tried:
    return lambda browser: browser.post("/record/prior", certificate(), content_type="multipart/form-data").status_code


def unclaiming(scene: Scene) -> Tried:
    mine = scene.here.browser(scene.anna)
    assert mine.post("/record/prior", certificate(), content_type="multipart/form-data").status_code == 303
    claim = first(r'name="claim" value="([^"]+)"', mine.get("/record/prior?programme=CECO").text)
    return sending("/record/prior/take-back", {"programme": "CECO", "claim": claim})


def logged(scene: Scene) -> str:
    """Hours that the learner entered."""
    data = {"mode": "work_based", "day": "2022-10-12", "hours": "3", "tasks": "x"}
    posts(scene.here.browser(scene.anna), f"/record/unit/{UNIT}/hours?programme=CECO", data)
    return str(scene.here.record(scene.anna).statements[-1]["id"])


def taking_back_own(scene: Scene) -> Tried:
    return sending(f"/record/unit/{UNIT}/take-back?programme=CECO", {"entry": logged(scene)})


def confirmed(scene: Scene, browser: Browser, entry: str) -> str:
    """What can be taken back once the visitor has tried to confirm these hours: that, else the hours themselves."""
    done = browser.post(f"{of_learner(scene)}/unit/{UNIT}/confirm", {"entry": entry})
    return str(scene.here.record(scene.anna).statements[-1]["id"]) if done.status_code == 303 else entry


def taking_back(scene: Scene) -> Tried:
    entry, path = logged(scene), f"{of_learner(scene)}/unit/{UNIT}/take-back"
    return lambda browser: browser.post(path, {"entry": confirmed(scene, browser, entry)}).status_code


def undoing(scene: Scene) -> Tried:
    entry, where = logged(scene), {"programme": "CECO", "person": scene.anna.person}
    return lambda browser: browser.post("/to-do/undo", {**where, "entry": confirmed(scene, browser, entry)}).status_code


def uninviting(scene: Scene) -> Tried:
    found = scene.here.record(scene.anna).unit(UNIT)
    assert found is not None
    data = {"task": "x", "outcome": found.unit.outcomes[0].id, "name": "Jānis", "language": "en", "days": "7"}
    path = f"{of_learner(scene)}/unit/{UNIT}/observations"
    assert before(scene, MENTOR).post(path, data).status_code in (200, 303)
    with reading(scene.here.engine) as conn:
        id = conn.scalar(sa.text("SELECT id FROM observation_links"))
    return sending(f"{path}/withdraw", {"link": str(id)})


EVIDENCE: Final[dict[str, tuple[set[str], Try]]] = {
    "see a learner's papers": ({COORDINATOR}, opens("/programme/CECO/learner/{person}/papers")),
    "issue a paper": ({COORDINATOR}, issuing),
    "withdraw a paper": ({COORDINATOR}, withdrawing),
    "read the register of papers": ({COORDINATOR}, registered("/register")),
    "take the register as a CSV file": ({COORDINATOR}, registered("/register.csv")),
    "choose what others see of one's own paper": (LEARNER, showing),
    "share a portfolio of one's own record": (LEARNER, sharing),
    "take back one's own portfolio": (LEARNER, unsharing),
    "claim prior learning": (LEARNER, claiming),
    "take back one's own claim": (LEARNER, unclaiming),
    "take back hours that one logged": (LEARNER, taking_back_own),
    "take back hours that one confirmed": ({MENTOR}, taking_back),
    "undo a confirmation from the list of what waits": ({MENTOR}, undoing),
    "withdraw an invitation to rate": (STAFF, uninviting),
}
