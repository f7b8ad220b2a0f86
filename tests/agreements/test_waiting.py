"""Agreements that wait for a signature: in the list of what is to do, in lists, in the record, in the mail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lti_tool.agreements import store, told
from lti_tool.agreements.acting import AGREE, waits_for
from lti_tool.agreements.store import UNSIGNED, Sought
from lti_tool.agreements.terms import KINDS, Agreement
from lti_tool.db import reading, writing
from lti_tool.insight.reminders import remind
from lti_tool.people import mail
from lti_tool.people import store as people
from lti_tool.people.roles import Grant, reach
from tests.agreements.conftest import (
    GLBF,
    HOU,
    KISC,
    LEARNING,
    NAME,
    agreement,
    all_sign,
    changed,
    learning_of,
    memorandum,
    sign,
)
from tests.learning import BASE, Place, Somebody

WAITS = "waits for your signature"
LIST = "/agreements?kind=learning&amp;state=unsigned"


def two(place: Place) -> tuple[Somebody, Somebody]:
    """A learner of KISC, and a coordinator of all institutions."""
    return place.learner(NAME, "CECO", institution=KISC), place.holder("coordinator", name="Inga Niedra")


def test_who_can_sign_finds_it_in_the_list_of_what_is_to_do_until_it_is_signed(place: Place) -> None:
    learner, coordinator = two(place)
    one = agreement(place, coordinator, learner)
    agreement(place, coordinator, learner, ends="2023-01-31")
    memorandum(place, coordinator, p1_institution=HOU)
    place.clock.forward(days=3)
    sofia, athens, mentor = (
        place.browser(place.holder(role, "CECO", at, name))  # type: ignore[arg-type]  # a Role
        for role, at, name in (("coordinator", GLBF, "Sofia"), ("coordinator", HOU, "Athens"), ("mentor", GLBF, "M"))
    )
    page = sofia.get("/to-do").text
    assert "2 learning agreements wait for your signature" in page and LIST in page and "3 days" in page
    assert "2 things wait for you" in page and "memorand" not in page
    shown = sofia.get("/agreements?kind=learning&state=unsigned").text
    assert "2 agreements" in shown and shown.count(WAITS) == 3  # of them once in the filter
    assert sign(place, place.holder("coordinator", "CECO", GLBF, "S"), one, "1") == 303
    page = sofia.text("/to-do")
    assert "1 learning agreement waits for your signature" in page
    assert "1 agreement " in sofia.text("/agreements?kind=learning&state=unsigned")
    page = athens.text("/to-do")
    assert "1 memorandum of understanding waits for your signature" in page and "learning agreement" not in page
    assert "Nothing waits for you" in mentor.text("/to-do")


def test_what_is_withdrawn_replaced_signed_by_all_or_about_oneself_waits_for_nobody(here: Place) -> None:
    learner, coordinator = two(here)
    browser = here.browser(coordinator)
    gone = agreement(here, coordinator, learner)
    browser.post(f"/agreements/{gone.series}/withdraw", {"version": gone.number, "reason": "x"})
    all_sign(here, coordinator, agreement(here, coordinator, learner, starts="2022-10-05"), learner)
    assert "Nothing waits for you" in browser.text("/to-do")
    old = agreement(here, coordinator, learner, starts="2022-10-06")
    changed(here, coordinator, old, LEARNING, starts="2022-10-07")
    assert "1 learning agreement waits for your signature" in browser.text("/to-do")
    here.grant(learner, "coordinator")
    assert "Nothing waits for you" in here.browser(learner).text("/to-do")


def test_the_database_and_the_rule_say_the_same(place: Place) -> None:
    learner, coordinator = two(place)
    other = place.learner("Boris", "CECO", institution=GLBF)
    place.grant(other, "coordinator")
    one = agreement(place, coordinator, learner)
    sign(place, coordinator, one, "0")
    agreement(place, coordinator, other, host_institution="", host_name="Partner", host_country="SE")
    agreement(place, coordinator, learner, host_institution=HOU)
    all_sign(place, coordinator, memorandum(place, coordinator))
    memorandum(place, coordinator, p1_institution=HOU)
    held = [
        coordinator,
        other,
        *(place.holder("coordinator", programme, at, f"{programme}{at}") for programme, at in (
            ("CECO", KISC), ("CECO", GLBF), ("DIGY", GLBF), (None, HOU), (None, None),
        )),
        place.holder("assessor", None, None),
    ]  # fmt: skip
    today, seen = place.clock().date(), set()
    with reading(place.engine) as conn:
        for by in map(place.by, held):
            within, counted = reach(by.grants, AGREE), told.unsigned(conn, by)
            for kind in KINDS:
                every, _count = store.search(conn, Sought(kind), within, today, 0, 50)
                ruled = {each[0].number for each in every if waits_for(by, each[0], today)}
                sought = Sought(kind, state=UNSIGNED, by=by.keys)
                listed = {each[0].number for each in store.search(conn, sought, within, today, 0, 50)[0]}
                assert listed == ruled
                assert (counted[kind].count if kind in counted else 0) == len(ruled)
                seen |= ruled
    assert len(seen) == 4


def test_the_learner_reads_it_at_the_top_of_the_record(here: Place) -> None:
    learner, coordinator = two(here)
    one = agreement(here, coordinator, learner)
    own = here.browser(learner)
    page = own.get("/record?programme=CECO").text
    assert f"1 learning agreement {WAITS}" in page and f"/record/agreements/{one.number}" in page
    agreement(here, coordinator, learner, ends="2023-01-31")
    assert "2 learning agreements wait for your signature" in own.get("/record?programme=CECO").text
    assert own.get("/record/agreements").text.count(WAITS) == 2
    staff = here.browser(coordinator)
    assert "for your signature" not in staff.get(f"/programme/CECO/learner/{learner.person}").text
    assert staff.get(learning_of(learner)).text.count(WAITS) == 2
    for each in own_numbers(here, learner):
        assert own.post(f"/record/agreements/{each}/agree").status_code == 303
    assert "for your signature" not in own.get("/record?programme=CECO").text
    assert WAITS not in own.get("/record/agreements").text


def own_numbers(place: Place, learner: Somebody) -> list[str]:
    with reading(place.engine) as conn:
        found: list[list[Agreement]] = store.of_learner(conn, [learner.key])
    return [each[0].number for each in found]


def test_the_mail_counts_them_and_names_nobody(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(mail, "send", lambda _url, **parts: sent.append(parts))
    settings = replace(here.wiring.settings, reminders="daily", smtp_url="smtp://127.0.0.1:1")
    wiring = replace(here.wiring, settings=settings)
    learner, coordinator = two(here)
    with writing(here.engine) as conn:
        for at, locale in ((GLBF, "bg"), (HOU, "el"), (KISC, "en")):
            key = people.person_here(conn, BASE, at, here.clock(), email=f"{at}@example.org")
            people.grant(conn, key, Grant("coordinator", at, "CECO"), "test", here.clock())
            people.choose_locale(conn, [key], locale)
    assert remind(wiring, unsigned=told.unsigned) == 0
    agreement(here, coordinator, learner)
    memorandum(here, coordinator)
    assert remind(wiring) == 0
    assert remind(wiring, unsigned=told.unsigned) == 2
    texts = {one["to"]: one["text"] for one in sent}
    assert set(texts) == {f"{GLBF}@example.org", f"{KISC}@example.org"}
    riga = texts[f"{KISC}@example.org"]
    assert "1 learning agreement waits for your signature." in riga
    assert "1 memorandum of understanding waits for your signature." in riga
    assert "waits" not in texts[f"{GLBF}@example.org"] and "1 споразумение за обучение" in texts[f"{GLBF}@example.org"]
    assert NAME.split()[0] not in "".join(texts.values())
