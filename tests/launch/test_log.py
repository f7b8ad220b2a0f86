"""What the log keeps of launches: refusals with their code, by which LMS; fetches of keys; no tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lti_tool.calls import Call
from tests.builders import LMS
from tests.launch.conftest import Tool, make_tool


@pytest.fixture
def noted() -> list[Call]:
    return []


@pytest.fixture
def logged(tool: Tool, lms: LMS, noted: list[Call]) -> Tool:
    return make_tool(replace(tool.wiring, note=noted.append), lms, tool.platform)


def test_a_refused_launch_stands_there_with_its_code_and_its_lms(logged: Tool, noted: list[Call]) -> None:
    browser = logged.browser()
    browser.launch(aud="another tool")
    keys, refused = noted
    assert (keys.kind, keys.platform, keys.status, keys.what) == (
        "keys",
        logged.platform,
        200,
        f"GET {logged.lms.jwks_url}",
    )
    assert (refused.kind, refused.code, refused.status) == ("launch", "LTI-AUDIENCE", 403)
    assert (refused.platform, refused.what) == (logged.platform, "POST /lti/launch")


def test_a_launch_that_was_let_in_is_not_written_twice(logged: Tool, noted: list[Call]) -> None:
    assert logged.browser().launch().status_code == 303
    assert [call.kind for call in noted] == ["keys"]


def test_nonsense_from_strangers_names_no_lms(logged: Tool, noted: list[Call]) -> None:
    logged.app.test_client().post("/lti/launch", data={"id_token": "secret", "state": "nobody knows"})
    logged.app.test_client().get("/lti/login?iss=https://nobody.example&login_hint=secret")
    assert [(call.platform, call.code) for call in noted] == [
        (None, "LTI-TOKEN-FORMAT"),
        (None, "LTI-PLATFORM-UNKNOWN"),
    ]
    assert "secret" not in str(noted)


def test_keys_that_could_not_be_fetched_stand_there(logged: Tool, noted: list[Call]) -> None:
    logged.lms.down = True
    logged.browser().launch()
    assert [(call.kind, call.status, call.code) for call in noted] == [
        ("keys", None, "UNREACHABLE"),
        ("launch", 424, "LTI-KEYS-UNREACHABLE"),
    ]
