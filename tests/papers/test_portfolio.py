"""Portfolios: what a learner chose, and no more, for whoever has the link, until it ends or is taken back."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest

from lti_tool.db import reading, writing
from lti_tool.i18n import LANGUAGES
from lti_tool.papers import portfolio as folders
from lti_tool.papers.portfolio import Portfolio
from tests.learning import BASE, Place, Somebody
from xapi import personas

PAGE = "/record/portfolio"


def chosen_from(place: Place, who: Somebody, count: int = 2) -> list[str]:
    return list(folders.evidence_ids(place.record(who))["BIB-U1"][:count])


def share(place: Place, who: Somebody, ids: list[str], title: str = "My work", days: int = 7) -> tuple[Portfolio, str]:
    """A portfolio and the path of its link."""
    sent = {"programme": "CECO", "title": title, "days": days, "statement": ids}
    assert "Saved" in place.browser(who).submit(PAGE, sent)
    with reading(place.engine) as conn:
        made = folders.of_learner(conn, [who.key])[0]
    return made, f"/shared/{folders.token_of(place.wiring.settings.secret_key, made.id)}"


def learner(place: Place, name: str = "Anna Ķēniņa") -> Somebody:
    who = place.learner(name, "CECO")
    place.demonstrates_u1(who)
    return who


def test_whoever_has_the_link_sees_what_was_chosen_and_nothing_else(place: Place) -> None:
    anna = learner(place)
    ids = chosen_from(place, anna)
    _made, path = share(place, anna, ids)
    assert f"{BASE}{path}" in place.browser(anna).get(PAGE).text
    page = place.browser(None).get(path)
    assert page.status_code == 200 and "Anna Ķēniņa" in page.text
    assert page.headers["X-Robots-Tag"] == "noindex, noarchive" and "no-store" in page.headers["Cache-Control"]
    shown = {code for code in (f"M0{number} " for number in range(1, 10)) if code in page.text}
    assert len(shown) == 2


def test_evidence_of_one_moment_stands_in_the_order_of_the_programme(here: Place) -> None:
    anna = learner(here)
    page = here.browser(anna).get(PAGE).text
    codes = re.findall(r"\b(M0\d) [A-Z]", page)
    assert codes == [f"M0{number}" for number in range(1, 10)]


def test_a_link_ends_on_its_day(place: Place) -> None:
    anna = learner(place)
    _made, path = share(place, anna, chosen_from(place, anna), days=7)
    place.clock.forward(days=6, hours=23)
    assert place.browser(None).get(path).status_code == 200
    place.clock.forward(hours=1)
    assert place.browser(None).get(path).status_code == 404
    place.clock.forward(hours=-8)
    assert "Works until" in place.browser(anna).text(PAGE)
    # In the reader's own time zone, by js/times.js.
    assert re.search(r'Works until <time datetime="[^"]+" data-when>', place.browser(anna).get(PAGE).text)


def test_a_link_is_taken_back_by_its_learner_alone(place: Place) -> None:
    anna, boris = learner(place), learner(place, "Boris")
    made, path = share(place, anna, chosen_from(place, anna))
    for other in (boris, None, place.holder("coordinator")):
        assert place.browser(other).post(f"{PAGE}/{made.id}/revoke").status_code in {401, 404}
        assert place.browser(other).get(f"{PAGE}/{made.id}.zip").status_code in {401, 404}
    assert place.browser(None).get(path).status_code == 200
    assert "Taken back" in place.browser(anna).submit(f"{PAGE}/{made.id}/revoke", {})
    assert place.browser(None).get(path).status_code == 404
    assert place.browser(anna).post(f"{PAGE}/{made.id}/revoke").status_code == 404


def test_a_link_that_was_not_made_here_opens_nothing(here: Place) -> None:
    anna = learner(here)
    made, path = share(here, anna, chosen_from(here, anna))
    for wrong in (made.id, path[8:-1], path[8:] + "x", folders.token_of("another secret", made.id), "x.y"):
        answer = here.browser(None).get(f"/shared/{wrong}")
        assert answer.status_code == 404 and "Anna" not in answer.text


def test_nobody_shares_evidence_of_others(here: Place) -> None:
    anna, boris = learner(here), learner(here, "Boris")
    sent = {"programme": "CECO", "title": "Not mine", "days": 7, "statement": chosen_from(here, anna)}
    answer = here.browser(boris).post(PAGE, sent)
    assert answer.status_code == 400 and "PAPERS-EVIDENCE" in answer.text and "Not mine" in answer.text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": " \u200b"}, "PAPERS-TITLE"),
        ({"title": "x" * 201}, "PAPERS-TITLE"),
        ({"statement": []}, "PAPERS-EVIDENCE"),
        ({"days": 3650}, "PAPERS-DAYS"),
        ({"days": "soon"}, "PAPERS-DAYS"),
        ({"programme": "DIGY"}, "ECVET-NOT-IN"),
    ],
)
def test_what_can_not_be_shared_is_refused_with_a_reason(here: Place, changes: dict[str, object], code: str) -> None:
    anna = learner(here)
    sent = {"programme": "CECO", "title": "My work", "days": 7, "statement": chosen_from(here, anna), **changes}
    answer = here.browser(anna).post(PAGE, sent)
    assert answer.status_code in {400, 404} and code in answer.text
    with reading(here.engine) as conn:
        assert folders.of_learner(conn, [anna.key]) == []


def test_evidence_that_was_voided_is_shown_no_more(here: Place) -> None:
    anna = learner(here)
    ids = chosen_from(here, anna)
    made, path = share(here, anna, ids)
    record = here.record(anna)
    statements = tuple(one for one in record.statements if str(one["id"]).lower() != ids[0])
    assert len(folders.chosen(made, record)) == 2
    from dataclasses import replace

    assert len(folders.chosen(made, replace(record, statements=statements))) == 1
    assert here.browser(None).get(path).status_code == 200


def test_the_zip_holds_a_page_and_the_statements_as_they_are(here: Place) -> None:
    anna = learner(here, "<b>Anna</b>")
    ids = chosen_from(here, anna)
    made, _path = share(here, anna, ids, title="<script>x()</script>")
    answer = here.browser(anna).get(f"{PAGE}/{made.id}.zip")
    assert answer.mimetype == "application/zip" and "no-store" in answer.headers["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert sorted(packed.namelist()) == ["portfolio.html", "statements.json"]
        page = packed.read("portfolio.html").decode()
        statements = json.loads(packed.read("statements.json"))
    assert "<script>" not in page and "<b>Anna" not in page
    assert [one["id"].lower() for one in statements] == ids
    there = {one["id"].lower(): one for one in here.record(anna).statements}
    assert statements == [there[id] for id in ids]


def test_a_portfolio_is_of_the_person_whatever_account_they_come_by(place: Place) -> None:
    anna = learner(place)
    abroad = place.learner("Anna2", home="https://canvas.example.bg")
    made, path = share(place, anna, chosen_from(place, anna))
    with writing(place.engine) as conn:
        personas.join(conn, anna.person, abroad.person, "test", place.clock())
    assert "My work" in place.browser(abroad).text(PAGE)
    assert place.browser(None).get(path).status_code == 200
    assert place.browser(abroad).post(f"{PAGE}/{made.id}/revoke").status_code == 303


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_every_language(here: Place, language: str) -> None:
    anna = learner(here)
    _made, path = share(here, anna, chosen_from(here, anna))
    title = here.record(anna).programme.units[0].title[language]
    assert title in here.browser(anna, locale=language).text(PAGE)
    assert here.record(anna).programme.title[language] in here.browser(None).text(f"{path}?lang={language}")
