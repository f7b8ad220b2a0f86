"""Who may do what with agreements, institution by institution. Cells of roles: tests/ecvet/test_rights_table.py."""

from __future__ import annotations

import pytest

from tests.agreements.conftest import (
    GLBF,
    HOU,
    KISC,
    LEARNING,
    MEMORANDUM,
    NAME,
    again,
    agreement,
    changed,
    learning_of,
    memorandum,
    sent,
    sign,
    versions,
)
from tests.learning import Place, Somebody


def people(place: Place) -> dict[str, Somebody]:
    """A coordinator of each of three institutions, and of another programme."""
    found = {id: place.holder("coordinator", None, id, f"Coordinator {id}") for id in (KISC, GLBF, HOU)}
    return found | {"DIGY": place.holder("coordinator", "DIGY", None, "Coordinator DIGY")}


def test_parties_see_an_agreement_and_no_other_institution_does(place: Place) -> None:
    staff = people(place)
    learner = place.learner(NAME, "CECO", institution=KISC)
    one, two = memorandum(place, staff[KISC]), agreement(place, staff[KISC], learner)
    for who, party in ((KISC, True), (GLBF, True), (HOU, False), ("DIGY", False)):
        browser = place.browser(staff[who])
        for each in (one, two):
            expected = 200 if party else 404
            page, paper = f"/agreements/{each.series}", f"/agreements/{each.series}/{each.number}.pdf"
            assert browser.get(page).status_code == browser.get(paper).status_code == expected, (who, each.kind)
            assert browser.get(f"{page}/change").status_code == expected
            listed = browser.get("/agreements", query_string={"kind": each.kind}).text
            assert (each.series in listed) == party, (who, each.kind)
    # The host institution reads the agreement, and not the record of the learner.
    page = place.browser(staff[GLBF]).get(f"/agreements/{two.series}").text
    assert learner.person not in page
    assert place.browser(staff[GLBF]).get(learning_of(learner)).status_code == 404
    assert learner.person in place.browser(staff[KISC]).get(f"/agreements/{two.series}").text


def test_nobody_signs_for_an_institution_beyond_their_role(place: Place) -> None:
    staff = people(place)
    learner = place.learner(NAME, "CECO", institution=KISC)
    one = agreement(place, staff[KISC], learner)
    paper = {"how": "paper", "person": "Somebody", "day": "2022-10-12"}
    for who, party, status in ((GLBF, "0", 403), (KISC, "1", 403), (HOU, "0", 404), ("DIGY", "0", 404)):
        assert sign(place, staff[who], one, party) == status
        assert sign(place, staff[who], one, party, **paper) == status
    assert again(place, one).signatures == {}
    assert sign(place, staff[GLBF], one, "1") == 303
    assert sign(place, staff[KISC], one, "0") == 303
    # The learner's signature on paper may be recorded by either.
    assert sign(place, staff[GLBF], one, "learner", **paper) == 303


def test_who_makes_an_agreement_is_of_one_of_its_institutions(here: Place) -> None:
    staff = people(here)
    learner = here.learner(NAME, "CECO", institution=KISC)
    # The coordinator of Greece does not reach this learner; that of Riga makes none for others.
    assert here.browser(staff[HOU]).post(f"{learning_of(learner)}/new", sent(LEARNING)).status_code == 404
    others = sent(LEARNING, home_institution=HOU)
    answer = here.browser(staff[KISC]).post(f"{learning_of(learner)}/new", others)
    assert answer.status_code == 403 and "AGREEMENT-REACH" in answer.text and NAME in answer.text
    assert here.browser(staff[HOU]).post("/agreements/new", sent(MEMORANDUM)).status_code == 403
    assert here.browser(staff["DIGY"]).post("/agreements/new", sent(MEMORANDUM)).status_code == 404
    assert here.browser(staff["DIGY"]).get("/agreements/new?programme=CECO").status_code == 404


def test_ending_and_withdrawing_are_for_its_parties(here: Place) -> None:
    staff = people(here)
    learner = here.learner(NAME, "CECO", institution=KISC)
    one = agreement(here, staff[KISC], learner)
    form = {"version": one.number, "reason": "So.", "end_reason": "So.", "last": "2022-11-01"}
    for who in (HOU, "DIGY"):
        for act in ("withdraw", "end"):
            assert here.browser(staff[who]).post(f"/agreements/{one.series}/{act}", form).status_code == 404
    assert here.browser(staff[GLBF]).post(f"/agreements/{one.series}/withdraw", form).status_code == 303


def test_a_version_is_read_by_its_own_parties_alone(here: Place) -> None:
    """Who left an agreement keeps what they had signed, and does not see what others agree afterwards."""
    staff = people(here)
    learner = here.learner(NAME, "CECO", institution=KISC)
    first = agreement(here, staff[KISC], learner)
    second = changed(here, staff[KISC], first, LEARNING, host_institution=HOU)
    bulgarian, greek = here.browser(staff[GLBF]), here.browser(staff[HOU])
    path = f"/agreements/{first.series}"
    page = bulgarian.get(path)
    assert page.status_code == 200 and second.number not in page.text
    assert bulgarian.get(f"{path}/{second.number}.pdf").status_code == 404
    assert bulgarian.get(f"{path}/change").status_code == 404
    assert bulgarian.post(f"{path}/change", sent(LEARNING, base=second.number)).status_code == 404
    assert sign(here, staff[GLBF], second, "1") == 404
    assert greek.get(f"{path}/{first.number}.pdf").status_code == 404
    assert len(versions(here, first.series)) == 2


def test_nobody_acts_for_an_institution_in_their_own_agreement(here: Place) -> None:
    coordinator = here.holder("coordinator", name="Inga Niedra")
    learner = here.learner(NAME, "CECO", institution=KISC)
    one = agreement(here, coordinator, learner)
    here.grant(learner, "coordinator")
    own = here.browser(learner)
    assert sign(here, learner, one, "0") == 403
    assert own.post(f"/agreements/{one.series}/withdraw", {"version": one.number, "reason": "x"}).status_code == 403
    assert own.get(f"/agreements/{one.series}/change").status_code == 404
    assert own.post(f"{learning_of(learner)}/new", sent(LEARNING)).status_code == 403
    assert again(here, one).acts == ()
    assert own.post(f"/record/agreements/{one.number}/agree").status_code == 303, "as the learner, they agree"


@pytest.mark.parametrize("path", ["", ".pdf", "/agree", "/shows"])
def test_an_agreement_is_one_learners_own(here: Place, path: str) -> None:
    coordinator = here.holder("coordinator", name="Inga Niedra")
    one = agreement(here, coordinator, here.learner(NAME, "CECO", institution=KISC))
    address = f"/record/agreements/{one.number}{path}"
    for stranger, status in ((here.learner("Boris", "CECO"), 404), (coordinator, 404), (None, 401)):
        browser = here.browser(stranger)
        answer = browser.post(address, {"shows": "full"}) if path in ("/agree", "/shows") else browser.get(address)
        assert answer.status_code == status
    assert again(here, one).acts == () and again(here, one).shows == "minimal"
