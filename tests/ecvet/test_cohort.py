"""The list of a programme's learners: found, filtered and paged; and the command that compares what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from lti_tool.db import writing
from lti_tool.ecvet import settling, views_cohort
from lti_tool.ecvet.summary_cli import verify_command
from lti_tool.ecvet.summary_rows import summary_units
from lti_tool.settings import Settings
from tests.learning import BASE, SECRET, Place


def filled(place: Place) -> int:
    """Anna has demonstrated a unit and is in a course in Latvia, Boris has begun in Bulgaria, Chloe is nowhere."""
    course = place.course("c1", "Group 1")
    place.course("c2", "Group 2")
    anna = place.learner("Anna", "CECO", institution="LV-KISC", course=course)
    boris = place.learner("Boris", "CECO", institution="BG-VFU")
    place.learner("Chloe", "CECO")
    place.demonstrates_u1(anna)
    place.passes(boris, "M01")
    return course


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("q=ANN", {"Anna"}),
        ("course={course}", {"Anna"}),
        ("institution=BG-VFU", {"Boris"}),
        ("unit=BIB-U1&state=demonstrated", {"Anna"}),
        ("unit=BIB-U1&state=in_progress", {"Boris"}),
        ("unit=BIB-U1&state=not_started&q=c", {"Chloe"}),
        ("unit=BIB-U1&state=not_started&institution=LV-KISC", set()),
        ("unit=BIB-U1&state=no-such-state", {"Anna", "Boris", "Chloe"}),
        ("unit=no-such-unit&state=demonstrated", set()),
        ("course=no-number", {"Anna", "Boris", "Chloe"}),
    ],
)
def test_the_address_says_whom_the_list_shows(here: Place, asked: str, found: set[str]) -> None:
    asked = asked.format(course=filled(here))
    page = here.browser(here.holder("coordinator")).get(f"/programme?programme=CECO&{asked}").text
    rows = page.partition("<tbody>")[2]
    assert {name for name in ("Anna", "Boris", "Chloe") if f">{name}</a>" in rows} == found


def test_the_list_says_in_a_sentence_how_many_there_are(place: Place) -> None:
    filled(place)
    browser = place.browser(place.holder("coordinator"))
    assert "3 learners" in browser.text("/programme")
    page = browser.text("/programme?unit=BIB-U1&state=demonstrated")
    assert "1 of 3 learners is as you asked" in page
    assert "2 h" in page.replace("\u00a0", " "), "hours that were recorded"


def test_pages_of_a_long_list_follow_one_another(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views_cohort, "PAGE_OF", 2)
    filled(here)
    browser = here.browser(here.holder("coordinator"))
    first = browser.get("/programme?programme=CECO").text
    assert ">Anna</a>" in first and ">Boris</a>" in first and ">Chloe</a>" not in first
    second = browser.get("/programme?programme=CECO&from=2").text
    assert ">Chloe</a>" in second and "Back" in second and ">More<" not in second


def test_what_is_not_judged_yet_is_told_and_shown_as_it_is(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "ON_READ", 1)
    filled(here)
    browser = here.browser(here.holder("coordinator"))
    page = browser.get("/programme?programme=CECO").text
    assert "2 learners are being judged again" in page
    assert "demonstrated" in page.partition("<tbody>")[2].partition("</tbody>")[0], "a page judges whom it shows"
    assert "1 learner is being judged again" in browser.text("/insight")
    assert "being judged" not in browser.text("/to-do")


def test_who_is_out_of_reach_is_not_in_the_list(here: Place) -> None:
    filled(here)
    page = here.browser(here.holder("mentor", "CECO", "BG-VFU")).get("/programme").text
    assert ">Boris</a>" in page and "Anna" not in page and "Chloe" not in page
    assert "LV-KISC" not in page and "Group 1" not in page
    assert here.browser(here.holder("moderator")).get("/programme").status_code == 403


def test_verify_compares_and_exits_with_1_where_something_differs(
    place: Place, database_url: str, tmp_path: Path
) -> None:
    filled(place)
    while settling.settle(place.wiring):
        pass
    settings = Settings(base_url=BASE, secret_key=SECRET, database_url=database_url, data_dir=tmp_path)
    command = verify_command(lambda: settings)
    good = CliRunner().invoke(command, ["--all"])
    assert (good.exit_code, "3 compared, 0 different, 0 waiting" in good.output) == (0, True), good.output
    with writing(place.engine) as conn:
        one = sa.and_(summary_units.c.unit == "BIB-U1", summary_units.c.state == "demonstrated")
        conn.execute(summary_units.update().where(one).values(state="recognised"))
    bad = CliRunner().invoke(command, ["--sample", "50"])
    assert bad.exit_code == 1 and "states: kept" in bad.output and "1 different" in bad.output, bad.output
