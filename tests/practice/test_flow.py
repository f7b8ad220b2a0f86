"""The whole way: register, launch, score, and the state that scripts read."""

from typing import Any

from flask import Flask

from lti_tool.practice.activities import Activity
from lti_tool.practice.browserless import Browserless
from tests.practice.conftest import ServiceClient


def test_a_launch_and_its_grade_show_in_the_state(
    app: Flask, browser: Browserless, client: ServiceClient, activity: Activity
) -> None:
    browser.sign_in("karlis")
    launch = browser.launch(activity.id)
    assert launch.answer.status == 200
    endpoint = launch.claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]
    path = endpoint["lineitem"].removeprefix("http://localhost:8100").replace("?", "/scores?")
    answer = client.call(
        "POST",
        path,
        Content_Type="application/vnd.ims.lis.v1.score+json",
        body={
            "userId": launch.claims["sub"],
            "scoreGiven": 8,
            "scoreMaximum": 10,
            "timestamp": "2022-10-13T09:31:00Z",
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "comment": "Labi",
        },
    )
    assert (answer.status_code, answer.data) == (200, b"")
    state: Any = app.test_client().get("/state.json").get_json()
    (grade,) = state["line_items"][0]["grades"]
    assert (grade["login"], grade["score"], grade["max"], grade["comment"]) == ("karlis", 32, 40, "Labi")
    assert grade["history"][0]["scoreGiven"] == 8
    assert state["activities"][0]["custom"] == {"module": "M07"}
    assert state["registrations"][0]["state"] == "active"
