"""Dynamic registration: what is asked for, what is refused, and what comes of it."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, request

from lti_tool.practice.browserless import Answer, Browserless, Step, by_flask
from lti_tool.practice.lms import Practice
from lti_tool.practice.registration import new_registration_link
from lti_tool.practice.vocabulary import DEEP_LINKING, LINEITEM, LINEITEM_READ, MEMBERS_READ, TOOL_CONFIGURATION
from tests.conftest import Clock
from tests.practice.conftest import ISSUER, TOOL

URL = f"{TOOL}/lti/register?language=lv"


def body(tool: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    whole = {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": f"{TOOL}/lti/login",
        "redirect_uris": [f"{TOOL}/lti/launch"],
        "client_name": "Modules",
        "jwks_uri": f"{TOOL}/lti/jwks",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": f"{LINEITEM} {MEMBERS_READ} https://example.org/unheard-of",
        TOOL_CONFIGURATION: {
            "domain": "127.0.0.1:8000",
            "target_link_uri": f"{TOOL}/lti/launch",
            "claims": ["sub", "name", "picture"],
            "custom_parameters": {"history": "$Context.id.history"},
            "messages": [
                {"type": DEEP_LINKING, "target_link_uri": f"{TOOL}/first"},
                {"type": DEEP_LINKING, "target_link_uri": f"{TOOL}/second"},
            ],
            **(tool or {}),
        },
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["registration_token"][0]


@pytest.fixture
def register(app: Flask, lms: Practice) -> Callable[..., Any]:
    def post(registration: Any = None, token: str | None = None, method: str = "POST", **headers: str) -> Any:
        return app.test_client().open(
            "/register",
            method=method,
            data=None if method == "GET" else json.dumps(body() if registration is None else registration),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token or token_of(new_registration_link(lms, URL))}", **headers},
        )

    return post


def state(app: Flask) -> Any:
    return app.test_client().get("/state.json").get_json()


def test_the_link_keeps_the_tools_own_query(lms: Practice) -> None:
    query = parse_qs(urlsplit(new_registration_link(lms, URL)).query)
    assert query["language"] == ["lv"]
    assert query["openid_configuration"] == [f"{ISSUER}/openid-configuration"]


def test_the_configuration_names_our_addresses_and_messages(app: Flask) -> None:
    found = app.test_client().get("/openid-configuration").get_json()
    assert found["issuer"] == ISSUER
    assert {
        found[name] for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")
    } == {f"{ISSUER}/{name}" for name in ("auth", "token", "jwks", "register")}
    platform = found["https://purl.imsglobal.org/spec/lti-platform-configuration"]
    assert [message["type"] for message in platform["messages_supported"]] == [
        "LtiResourceLinkRequest",
        "LtiDeepLinkingRequest",
        "LtiSubmissionReviewRequest",
    ]
    assert "Context.id.history" in platform["variables"]


def test_a_registration_is_answered_whole_and_waits_for_the_administrator(
    app: Flask, register: Callable[..., Any]
) -> None:
    answer = register()
    assert answer.status_code == 200
    told = answer.get_json()
    assert told["scope"].split() == [LINEITEM, LINEITEM_READ, MEMBERS_READ]
    assert told[TOOL_CONFIGURATION]["claims"] == ["sub", "name"]
    (kept,) = state(app)["registrations"]
    assert kept["state"] == "pending"
    assert kept["client_id"] == told["client_id"]
    assert kept["deployment_id"] == told[TOOL_CONFIGURATION]["deployment_id"]
    assert kept["deep_link_uri"] == f"{TOOL}/second"


def test_auto_activate_makes_it_active_at_once(app: Flask, register: Callable[..., Any]) -> None:
    app.test_client().post("/switches.json", json={"auto_activate": True})
    register()
    assert state(app)["registrations"][0]["state"] == "active"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"response_types": None}, "missing_response_types"),
        ({"response_types": ["code"]}, "invalid_response_types"),
        ({"initiate_login_uri": ""}, "missing_initiate_login_uri"),
        ({"initiate_login_uri": "javascript:alert(1)"}, "invalid_initiate_login_uri"),
        ({"redirect_uris": []}, "missing_redirect_uris"),
        ({"redirect_uris": f"{TOOL}/lti/launch"}, "invalid_redirect_uris"),
        ({"redirect_uris": ["/lti/launch"]}, "invalid_redirect_uris"),
        ({"client_name": None}, "missing_client_name"),
        ({"client_name": 5}, "invalid_client_name"),
        ({"jwks_uri": None}, "missing_jwks_uri"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_token_endpoint_auth_method"),
        ({"application_type": "native"}, "invalid_application_type"),
        ({TOOL_CONFIGURATION: None}, "missing_lti-tool-configuration"),
        ({"tool": {"domain": ""}}, "missing_domain"),
        ({"tool": {"domain": "127.0.0.1"}}, "domain_targetlinkuri_mismatch"),
        ({"tool": {"custom_parameters": {"a": {"b": "c"}}}}, "invalid_custom_parameters"),
        ({"tool": {"messages": "all"}}, "invalid_messages"),
    ],
)
def test_an_incomplete_registration_is_refused_with_its_reason(
    app: Flask, register: Callable[..., Any], changes: dict[str, Any], reason: str
) -> None:
    answer = register(body(changes.pop("tool", None), **changes))
    assert (answer.status_code, answer.text) == (400, reason)
    assert state(app)["registrations"] == []


def test_a_refusal_does_not_burn_the_token(lms: Practice, register: Callable[..., Any]) -> None:
    token = token_of(new_registration_link(lms, URL))
    assert register(body(client_name=None), token).status_code == 400
    assert register(body(), token).status_code == 200


def test_a_token_is_good_once(lms: Practice, register: Callable[..., Any]) -> None:
    token = token_of(new_registration_link(lms, URL))
    assert register(token=token).status_code == 200
    answer = register(token=token)
    assert (answer.status_code, answer.text) == (401, "token_already_used")
    assert register(token=token, method="GET").status_code == 401


def test_a_token_is_good_for_an_hour(lms: Practice, register: Callable[..., Any], clock: Clock) -> None:
    early, late = (token_of(new_registration_link(lms, URL)) for _ in range(2))
    clock.forward(seconds=3599)
    assert register(token=early).status_code == 200
    clock.forward(seconds=1)
    assert register(token=late).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer nonsense", "Basic abc"])
def test_without_our_token_nobody_registers(app: Flask, header: str) -> None:
    answer = app.test_client().post("/register", json=body(), headers={"Authorization": header})
    assert answer.status_code == 401


def test_an_id_token_is_no_registration_token(
    lms: Practice, register: Callable[..., Any], browser: Browserless, activity: Any
) -> None:
    browser.sign_in("karlis")
    assert register(token=browser.launch(activity.id).form_post.fields["id_token"]).status_code == 401


def test_an_update_keeps_client_and_deployment(app: Flask, lms: Practice, register: Callable[..., Any]) -> None:
    first = register().get_json()
    number = int(first[TOOL_CONFIGURATION]["deployment_id"])
    link = new_registration_link(lms, URL, tool_id=number)
    assert register(token=token_of(link), method="GET").get_json()["client_name"] == "Modules"
    second = register(body(client_name="Units"), token_of(link)).get_json()
    assert second["client_name"] == "Units"
    assert register(token=token_of(link), method="GET").text == "token_already_used"
    assert second["client_id"] == first["client_id"]
    assert len(state(app)["registrations"]) == 1


def test_the_administrators_page_opens_the_tool_and_listens_for_its_end(browser: Browserless) -> None:
    browser.sign_in("admin")
    page = browser.open("/admin/register", url=URL).text
    assert 'title="Registration page of the tool"' in page
    assert 'data-close="/admin"' in page
    assert browser.open("/admin/register", url="javascript:alert(1)").status == 400


def test_registering_without_a_browser(app: Flask, lms: Practice) -> None:
    """The tool's page has a form; sending it makes the tool register itself, here played by hand."""
    tool_app = Flask("registering tool")

    @tool_app.route("/lti/register", methods=["GET", "POST"])
    def page() -> str:
        token = request.values["registration_token"]
        if request.method == "GET":
            return f'<form method="post" action=""><input name="registration_token" value="{token}"></form>'
        answer = app.test_client().post("/register", json=body(), headers={"Authorization": f"Bearer {token}"})
        return f"registered: {answer.status_code}"

    browser = Browserless(by_flask(app, ISSUER), by_flask(tool_app, TOOL), ISSUER)
    browser.sign_in("admin")
    assert browser.register(f"{TOOL}/lti/register").text == "registered: 200"

    def confirm(answer: Answer) -> Step:
        return answer.forms()[0]

    assert browser.register(f"{TOOL}/lti/register", confirm).text == "registered: 200"
    number = state(app)["registrations"][0]["id"]
    assert browser.press("/admin", f"/admin/tools/{number}", do="activate").status == 303
    assert state(app)["registrations"][0]["state"] == "active"
    assert browser.press("/admin", f"/admin/tools/{number}", do="stop").status == 303
    assert state(app)["registrations"][0]["state"] == "pending"
    assert browser.press("/admin", f"/admin/tools/{number}", do="delete").status == 303
    assert len(state(app)["registrations"]) == 1


def test_a_script_gets_a_registration_link(app: Flask) -> None:
    link = app.test_client().post("/registration-links.json", json={"url": URL}).get_json()["url"]
    assert link.startswith(f"{TOOL}/lti/register?language=lv&openid_configuration=")
    assert app.test_client().post("/registration-links.json", json=[]).status_code == 400


def test_registration_by_hand(app: Flask, browser: Browserless) -> None:
    browser.sign_in("admin")
    addresses = {
        "name": "By hand",
        "target_link_uri": f"{TOOL}/go",
        "initiate_login_uri": f"{TOOL}/in",
        "redirect_uri": f"{TOOL}/back",
    }
    sesskey = next(form for form in browser.open("/admin/manual").forms() if "jwks_uri" in form.fields)
    assert browser.practice(sesskey.having(**addresses, jwks_uri="keys")).status == 400
    assert browser.practice(sesskey.having(**addresses, jwks_uri=f"{TOOL}/keys")).status == 303
    (kept,) = state(app)["registrations"]
    assert (kept["name"], kept["state"], kept["redirect_uris"]) == ("By hand", "active", [f"{TOOL}/back"])
