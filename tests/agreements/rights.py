"""Rows of the table of rights (tests/ecvet/test_rights_table.py) that are about agreements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from lti_tool.agreements import told, views
from lti_tool.papers import views as papers
from tests.agreements.conftest import LEARNING, MEMORANDUM, agreement, learning_of, memorandum, sent
from tests.learning import Browser, Place, Somebody


class Scene(Protocol):
    """One learner, and whoever tries something."""

    here: Place
    anna: Somebody


Tried = Callable[[Browser], int]
Try = Callable[[Any], Tried]
COORDINATOR: Final = {"coordinator"}
LEARNER: Final = {"the learner"}
TABLES: Final = ("agreements", "agreement_acts", "agreement_shows")


def with_pages(here: Place) -> None:
    """The place has the pages of papers and agreements as well."""
    here.app.register_blueprint(papers.blueprint(here.wiring, told.check))
    here.app.register_blueprint(views.blueprint(here.wiring))


def _made(scene: Scene) -> Any:
    return agreement(scene.here, scene.here.holder("coordinator", name="Somebody before"), scene.anna)


def opens(path: str) -> Try:
    """`{series}` and `{number}` of a learning agreement that somebody made."""

    def ready(scene: Scene) -> Tried:
        one = _made(scene)
        address = path.format(person=scene.anna.person, series=one.series, number=one.number)
        return lambda browser: browser.get(address).status_code

    return ready


def sends(path: str, **form: str) -> Try:
    def ready(scene: Scene) -> Tried:
        one = _made(scene)
        data = {"version": one.number, **form}
        return lambda browser: browser.post(path.format(series=one.series, number=one.number), data).status_code

    return ready


def ending(scene: Scene) -> Tried:
    one, here = _made(scene), scene.here
    before = here.browser(here.holder("coordinator", name="Somebody before"))
    for party in one.parties:
        form = {"version": one.number, "party": party.place, "how": "here"}
        assert before.post(f"/agreements/{one.series}/sign", form).status_code == 303
    assert here.browser(scene.anna).post(f"/record/agreements/{one.number}/agree").status_code == 303
    form = {"version": one.number, "last": "2022-11-01", "end_reason": "x"}
    return lambda browser: browser.post(f"/agreements/{one.series}/end", form).status_code


def changing(scene: Scene) -> Tried:
    one = _made(scene)
    form = sent(LEARNING, base=one.number, ends="2023-01-31")
    return lambda browser: browser.post(f"/agreements/{one.series}/change", form).status_code


def reading_memorandum(scene: Scene) -> Tried:
    one = memorandum(scene.here, scene.here.holder("coordinator", name="Somebody before"))
    return lambda browser: browser.get(f"/agreements/{one.series}").status_code


AGREEMENTS: Final[dict[str, tuple[set[str], Try]]] = {
    "see the lists of agreements": (COORDINATOR, opens("/agreements")),
    "read a memorandum of understanding": (COORDINATOR, reading_memorandum),
    "make a memorandum of understanding": (
        COORDINATOR,
        lambda scene: lambda browser: browser.post("/agreements/new", sent(MEMORANDUM)).status_code,
    ),
    "read a learner's learning agreement": (COORDINATOR, opens("/agreements/{series}")),
    "print a learner's learning agreement": (COORDINATOR, opens("/agreements/{series}/{number}.pdf")),
    "make a learning agreement": (
        COORDINATOR,
        lambda scene: lambda browser: browser.post(f"{learning_of(scene.anna)}/new", sent(LEARNING)).status_code,
    ),
    "make the next version of an agreement": (COORDINATOR, changing),
    "sign an agreement for an institution": (
        COORDINATOR,
        sends("/agreements/{series}/sign", party="0", how="here"),
    ),
    "record a signature on paper": (
        COORDINATOR,
        sends("/agreements/{series}/sign", party="learner", how="paper", person="x", day="2022-10-12"),
    ),
    "end an agreement early": (COORDINATOR, ending),
    "withdraw an agreement": (COORDINATOR, sends("/agreements/{series}/withdraw", reason="x")),
    "read one's own learning agreement": (LEARNER, opens("/record/agreements/{number}")),
    "print one's own learning agreement": (LEARNER, opens("/record/agreements/{number}.pdf")),
    "agree to one's own learning agreement": (LEARNER, sends("/record/agreements/{number}/agree")),
    "choose what others see of one's own learning agreement": (
        LEARNER,
        sends("/record/agreements/{number}/shows", shows="full"),
    ),
}
