"""The way back to where the learner came from."""

from __future__ import annotations

import pytest
from lxml import html as parser

from lti_tool.db import writing
from lti_tool.launch import platforms
from lti_tool.launch.claims import PRESENTATION
from lti_tool.launch.platforms import NewPlatform
from lti_tool.launch.store import add_launch
from lti_tool.play.shapes import GradeState
from tests import builders
from tests.play.conftest import Place, Reader, text_of


def launched(place: Place, return_url: str | None) -> Reader:
    """A learner whose launch from the LMS "Biblio Moodle" named this way back."""
    launch = builders.verified_launch(**{PRESENTATION: {"return_url": return_url} if return_url else {}})
    known = launch.registration
    new = NewPlatform("Biblio Moodle", known.issuer, known.client_id, known.auth_url, known.token_url, known.jwks_url)
    with writing(place.engine) as conn:
        number = platforms.add(conn, new, "approved", place.clock.now)
        assert number == known.id
        add_launch(conn, "sid-lms", launch, place.clock.now)
    return place.reader(sid="sid-lms", platform=number)


def test_the_finish_page_leads_back_to_the_course_and_names_the_lms(place: Place) -> None:
    place.grade = GradeState("waiting")
    reader = launched(place, "https://lms.example.org/course/7?a=1&b=2")
    page = reader.follow("/module/M01/finish")
    (back,) = parser.fromstring(page).xpath("//a[contains(., 'Back to the course')]")
    assert (back.get("href"), back.get("target")) == ("https://lms.example.org/course/7?a=1&b=2", "_top")
    assert "Your grade is on its way to Biblio Moodle." in text_of(page)
    assert place.statements()[0]["context"]["platform"] == "Biblio Moodle"


@pytest.mark.parametrize("address", [None, "javascript:alert(1)", "//lms.example.org", "data:text/html,x", "http://["])
def test_an_address_that_leads_to_no_course_is_not_offered(here: Place, address: str | None) -> None:
    page = launched(here, address).follow("/module/M01/finish")
    assert "Back to the course" not in page
    assert "You can close this page now and go on in Biblio Moodle." in text_of(page)
