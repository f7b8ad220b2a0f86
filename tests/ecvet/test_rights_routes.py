"""No form is forgotten by the table of rights: every address that takes one has a row, or stands here with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from flask import Flask

import lti_tool.db
from lti_tool.app import create_app
from lti_tool.settings import Settings
from tests.ecvet.rights_routes import ROUTES
from tests.ecvet.test_rights_table import RIGHTS

_OWN: Final = "of the visitor's own session, account or record, and of nothing else"
_LINK: Final = "the signed link is the right: whoever holds it, once"
_LMS: Final = "messages of an LMS, signed by it (docs/launch-checks.md)"
_TEACHER: Final = "a launch that an LMS made for choosing content says who may (tests/choose)"
OPEN: Final = {
    "lti.launch": _LMS,
    "lti.login": _LMS,
    "lti.confirm": "an invitation of an administrator is the right (tests/launch/test_registration.py)",
    "choose.send": _TEACHER,
    "choose.choose_for_link": _TEACHER,
    "choose.use_same": _TEACHER,
    "play.check": _OWN,
    "play.draft": _OWN,
    "people.ask_by_mail": "anybody may ask; the answer is the same for all (tests/people/test_sign_in.py)",
    "people.use_link": _LINK,
    "people.leave": _OWN,
    "joins.answer": _OWN,
    "joins.ask": _OWN,
    "joins.look": _OWN,
    "joins.part": _OWN,
    "joins.show_code": _OWN,
    "ecvet.enrol_in": _OWN,
    "evidence.check_in": _OWN,
    "evidence.send_rating": _LINK,
    "insight.stop_reminders": _LINK,
    "xapi.resource": "credentials with scopes (tests/admin/test_credentials.py, tests/test_forged.py)",
    "xapi_103.resource": "credentials with scopes (tests/admin/test_credentials.py, tests/test_forged.py)",
}
"""Addresses whose right is no role."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("tool")
    url = f"sqlite:///{folder}/tool.sqlite3"
    lti_tool.db.upgrade(url)
    values = {"DATABASE_URL": url, "SECRET_KEY": "s" * 40, "DATA_DIR": str(folder), "KEYS_DIR": str(folder / "keys")}
    made = create_app(Settings.read({f"LTI_TOOL_{name}": value for name, value in values.items()}))
    yield made
    made.extensions["lti_tool"].engine.dispose()


def forms(app: Flask) -> set[str]:
    """The endpoints that change something."""
    harmless = {"GET", "HEAD", "OPTIONS"}
    return {rule.endpoint for rule in app.url_map.iter_rules() if (rule.methods or set()) - harmless}


def test_every_form_is_named_by_a_row_or_stands_here_with_its_reason(app: Flask) -> None:
    assert sorted(forms(app) - set(ROUTES) - set(OPEN)) == [], "write a row of rights for it (tests/ecvet/rights_*.py)"


def test_nothing_is_named_that_is_not_there(app: Flask) -> None:
    assert sorted({*ROUTES, *OPEN} - forms(app)) == []
    assert set(ROUTES) & set(OPEN) == set()
    assert sorted({one for rows in ROUTES.values() for one in rows} - set(RIGHTS)) == []


def test_a_new_form_without_a_row_is_found(app: Flask) -> None:
    made = Flask("planted", root_path=str(Path(__file__).parent))
    made.add_url_rule("/planted", "planted.form", lambda: "", methods=["POST"])
    assert forms(made) - set(ROUTES) - set(OPEN) == {"planted.form"}


def test_the_command_line_alone_erases_people(app: Flask) -> None:
    assert [rule.rule for rule in app.url_map.iter_rules() if "erase" in rule.rule] == []
