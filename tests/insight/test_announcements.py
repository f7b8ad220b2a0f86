"""Announcements: who may speak to whom, who hears it, and until when."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from lti_tool.db import reading, writing
from lti_tool.errors import BadInput, Conflict
from lti_tool.insight import announcements as told
from lti_tool.insight.announcements import Audience
from lti_tool.people.roles import Grant
from tests.learning import Place, Somebody

TODAY = date(2022, 10, 13)
SAID = {"audience": "CECO|", "text": "Seminar on Friday.\n\nBring a book.", "language": "en", "until": "2022-10-20"}
HERE = Audience("CECO", "LV-KISC")


def moderator(place: Place, programme: str | None = "CECO", institution: str | None = None) -> Somebody:
    return place.holder("moderator", programme, institution, name="Inga Niedra")


def announces(place: Place, who: Somebody, **changes: str) -> str:
    return place.browser(who).submit("/announcements", {**SAID, **changes})


def test_all_learners_of_the_programme_read_it_on_their_record(place: Place) -> None:
    anna, elena = place.learner("Anna", "CECO"), place.learner("Elena", "DIGY")
    page = announces(place, moderator(place))
    assert "Seminar on Friday." in page
    assert "until 20 October 2022" in page
    mine = place.browser(anna).text("/record")
    assert "Announcements Seminar on Friday. Bring a book. Inga Niedra" in mine
    assert "Seminar" not in place.browser(elena).text("/record")


def test_it_says_its_language_and_is_shown_as_text(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    announces(place, moderator(place), text="Η <b>συνάντηση</b>", language="el")
    page = place.browser(anna).get("/record").text
    assert '<div lang="el"><p>Η &lt;b&gt;συνάντηση&lt;/b&gt;</p></div>' in page


def test_those_of_one_institution_alone_are_told_what_is_for_them(place: Place) -> None:
    riga = place.learner("Anna", "CECO", institution="LV-KISC")
    sofia = place.learner("Elena", "CECO", institution="BG-ULSIT")
    announces(place, moderator(place, "CECO", "LV-KISC"), audience="CECO|LV-KISC")
    assert "Seminar" in place.browser(riga).text("/record")
    assert "Seminar" not in place.browser(sofia).text("/record")


def test_nobody_speaks_beyond_their_reach(place: Place) -> None:
    of_riga = moderator(place, "CECO", "LV-KISC")
    for beyond in ("CECO|", "CECO|BG-ULSIT", "DIGY|", "DIGY|LV-KISC", "", "NONE|"):
        answer = place.browser(of_riga).post("/announcements", {**SAID, "audience": beyond})
        assert answer.status_code == 400, beyond
        assert "ANNOUNCE-AUDIENCE" in answer.text
    with reading(place.engine) as conn:
        assert told.of_programmes(conn, ["CECO", "DIGY", "NONE"]) == []


def test_it_ends_after_its_last_day(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    announces(place, moderator(place), until="2022-10-14")
    place.clock.forward(hours=38)  # 23:30 of the last day
    assert "Seminar" in place.browser(anna).text("/record")
    place.clock.forward(minutes=30)
    assert "Seminar" not in place.browser(anna).text("/record")


def test_whoever_reaches_the_learners_takes_it_back_and_nobody_else(place: Place) -> None:
    anna, inga = place.learner("Anna", "CECO"), moderator(place)
    announces(place, inga)
    (one,) = re.findall(r"/announcements/([0-9a-f-]+)/take-back", place.browser(inga).get("/announcements").text)
    for stranger in (place.holder("moderator", "DIGY"), place.holder("moderator", "CECO", "LV-KISC")):
        assert place.browser(stranger).post(f"/announcements/{one}/take-back").status_code == 404
    assert "Seminar" in place.browser(anna).text("/record")
    assert "Nothing is announced" in place.browser(inga).submit(f"/announcements/{one}/take-back", {})
    assert "Seminar" not in place.browser(anna).text("/record")
    assert "Seminar" in place.browser(inga).text("/announcements"), "what is over can still be read"


def test_the_button_pressed_twice_announces_once(place: Place) -> None:
    inga = moderator(place)
    browser = place.browser(inga)
    token = re.findall(r'name="once" value="([^"]+)"', browser.get("/announcements").text)[0]
    for _press in range(2):
        assert browser.post("/announcements", {**SAID, "once": token}).status_code == 303
    with reading(place.engine) as conn:
        assert len(told.of_programmes(conn, ["CECO"])) == 1


def test_what_was_typed_is_still_there_when_the_day_is_wrong(here: Place) -> None:
    answer = here.browser(moderator(here)).post("/announcements", {**SAID, "until": "2021-10-20"})
    assert answer.status_code == 400
    assert "Bring a book." in answer.text
    assert "ANNOUNCE-UNTIL" in answer.text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": " \n "}, "ANNOUNCE-TEXT"),
        ({"text": "x" * 2001}, "ANNOUNCE-TEXT"),
        ({"text": "a\x00b"}, "ANNOUNCE-TEXT"),
        ({"language": "fr"}, "ANNOUNCE-TEXT"),
        ({"until": "2022-10-12"}, "ANNOUNCE-UNTIL"),
        ({"until": "2023-10-15"}, "ANNOUNCE-UNTIL"),
        ({"until": "soon"}, "ANNOUNCE-UNTIL"),
        ({"audience": "DIGY|"}, "ANNOUNCE-AUDIENCE"),
    ],
)
def test_bad_forms_are_refused(changes: dict[str, str], code: str) -> None:
    with pytest.raises(BadInput) as refused:
        told.read({**SAID, **changes}, [Audience("CECO"), HERE], TODAY)
    assert refused.value.code == code


def test_reach() -> None:
    programmes = {"CECO": ["LV-KISC", "BG-ULSIT"], "DIGY": ["LV-KISC"]}
    everywhere = told.audiences([Grant("moderator")], programmes)
    assert len(everywhere) == 5
    assert told.audiences([Grant("moderator", "LV-KISC")], programmes) == [HERE, Audience("DIGY", "LV-KISC")]
    assert told.audiences([Grant("mentor"), Grant("assessor"), Grant("admin")], programmes) == []


def test_there_is_an_end_to_how_much_one_can_say(place: Place) -> None:
    now = place.clock()
    wish = told.read(SAID, [Audience("CECO"), HERE], TODAY)
    with writing(place.engine) as conn:
        for _one in range(told.MOST):
            told.add(conn, wish, "k", now)
        with pytest.raises(Conflict):
            told.add(conn, wish, "k", now)
        told.add(conn, told.read({**SAID, "audience": "CECO|LV-KISC"}, [HERE], TODAY), "k", now)
        later = now + timedelta(days=20)
        told.add(conn, told.read({**SAID, "until": "2022-11-30"}, [Audience("CECO")], later.date()), "k", later)
        assert len(told.of_programmes(conn, ["CECO"])) == told.MOST + 2
        much_later = now + timedelta(days=400)
        told.add(
            conn,
            told.read({**SAID, "until": "2023-12-01"}, [Audience("CECO")], much_later.date()),
            "k",
            much_later,
        )
        left = told.of_programmes(conn, ["CECO"])
    assert len(left) == 2, "what ended a year ago is forgotten"
