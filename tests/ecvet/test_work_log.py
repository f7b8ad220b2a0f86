"""The log of work-based learning: entered by the learner once, confirmed, corrected or returned by the mentor."""

from __future__ import annotations

import re

import pytest

from tests.learning import Place, Somebody

UNIT = "CECO-U8"
DAY = {"mode": "work_based", "day": "2022-10-12", "hours": "3", "tasks": "Ran a workshop"}


def log(here: Place, who: Somebody, **changes: object) -> int:
    return here.browser(who).post(f"/record/unit/{UNIT}/hours?programme=CECO", {**DAY, **changes}).status_code


def page(who: Somebody, act: str = "") -> str:
    return f"/programme/CECO/learner/{who.person}/unit/{UNIT}{act}"


def waiting(here: Place, who: Somebody) -> tuple[float, float]:
    """Hours that count, and hours that wait."""
    line = here.record(who).judgement.hours["work_based"]
    return line.recorded, line.waiting


def entry(here: Place, who: Somebody) -> str:
    return str(here.record(who).statements[0]["id"])


def test_pressing_save_twice_saves_once(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    for _press in range(2):
        assert log(place, anna, once="form-1") == 303
    assert waiting(place, anna) == (0, 3)
    assert log(place, anna, once="form-1", hours="4") == 409
    assert log(place, anna, once="form-2") == 303
    assert waiting(place, anna) == (0, 6)


def test_the_form_carries_a_token_of_its_own_each_time(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    pages = [here.browser(anna).get(f"/record/unit/{UNIT}?programme=CECO").text for _look in range(2)]
    tokens = [re.findall(r'name="once" value="([^"]+)"', one) for one in pages]
    assert all(len(one) == 1 and len(one[0]) > 16 for one in tokens)
    assert tokens[0] != tokens[1]


def test_a_mentor_who_presses_twice_enters_once(place: Place) -> None:
    anna, mentor = place.learner("Anna", "CECO"), place.holder("mentor")
    for _press in range(2):
        assert place.browser(mentor).post(page(anna, "/hours"), {**DAY, "once": "form-1"}).status_code == 303
    assert waiting(place, anna) == (3, 0)


def test_the_learner_names_the_outcomes_that_were_trained(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    unit = here.record(anna).programme.unit(UNIT)
    assert unit is not None
    chosen = unit.outcomes[0]
    log(here, anna, outcome=[chosen.id, "BIB-U1-K1"])
    (statement,) = here.record(anna).statements
    assert [one["id"] for one in statement["context"]["contextActivities"]["other"]] == [chosen.iri]
    assert f"Outcomes: {chosen.id}" in here.browser(here.holder("mentor")).text(page(anna))


def test_a_mentor_corrects_what_was_entered(place: Place) -> None:
    anna, mentor = place.learner("Anna", "CECO"), place.holder("mentor")
    log(place, anna)
    sent = {"entry": entry(place, anna), "day": "2022-10-12", "hours": "2.5", "tasks": "Ran half a workshop"}
    assert place.browser(mentor).post(page(anna, "/confirm"), sent).status_code == 303
    assert waiting(place, anna) == (2.5, 0)
    assert "Ran half a workshop" in place.browser(anna).text(f"/record/unit/{UNIT}?programme=CECO")
    again = place.browser(mentor).post(page(anna, "/confirm"), sent)
    assert again.status_code == 409


@pytest.mark.parametrize("hours", ["0", "25", "many"])
def test_a_correction_is_checked(here: Place, hours: str) -> None:
    anna = here.learner("Anna", "CECO")
    log(here, anna)
    sent = {"entry": entry(here, anna), "day": "2022-10-12", "hours": hours, "tasks": "x"}
    answer = here.browser(here.holder("mentor")).post(page(anna, "/confirm"), sent)
    assert answer.status_code == 400
    assert waiting(here, anna) == (0, 3)


def test_what_is_returned_counts_nothing_and_says_why_to_the_learner(place: Place) -> None:
    anna, mentor = place.learner("Anna", "CECO"), place.holder("mentor")
    log(place, anna)
    sent = {"entry": entry(place, anna), "comment": "Which workshop was it?"}
    assert place.browser(mentor).post(page(anna, "/return"), sent).status_code == 303
    assert waiting(place, anna) == (0, 0)  # it is the learner's turn, and nobody else's
    shown = place.browser(anna).text(f"/record/unit/{UNIT}?programme=CECO")
    assert "Returned to you: Which workshop was it?" in shown
    assert "more wait to be confirmed" not in shown
    taken = place.browser(anna).post(f"/record/unit/{UNIT}/take-back?programme=CECO", {"entry": sent["entry"]})
    assert taken.status_code == 303
    assert waiting(place, anna) == (0, 0)
    assert log(place, anna, tasks="Ran the workshop on passwords") == 303
    assert waiting(place, anna) == (0, 3)


def test_a_return_needs_a_comment_and_a_role(here: Place) -> None:
    anna, boris = here.learner("Anna", "CECO"), here.learner("Boris", "CECO")
    log(here, anna)
    sent = {"entry": entry(here, anna), "comment": " "}
    assert "ECVET-COMMENT" in here.browser(here.holder("mentor")).post(page(anna, "/return"), sent).text
    sent["comment"] = "x"
    for who, status in ((here.holder("trainer"), 403), (here.holder("moderator"), 403), (boris, 403), (anna, 403)):
        assert here.browser(who).post(page(anna, "/return"), sent).status_code == status
    assert len(here.record(anna).statements) == 1
