"""Access tokens: who gets one, and what it is good for."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from flask import Flask

from lti_tool.practice import tools
from lti_tool.practice.lms import Practice
from lti_tool.practice.seed import register_tool
from lti_tool.practice.tools import Tool
from lti_tool.practice.vocabulary import LINEITEM, LINEITEM_READ, LINEITEMS_TYPE, SCORE
from tests.conftest import Clock
from tests.practice.conftest import ISSUER, TOOL, FakeTool, ServiceClient


def use(app: Flask, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "Accept": LINEITEMS_TYPE}
    return app.test_client().get("/services/1/lineitems?type_id=1", headers=headers).status_code


def test_a_token_for_the_scopes_that_are_permitted(app: Flask, client: ServiceClient) -> None:
    answer = client.ask_token(f"{LINEITEM} openid https://example.org/other {SCORE}")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    told = answer.get_json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3600)
    assert told["scope"].split() == [LINEITEM, SCORE]
    assert use(app, told["access_token"]) == 200


def test_no_scope_is_left(lms: Practice, app: Flask, fake_tool: FakeTool) -> None:
    modest = ServiceClient(app, fake_tool, register_tool(lms, TOOL, scopes=(SCORE,)))
    for scope in ("", "openid", LINEITEM):
        answer = modest.ask_token(scope)
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"client_assertion_type": "jwt"}, "invalid_request"),
        ({"client_assertion": None}, "invalid_request"),
        ({"client_assertion": "x.y.z"}, "invalid_client"),
    ],
)
def test_a_malformed_request(client: ServiceClient, changes: dict[str, Any], error: str) -> None:
    answer = client.ask_token(**changes)
    assert (answer.status_code, answer.get_json()["error"]) == (400, error)


def test_a_json_body_is_no_token_request(app: Flask) -> None:
    answer = app.test_client().post("/token", json={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"iss": None},
        {"sub": "other"},
        {"sub": None},
        {"aud": ISSUER},
        {"aud": [ISSUER]},
        {"aud": None},
        {"exp": None},
        {"exp": 1},
        {"exp": "soon"},
        {"iat": None},
        {"jti": None},
        {"jti": ""},
    ],
)
def test_a_wrong_assertion(client: ServiceClient, changes: dict[str, Any]) -> None:
    answer = client.ask_token(client_assertion=client.fake_tool.assertion(client.tool, **changes))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_client")


def test_a_list_with_the_token_url_is_an_audience(client: ServiceClient) -> None:
    assertion = client.fake_tool.assertion(client.tool, aud=[ISSUER, f"{ISSUER}/token"])
    assert client.ask_token(client_assertion=assertion).status_code == 200


def test_iat_has_no_leeway(client: ServiceClient, clock: Clock) -> None:
    now = client.fake_tool.now()
    assert client.ask_token(client_assertion=client.fake_tool.assertion(client.tool, iat=now)).status_code == 200
    late = client.ask_token(client_assertion=client.fake_tool.assertion(client.tool, iat=now + 1))
    assert "future" in late.get_json()["error_description"]


def test_exp_has_no_leeway(client: ServiceClient, clock: Clock) -> None:
    assertion = client.fake_tool.assertion(client.tool)
    clock.forward(seconds=60)
    assert client.ask_token(client_assertion=assertion).status_code == 400


def test_a_jti_is_good_once(client: ServiceClient) -> None:
    assertion = client.fake_tool.assertion(client.tool)
    assert client.ask_token(client_assertion=assertion).status_code == 200
    again = client.ask_token(client_assertion=assertion)
    assert "jti was used before" in again.get_json()["error_description"]


def test_kid_is_required(client: ServiceClient) -> None:
    claims = jwt.decode(client.fake_tool.assertion(client.tool), options={"verify_signature": False})
    answer = client.ask_token(client_assertion=client.fake_tool.sign(claims, kid=None))
    assert "kid is missing" in answer.get_json()["error_description"]


def test_a_pending_tool_gets_none_and_its_tokens_end(
    app: Flask, lms: Practice, client: ServiceClient, tool: Tool
) -> None:
    token = client.ask_token().get_json()["access_token"]
    with lms.store.transaction() as db:
        tools.activate(db, tool.id, active=False)
    assert client.ask_token().status_code == 400
    assert use(app, token) == 401


def test_the_type_of_the_answer_may_be_wrong_as_in_moodle(app: Flask, client: ServiceClient) -> None:
    app.test_client().post("/switches.json", json={"token_as_html": True, "token_seconds": 60})
    answer = client.ask_token()
    assert answer.mimetype == "text/html"
    assert '"expires_in": 60' in answer.text
    assert client.ask_token("openid").mimetype == "text/html"


def test_a_token_ends_when_it_said_so(app: Flask, client: ServiceClient, clock: Clock) -> None:
    token = client.ask_token().get_json()["access_token"]
    clock.forward(seconds=3599)
    assert use(app, token) == 200
    clock.forward(seconds=1)
    assert use(app, token) == 401


def test_several_tokens_live_side_by_side(app: Flask, client: ServiceClient) -> None:
    first, second = (client.ask_token().get_json()["access_token"] for _ in range(2))
    assert (use(app, first), use(app, second)) == (200, 200)


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic abc"}])
def test_without_a_token_there_is_no_service(app: Flask, tool: Tool, header: dict[str, str]) -> None:
    answer = app.test_client().get("/services/1/lineitems?type_id=1", headers=header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_scope_taken_from_the_registration_is_taken_from_the_token(
    app: Flask, lms: Practice, client: ServiceClient, tool: Tool
) -> None:
    token = client.ask_token().get_json()["access_token"]
    with lms.store.transaction() as db:
        tools.update_tool(db, tool.id, replace(tool.configuration, scopes=(SCORE,)))
    assert use(app, token) == 401


@pytest.mark.parametrize(
    ("method", "path", "enough", "not_enough"),
    [
        ("GET", "/services/1/lineitems?type_id=1", LINEITEM_READ, SCORE),
        ("POST", "/services/1/lineitems?type_id=1", LINEITEM, LINEITEM_READ),
        ("GET", "/services/1/lineitems/9/lineitem?type_id=1", LINEITEM_READ, SCORE),
        ("PUT", "/services/1/lineitems/9/lineitem?type_id=1", LINEITEM, LINEITEM_READ),
        ("DELETE", "/services/1/lineitems/9/lineitem?type_id=1", LINEITEM, LINEITEM_READ),
        ("POST", "/services/1/lineitems/9/lineitem/scores?type_id=1", SCORE, LINEITEM),
        (
            "GET",
            "/services/1/lineitems/9/lineitem/results?type_id=1",
            "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
            SCORE,
        ),
        (
            "GET",
            "/services/CourseSection/1/bindings/1/memberships",
            "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly",
            LINEITEM,
        ),
    ],
)
def test_scopes_are_enforced(client: ServiceClient, method: str, path: str, enough: str, not_enough: str) -> None:
    assert client.call(method, path, scope=not_enough).status_code == 401
    assert client.call(method, path, scope=enough).status_code != 401
