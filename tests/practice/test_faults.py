"""Made to fail, and the log of it."""

from typing import Any

import pytest
from flask import Flask

from lti_tool.practice.activities import Activity
from lti_tool.practice.browserless import Browserless
from lti_tool.practice.faults import ENDPOINTS
from lti_tool.practice.vocabulary import LINEITEMS_TYPE
from tests.practice.conftest import ServiceClient

ITEMS = "/services/1/lineitems?type_id=1"
SCORES = "/services/1/lineitems/1/lineitem/scores?type_id=1"
SCORE = {
    "userId": "3",
    "scoreGiven": 8,
    "scoreMaximum": 10,
    "timestamp": "2022-10-13T10:00:00Z",
    "activityProgress": "Completed",
    "gradingProgress": "FullyGraded",
}

CALLS = {
    "lineitems": ("GET", ITEMS),
    "scores": ("POST", SCORES),
    "results": ("GET", "/services/1/lineitems/1/lineitem/results?type_id=1"),
    "memberships": ("GET", "/services/CourseSection/1/bindings/1/memberships"),
    "groups": ("GET", "/services/CourseSection/1/bindings/1/groups"),
    "jwks": ("GET", "/jwks"),
    "config": ("GET", "/openid-configuration"),
    "token": ("POST", "/token"),
}


def fail(app: Flask, endpoint: str, kind: str, **more: Any) -> None:
    answer = app.test_client().post("/faults.json", json={"endpoint": endpoint, "kind": kind, **more})
    assert answer.status_code == 200


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_each_endpoint_can_fail_and_works_again(app: Flask, endpoint: str) -> None:
    method, path = CALLS[endpoint]
    usual = app.test_client().open(path, method=method).status_code
    fail(app, endpoint, "500")
    for _ in range(3):
        assert app.test_client().open(path, method=method).status_code == 500
    for other in ENDPOINTS:
        if other != endpoint:
            assert app.test_client().open(CALLS[other][1], method=CALLS[other][0]).status_code != 500
    app.test_client().delete(f"/faults.json?endpoint={endpoint}")
    assert app.test_client().open(path, method=method).status_code == usual


def test_for_so_many_calls(app: Flask) -> None:
    fail(app, "jwks", "500", calls=2)
    assert [app.test_client().get("/jwks").status_code for _ in range(3)] == [500, 500, 200]
    assert app.test_client().get("/faults.json").get_json() == []


def test_503_says_when_to_come_back(app: Flask) -> None:
    fail(app, "token", "503", seconds=30)
    answer = app.test_client().post("/token")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_403_as_canvas_limits_its_callers(app: Flask) -> None:
    fail(app, "scores", "403")
    answer = app.test_client().post(SCORES)
    assert answer.status_code == 403
    assert "Rate Limit Exceeded" in answer.text


def test_slow_waits_and_works(app: Flask, pauses: list[float]) -> None:
    fail(app, "jwks", "slow", seconds=0.25)
    assert app.test_client().get("/jwks").status_code == 200
    assert pauses == [0.25]


def test_hanging_does_nothing_and_drops(client: ServiceClient, activity: Activity, pauses: list[float]) -> None:
    fail(client.app, "scores", "hang", seconds=20)
    with pytest.raises(ConnectionResetError):
        client.call("POST", SCORES, body=SCORE, Content_Type="application/vnd.ims.lis.v1.score+json")
    assert pauses == [20]
    assert client.app.test_client().get("/state.json").get_json()["line_items"][0]["grades"] == []


@pytest.mark.parametrize(("kind", "kept"), [("drop", 0), ("lose", 1)])
def test_dropped_before_or_after_the_work(client: ServiceClient, activity: Activity, kind: str, kept: int) -> None:
    fail(client.app, "scores", kind, calls=1)
    with pytest.raises(ConnectionResetError):
        client.call("POST", SCORES, body=SCORE, Content_Type="application/vnd.ims.lis.v1.score+json")
    assert len(client.app.test_client().get("/state.json").get_json()["line_items"][0]["grades"]) == kept


def test_tokens_that_are_worth_nothing(client: ServiceClient) -> None:
    fail(client.app, "token", "expire", calls=1)
    answer = client.ask_token()
    assert answer.get_json()["expires_in"] == 3600
    headers = {"Authorization": f"Bearer {answer.get_json()['access_token']}", "Accept": LINEITEMS_TYPE}
    assert client.app.test_client().get(ITEMS, headers=headers).status_code == 401
    assert client.call("GET", ITEMS).status_code == 200


def test_all_tokens_revoked_at_once(client: ServiceClient) -> None:
    headers = client.bearer()
    fail(client.app, "token", "revoke")
    assert client.app.test_client().get(ITEMS, headers=headers).status_code == 401
    assert client.call("GET", ITEMS).status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        {"endpoint": "moon", "kind": "500"},
        {"endpoint": "token", "kind": "explode"},
        {"endpoint": "scores", "kind": "expire"},
        {"endpoint": "token", "kind": "500", "calls": 0},
        {"endpoint": "token", "kind": "slow", "seconds": -1},
        {"endpoint": "token", "kind": "slow", "seconds": "long"},
        {"endpoint": "token", "kind": "500", "db": 1},
        {"endpoint": "token"},
    ],
)
def test_a_fault_that_does_not_exist(app: Flask, asked: dict[str, Any]) -> None:
    answer = app.test_client().post("/faults.json", json=asked)
    assert answer.status_code == 400
    assert answer.get_json()["error"]
    assert app.test_client().get("/faults.json").get_json() == []


def test_the_page_switches_faults_on_and_off(app: Flask, browser: Browserless) -> None:
    browser.sign_in("admin")
    path = "/admin/faults"
    form = next(form for form in browser.open(path).forms() if "seconds" in form.fields)
    assert browser.practice(form.having(endpoint="results", kind="503", seconds="5", calls="2")).status == 303
    assert "for 2 more calls" in browser.open(path).text
    assert browser.practice(form.having(endpoint="results", kind="503", seconds="long")).status == 400
    off = next(form for form in browser.open(path).forms() if form.fields.get("kind") == "off")
    assert browser.practice(off).status == 303
    assert app.test_client().get("/faults.json").get_json() == []
    revoke = next(form for form in browser.open(path).forms() if form.fields.get("kind") == "revoke")
    assert browser.practice(revoke).status == 303


def test_the_log_has_launches_and_calls_newest_first_and_no_secrets(
    app: Flask, browser: Browserless, client: ServiceClient, activity: Activity
) -> None:
    browser.sign_in("karlis")
    launch = browser.launch(activity.id)
    client.call("GET", ITEMS, Accept=LINEITEMS_TYPE)
    client.call("POST", SCORES, body=SCORE, Content_Type="application/json")
    found = app.test_client().get("/calls.json").get_json()
    assert [call["endpoint"] for call in found] == ["scores", "token", "lineitems", "token", "launch", "auth", "login"]
    score, token, items, *_ = found
    assert (score["status"], score["method"]) == (400, "POST")
    assert "scoreGiven" in score["asked"]
    assert "Digital safety" in items["answered"]
    assert '"access_token": "…"' in token["answered"]
    assert "nonce-1" in found[4]["asked"]
    whole = app.test_client().get("/calls.json").text
    assert launch.form_post.fields["id_token"] not in whole
    page = browser.open("/calls")
    assert page.status == 200
    assert "→ 400" in page.text
    assert len(app.test_client().get("/calls.json?limit=1").get_json()) == 1


def test_a_failed_call_is_in_the_log(app: Flask) -> None:
    fail(app, "jwks", "500", calls=1)
    app.test_client().get("/jwks")
    assert app.test_client().get("/calls.json").get_json()[0]["status"] == 500
