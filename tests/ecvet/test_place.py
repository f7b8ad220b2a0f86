"""At which institution learners are: said by command, and heard by roles that are bound to an institution."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from lti_tool import audit
from lti_tool.db import reading, writing
from lti_tool.ecvet.place_cli import place
from lti_tool.launch import platforms
from lti_tool.launch.platforms import NewPlatform
from lti_tool.people import store as people
from tests.learning import BASE, MOODLE, Place
from xapi import personas


@pytest.fixture
def command(here: Place, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("LTI_TOOL_DATABASE_URL", here.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LTI_TOOL_SECRET_KEY", "x" * 40)
    monkeypatch.setenv("LTI_TOOL_BASE_URL", BASE)
    return CliRunner()


def registered(here: Place, issuer: str, client: str = "c") -> str:
    """An LMS of this issuer; its number as text."""
    with writing(here.engine) as conn:
        told = NewPlatform("LMS", issuer, client, f"{issuer}/auth", f"{issuer}/token", f"{issuer}/jwks", ("1",))
        return str(platforms.add(conn, told, "approved", here.clock()))


def test_a_learner_who_is_placed_is_reached_by_the_roles_of_that_institution(here: Place, command: CliRunner) -> None:
    anna = here.learner("Anna", "CECO", "DIGY")
    page = f"/programme/CECO/learner/{anna.person}"
    riga, athens = (here.browser(here.holder("coordinator", "CECO", at)) for at in ("LV-KISC", "EL-HOU"))
    assert riga.get(page).status_code == 404
    done = command.invoke(place, ["CECO", "--at", "LV-KISC", "--learner", "Anna", "--reason", "Works there"])
    assert (done.exit_code, done.output) == (0, "1 learners are at LV-KISC\n")
    assert (riga.get(page).status_code, athens.get(page).status_code) == (200, 404)
    assert here.record(anna).institution == "LV-KISC"
    assert here.record(anna, "DIGY").institution is None
    with reading(here.engine) as conn:
        (told,) = audit.acts(conn)
    assert (told.kind, told.subject, told.why) == ("learners_placed", "CECO → LV-KISC", "Works there")


def test_everybody_of_an_lms_who_is_nowhere_yet(here: Place, command: CliRunner) -> None:
    anna = here.learner("Anna", "CECO")
    boris = here.learner("Boris", "CECO", institution="BG-GLBF")
    nikos = here.learner("Nikos", "CECO", home="https://moodle.example.gr")
    number = registered(here, MOODLE)
    assert command.invoke(place, ["CECO", "--at", "LV-KISC", "--lms", number]).output == "1 learners are at LV-KISC\n"
    assert [here.record(one).institution for one in (anna, boris, nikos)] == ["LV-KISC", "BG-GLBF", None]


def test_of_lmss_that_share_an_issuer_each_has_its_own_learners(here: Place, command: CliRunner) -> None:
    first, second = registered(here, MOODLE), registered(here, MOODLE, "another")
    with writing(here.engine) as conn:
        ours, theirs = (people.course(conn, int(one), "7", here.clock()).id for one in (first, second))
    anna, nikos = here.learner("Anna", "CECO", course=ours), here.learner("Nikos", "CECO", course=theirs)
    here.learner("Boris", "CECO")
    done = command.invoke(place, ["CECO", "--at", "EL-HOU", "--lms", second])
    assert done.output == "1 learners are at EL-HOU\n"
    assert [here.record(one).institution for one in (anna, nikos)] == [None, "EL-HOU"]


def test_whoever_is_somewhere_by_another_account_stays_there(here: Place, command: CliRunner) -> None:
    anna = here.learner("Anna", "CECO", institution="BG-GLBF")
    here.clock.forward(days=1)
    other = here.learner("Ann", "CECO", home="https://moodle.example.gr")
    with writing(here.engine) as conn:
        personas.join(conn, anna.person, other.person, "one person", here.clock())
    number = registered(here, "https://moodle.example.gr")
    assert command.invoke(place, ["CECO", "--at", "EL-HOU", "--lms", number]).output == "0 learners are at EL-HOU\n"
    assert here.record(anna).institution == "BG-GLBF"


def test_who_chooses_a_programme_begins_at_the_institution_of_the_lms(here: Place) -> None:
    assert registered(here, MOODLE) == "1"
    for asked, given in (("LV-KISC", "LV-KISC"), ("XX-NONE", None), (None, None)):
        with writing(here.engine) as conn:
            platforms.set_institution(conn, 1, asked, here.clock())
        who = here.learner(f"Learner {asked}")
        assert here.browser(who).post("/programme/choose", {"programme": "CECO"}).status_code == 303
        assert here.record(who).institution == given


def test_what_cannot_be_is_refused(here: Place, command: CliRunner) -> None:
    here.learner("Anna", "DIGY")
    for words in (
        ["CECO", "--at", "LV-KISC"],
        ["CECO", "--at", "LV-KISC", "--learner", "Anna", "--lms", "1"],
        ["CECO", "--at", "LV", "--learner", "Anna"],
    ):
        assert command.invoke(place, words).exit_code == 2
    for words, code in (
        (["CECO", "--at", "LV-KISC", "--learner", "Anna"], "RECORD-LEARNER"),
        (["XY", "--at", "LV-KISC", "--learner", "Anna"], "ECVET-PROGRAMME"),
        (["CECO", "--at", "LV-KISC", "--lms", "9"], "PLATFORM-UNKNOWN"),
    ):
        assert getattr(command.invoke(place, words).exception, "code", "") == code
