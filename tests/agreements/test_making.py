"""Memoranda and learning agreements as data: made, signed, replaced, ended, withdrawn; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from lti_tool.agreements import store
from lti_tool.agreements.content import wish_of
from lti_tool.agreements.reading import read_learning, read_memorandum, values_of
from lti_tool.agreements.terms import LEARNER, MOST_VERSIONS, Agreement
from lti_tool.db import reading, writing
from lti_tool.ecvet import store as programmes
from lti_tool.errors import BadInput, ToolError
from tests.agreements.conftest import (
    GLBF,
    HOU,
    KISC,
    LEARNING,
    MEMORANDUM,
    NAME,
    again,
    agreement,
    all_sign,
    changed,
    learning_of,
    memorandum,
    sent,
    sign,
    versions,
)
from tests.learning import Place, Somebody


def two(place: Place) -> tuple[Somebody, Somebody]:
    """A learner of KISC, and a coordinator of all institutions."""
    return place.learner(NAME, "CECO", institution=KISC), place.holder("coordinator", name="Inga Niedra")


def state(place: Place, one: Agreement) -> str:
    return again(place, one).state(place.clock().date())


def programme(place: Place) -> Any:
    with reading(place.engine) as conn:
        return programmes.get(conn, "CECO")


def test_a_learning_agreement_is_a_draft_until_learner_home_and_host_have_signed(place: Place) -> None:
    learner, coordinator = two(place)
    one = agreement(place, coordinator, learner)
    assert (one.kind, one.version, one.learner_key, one.made_by) == ("learning", 1, learner.key, "Inga Niedra")
    assert [(party.part, party.institution) for party in one.parties] == [("home", KISC), ("host", GLBF)]
    assert one.open_for == (LEARNER, "0", "1") and state(place, one) == "draft"
    assert sign(place, coordinator, one, "0", position="koordinatore") == 303
    assert place.browser(learner).post(f"/record/agreements/{one.number}/agree").status_code == 303
    assert state(place, one) == "draft"
    paper = {"how": "paper", "person": "Спаска Тарандова", "position": "директор", "day": "2022-10-11"}
    assert sign(place, coordinator, one, "1", **paper) == 303
    one = again(place, one)
    assert one.state(place.clock().date()) == "agreed"
    signed = {party: (act.person, act.day, act.how, act.by) for party, act in one.signatures.items()}
    today = place.clock().date().isoformat()
    assert signed == {
        LEARNER: (NAME, today, "here", NAME),
        "0": ("Inga Niedra", today, "here", "Inga Niedra"),
        "1": ("Спаска Тарандова", "2022-10-11", "paper", "Inga Niedra"),
    }


def test_it_says_what_the_form_and_the_programme_say(here: Place) -> None:
    learner, coordinator = two(here)
    content = agreement(here, coordinator, learner).snapshot
    assert [unit["id"] for unit in content["units"]] == ["CECO-U8"]
    hours = {mode: told["value"] for mode, told in content["hours"].items() if told["value"]}
    assert hours == {"face_to_face": 2, "assessment": 4, "work_based": 150.5}
    # What was written into the form is agreed; what the programme plans is as sure as the programme.
    assert content["hours"]["work_based"]["status"] == "published"
    assert content["hours"]["assessment"]["status"] == "reconstructed"
    assert content["programme"]["version"] == programme(here).version
    assert content["wish"]["assess"] == {
        "side": "host",
        "who": "Иван Петров",
        "how": "Portfolio and interview in the last week.",
    }


def test_a_version_takes_effect_when_all_have_signed_it_and_the_one_before_stands_until_then(place: Place) -> None:
    learner, coordinator = two(place)
    first = all_sign(place, coordinator, agreement(place, coordinator, learner), learner)
    draft = changed(place, coordinator, first, LEARNING, ends="2023-01-31")
    second = changed(place, coordinator, draft, LEARNING, ends="2023-02-28")
    assert [one.version for one in versions(place, first.series)] == [3, 2, 1]
    assert (state(place, first), state(place, draft), state(place, second)) == ("agreed", "superseded", "draft")
    all_sign(place, coordinator, second, learner)
    assert (state(place, first), state(place, second)) == ("superseded", "agreed")
    happened = again(place, first).act("supersede")
    assert happened is not None and happened.successor == second.number
    assert again(place, first).snapshot["wish"]["ends"] == "2022-12-31", "a version never changes"


def test_a_draft_that_is_withdrawn_leaves_what_was_agreed(place: Place) -> None:
    learner, coordinator = two(place)
    first = all_sign(place, coordinator, agreement(place, coordinator, learner), learner)
    draft = changed(place, coordinator, first, LEARNING, ends="2023-01-31")
    path = f"/agreements/{first.series}/withdraw"
    assert place.browser(coordinator).post(path, {"version": draft.number, "reason": ""}).status_code == 400
    assert place.browser(coordinator).post(path, {"version": draft.number, "reason": "Too long."}).status_code == 303
    assert (state(place, first), state(place, draft)) == ("agreed", "withdrawn")
    assert sign(place, coordinator, draft, "0") == 409
    assert place.browser(coordinator).post(path, {"version": draft.number, "reason": "Again."}).status_code == 409


def test_it_ends_after_its_last_day_or_earlier_by_an_act(place: Place) -> None:
    learner, coordinator = two(place)
    one = all_sign(place, coordinator, agreement(place, coordinator, learner), learner)
    assert one.state(date(2022, 12, 31)) == "agreed" and one.state(date(2023, 1, 1)) == "ended"
    path = f"/agreements/{one.series}/end"
    form = {"version": one.number, "end_reason": "She fell ill."}
    for day, status in (("2022-09-30", 400), ("2023-01-01", 400), ("soon", 400), ("2022-11-15", 303)):
        assert place.browser(coordinator).post(path, {**form, "last": day}).status_code == status
    one = again(place, one)
    assert one.state(date(2022, 11, 15)) == "agreed" and one.state(date(2022, 11, 16)) == "ended"
    assert place.browser(coordinator).post(path, {**form, "last": "2022-11-10"}).status_code == 409
    with reading(place.engine) as conn:
        for day, expected in ((date(2022, 11, 15), "agreed"), (date(2022, 11, 16), "ended")):
            for asked in ("draft", "agreed", "ended", "withdrawn", "odd"):
                _found, count = store.search(conn, store.Sought("learning", state=asked), {(None, None)}, day, 0, 9)
                assert count == (asked == expected), (day, asked)


def test_no_party_signs_twice_and_nobody_a_version_that_was_replaced(here: Place) -> None:
    learner, coordinator = two(here)
    one = agreement(here, coordinator, learner)
    assert sign(here, coordinator, one, "0") == 303
    assert sign(here, coordinator, one, "0") == 409
    assert sign(here, coordinator, one, "7") == 400
    newer = changed(here, coordinator, one, LEARNING, ends="2022-11-30")
    assert sign(here, coordinator, one, "1") == 409
    assert here.browser(learner).post(f"/record/agreements/{one.number}/agree").status_code == 409
    assert again(here, newer).open_for == (LEARNER, "0", "1"), "who signed the old one has not signed the new one"


@pytest.mark.parametrize(
    "wrong", [{"person": ""}, {"person": "\u202e"}, {"day": ""}, {"day": "2099-01-01"}, {"day": "1999-12-31"}]
)
def test_a_signature_on_paper_has_a_name_and_a_day(here: Place, wrong: dict[str, str]) -> None:
    learner, coordinator = two(here)
    one = agreement(here, coordinator, learner)
    good = {"how": "paper", "person": "Anna", "day": "2022-10-12"}
    assert sign(here, coordinator, one, LEARNER, **{**good, **wrong}) == 400
    assert again(here, one).signatures == {}
    assert sign(here, coordinator, one, LEARNER, **good) == 303


def test_a_learner_or_partner_from_outside_never_signs_as_if_signed_in(here: Place) -> None:
    """Nobody is here for them: what a coordinator enters is what stands on paper, by their word."""
    learner, coordinator = two(here)
    outside = {"host_institution": None, "host_name": "Biblioteca di Bari", "host_country": "it"}
    one = agreement(here, coordinator, learner, **outside)
    assert one.parties[1].institution is None and one.snapshot["parties"][1]["country"] == "IT"
    for party in (LEARNER, "1"):
        assert sign(here, coordinator, one, party) == 400
        assert sign(here, coordinator, one, party, person="Somebody", day="2022-10-12") == 303
    assert {again(here, one).signatures[party].how for party in (LEARNER, "1")} == {"paper"}


BAD_LEARNING = [
    ({"name": " "}, "AGREEMENT-NAME"),
    ({"name": "x" * 201}, "AGREEMENT-TEXT"),
    ({"activities": "x" * 2001}, "AGREEMENT-TEXT"),
    ({"host_institution": None}, "AGREEMENT-PARTIES"),
    ({"host_institution": KISC}, "AGREEMENT-PARTIES"),
    ({"host_institution": "XX-NONE"}, "AGREEMENT-PARTY"),
    ({"host_institution": None, "host_name": "Bari"}, "AGREEMENT-PARTY"),
    ({"host_institution": None, "host_name": "Bari", "host_country": "Italy"}, "AGREEMENT-PARTY"),
    ({"starts": ""}, "AGREEMENT-PERIOD"),
    ({"ends": "2022-09-30"}, "AGREEMENT-PERIOD"),
    ({"ends": "2092-09-30"}, "AGREEMENT-PERIOD"),
    ({"starts": "0001-01-01", "ends": "0001-02-01"}, "AGREEMENT-PERIOD"),
    ({"starts": "9999-12-30", "ends": "9999-12-31"}, "AGREEMENT-PERIOD"),
    ({"unit": None}, "AGREEMENT-UNITS"),
    ({"unit": ["DIGY-U8"]}, "AGREEMENT-UNITS"),
    ({"hours_work_based": "-1"}, "AGREEMENT-HOURS"),
    ({"hours_work_based": "nan"}, "AGREEMENT-HOURS"),
    ({"hours_work_based": "1e9"}, "AGREEMENT-HOURS"),
    ({"memorandum": "no-such"}, "AGREEMENT-MEMORANDUM"),
]


@pytest.mark.parametrize(("wrong", "code"), BAD_LEARNING, ids=[f"{list(w)[-1]}-{c}" for w, c in BAD_LEARNING])
def test_a_form_that_can_not_be_an_agreement_comes_back_as_it_was_sent(
    here: Place, wrong: dict[str, Any], code: str
) -> None:
    learner, coordinator = two(here)
    answer = here.browser(coordinator).post(f"{learning_of(learner)}/new", sent(LEARNING, notes="Kept words", **wrong))
    assert answer.status_code == 400 and code in answer.text and "Kept words" in answer.text
    with reading(here.engine) as conn:
        assert store.of_learner(conn, [learner.key]) == []


def test_a_memorandum_is_between_two_different_institutions_at_least(here: Place) -> None:
    known = programme(here)
    for wrong in ({"p1_institution": None}, {"p1_institution": KISC}, {"p0_institution": "", "p1_institution": ""}):
        with pytest.raises(BadInput, match="AGREEMENT-PARTIES"):
            read_memorandum(sent(MEMORANDUM, **wrong), known)
    many = {"p2_institution": HOU, "p5_name": "Bibliotēka", "p5_country": "lv"}
    wish = read_memorandum(sent(MEMORANDUM, **many), known)
    assert [one.institution or one.name for one in wish.parties] == [KISC, GLBF, HOU, "Bibliotēka"]


def test_who_the_programme_does_not_call_competent_does_not_do_it(here: Place) -> None:
    known = programme(here)
    others = tuple(replace(one, competent=("assess",)) if one.id == KISC else one for one in known.institutions)
    read_learning(sent(LEARNING), known)
    with pytest.raises(BadInput, match="AGREEMENT-COMPETENT"):
        read_learning(sent(LEARNING), replace(known, institutions=others))


def test_a_form_begins_with_what_the_version_before_said(here: Place) -> None:
    learner, coordinator = two(here)
    known = programme(here)
    for one in (memorandum(here, coordinator), agreement(here, coordinator, learner)):
        read = read_memorandum if one.kind == "memorandum" else read_learning
        assert read(values_of(wish_of(one)), known) == wish_of(one)


def test_an_agreement_is_made_under_a_memorandum_of_its_institutions(place: Place) -> None:
    learner, coordinator = two(place)
    under = memorandum(place, coordinator)
    one = agreement(place, coordinator, learner, memorandum=under.series)
    assert one.memorandum == under.series and one.snapshot["memorandum"]["number"] == under.number
    path = f"{learning_of(learner)}/new"
    greek = sent(LEARNING, memorandum=under.series, host_institution=HOU)
    assert "AGREEMENT-MEMORANDUM" in place.browser(coordinator).post(path, greek).text
    withdrawn = {"version": under.number, "reason": "Over."}
    assert place.browser(coordinator).post(f"/agreements/{under.series}/withdraw", withdrawn).status_code == 303
    again_ = sent(LEARNING, memorandum=under.series)
    assert "AGREEMENT-MEMORANDUM" in place.browser(coordinator).post(path, again_).text


def test_two_who_change_at_once_do_not_overwrite_each_other(here: Place) -> None:
    learner, coordinator = two(here)
    one = agreement(here, coordinator, learner)
    changed(here, coordinator, one, LEARNING, ends="2023-01-31")
    late = here.browser(coordinator).post(f"/agreements/{one.series}/change", sent(LEARNING, base=one.number))
    assert late.status_code == 409 and "AGREEMENT-CHANGED" in late.text
    newest = versions(here, one.series)[0]
    same = sent(LEARNING, base=newest.number, ends="2023-01-31")
    answer = here.browser(coordinator).post(f"/agreements/{one.series}/change", same)
    assert answer.status_code == 409 and "AGREEMENT-SAME" in answer.text


def test_a_button_that_is_pressed_twice_makes_one_agreement(place: Place) -> None:
    learner, coordinator = two(place)
    browser = place.browser(coordinator)
    for path, form in ((f"{learning_of(learner)}/new", LEARNING), ("/agreements/new", MEMORANDUM)):
        for _press in range(2):
            assert browser.post(path, sent(form, once="token" + path)).status_code == 303
    with reading(place.engine) as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(store.agreements)) == 2


def test_there_is_an_end_to_versions(here: Place) -> None:
    learner, coordinator = two(here)
    one = agreement(here, coordinator, learner)
    with writing(here.engine) as conn:
        conn.execute(store.agreements.update().values(version=MOST_VERSIONS))
    form = sent(LEARNING, base=one.number, ends="2023-01-31")
    answer = here.browser(coordinator).post(f"/agreements/{one.series}/change", form)
    assert answer.status_code == 409 and "AGREEMENT-VERSIONS" in answer.text


def test_a_row_that_was_altered_is_noticed(place: Place) -> None:
    learner, coordinator = two(place)
    one = agreement(place, coordinator, learner)
    with writing(place.engine) as conn:
        forged = {**one.snapshot, "wish": {**one.snapshot["wish"], "name": "Somebody else"}}
        conn.execute(store.agreements.update().values(snapshot=forged))
    with pytest.raises(ToolError, match="PAPERS-ALTERED"), reading(place.engine) as conn:
        store.get(conn, one.number)


def test_units_states_and_points_do_not_change_by_an_agreement(here: Place) -> None:
    learner, coordinator = two(here)
    before = here.record(learner).judgement
    all_sign(here, coordinator, agreement(here, coordinator, learner), learner)
    assert here.record(learner).judgement == before
