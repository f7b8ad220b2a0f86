"""The way in: login, launch, the session behind it."""

from __future__ import annotations

from tests.launch.conftest import Tool


def test_launch_leads_to_a_session_of_its_own(tool: Tool) -> None:
    browser = tool.browser()
    response = browser.launch()
    assert response.status_code == 303
    assert response.location.startswith("/s/")
    page = browser.follow(response)
    assert page.status_code == 200
    assert page.json == {
        "place": "resource",
        "sid": response.location.split("/")[2],
        "actor": {"objectType": "Agent", "account": {"homePage": "http://localhost:8100", "name": "user-7"}},
        "role": "learner",
        "message": "resource",
    }
