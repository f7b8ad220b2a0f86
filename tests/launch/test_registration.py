"""Dynamic registration: what an LMS is asked and told, what of it is believed, who is let in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from lti_tool.launch import configuration as conf
from lti_tool.launch import platforms, registration
from lti_tool.launch.claims import Refusal, Registration
from tests.builders import BASE_URL, LMS, NOW
from tests.launch.conftest import Tool
from tests.launch.test_bad_launches import refused_with
from tests.launch.test_fetch import say, server

FIRST = "token-1"


@dataclass
class Moodle:
    """An LMS that registers tools as Moodle 4.5 does: strict about what it wants, careless about content types."""

    url: str = ""
    configuration: dict[str, Any] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {"token-1", "token-2"})
    posted: list[dict[str, Any]] = field(default_factory=list)
    client_id: Any = "moodle-client"
    deployment_id: Any = "3"
    answers: tuple[int, bytes] | None = None

    def says(self) -> dict[str, Any]:
        said = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/mod/lti/auth.php",
            "token_endpoint": f"{self.url}/mod/lti/token.php",
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "jwks_uri": f"{self.url}/mod/lti/certs.php",
            "registration_endpoint": f"{self.url}/mod/lti/openid-registration.php",
            "scopes_supported": [
                "https://purl.imsglobal.org/spec/lti-bo/scope/basicoutcome",
                "https://purl.imsglobal.org/spec/lti-ags/scope/score",
                "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
                "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly",
                "openid",
            ],
            "id_token_signing_alg_values_supported": ["RS256"],
            conf.PLATFORM: {"product_family_code": "moodle", "version": "4.5.6 (Build: 20250811)"},
        }
        return {name: value for name, value in {**said, **self.configuration}.items() if value is not None}

    def __call__(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        path = handler.path.partition("?")[0]
        if path == "/mod/lti/openid-configuration.php":
            say(handler, json.dumps(self.says()).encode(), Content_Type="application/json")
            return
        token = (handler.headers.get("Authorization") or "").removeprefix("Bearer ")
        asked = json.loads(body)
        self.posted.append(asked)
        tool = asked[conf.TOOL]
        if self.answers:
            say(handler, self.answers[1], self.answers[0], Content_Type="text/html")
        elif token not in self.tokens:
            say(handler, b"token_already_used", 401, Content_Type="text/html")
        elif tool["domain"] != tool["target_link_uri"].split("/")[2]:
            say(handler, b"domain_targetlinkuri_mismatch", 400, Content_Type="text/html")
        else:
            self.tokens.discard(token)
            answer = {**asked, "client_id": self.client_id, conf.TOOL: {**tool, "deployment_id": self.deployment_id}}
            say(handler, json.dumps(answer).encode(), Content_Type="text/html; charset=utf-8")


@pytest.fixture
def moodle() -> Iterator[Moodle]:
    lms = Moodle()
    with server(lms) as url:
        lms.url = url
        yield lms


def opened(tool: Tool, lms: Moodle, token: str = FIRST, **more: str) -> TestResponse:
    """The page that the LMS shows in its frame."""
    query = {"openid_configuration": f"{lms.url}/mod/lti/openid-configuration.php", "registration_token": token, **more}
    return tool.browser().client.get("/lti/register", query_string=query, base_url=BASE_URL)


def confirmed(tool: Tool, page: TestResponse, **more: str) -> TestResponse:
    """The answer to the button, pressed in a browser without cookies."""
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket is not None, page.text
    sent = {"ticket": unescape(ticket[1]), **more}
    return tool.browser().client.post("/lti/register", data=sent, base_url=BASE_URL)


def known(tool: Tool, issuer: str) -> list[Registration]:
    with tool.wiring.engine.connect() as conn:
        return platforms.issuer_known(conn, issuer)


def test_registration_waits_for_approval_by_default(tool: Tool, moodle: Moodle) -> None:
    page = opened(tool, moodle)
    assert page.status_code == 200
    assert moodle.url in page.text
    assert moodle.posted == [], "nothing is set up before the button is pressed"
    done = confirmed(tool, page)
    assert done.status_code == 200
    assert "waits for approval" in done.text
    assert "registered.js" in done.text
    (found,) = known(tool, moodle.url)
    assert found.status == "pending"
    assert found.client_id == "moodle-client"
    assert found.deployments == {"3": "approved"}
    assert found.product == "moodle"
    assert found.jwks_url == f"{moodle.url}/mod/lti/certs.php"


def test_lms_is_asked_for_what_the_tool_needs(sqlite_tool: Tool, moodle: Moodle) -> None:
    confirmed(sqlite_tool, opened(sqlite_tool, moodle))
    (asked,) = moodle.posted
    assert asked["redirect_uris"] == [f"{BASE_URL}/lti/launch"]
    assert asked["initiate_login_uri"] == f"{BASE_URL}/lti/login"
    assert asked["jwks_uri"] == f"{BASE_URL}/lti/jwks"
    assert asked["token_endpoint_auth_method"] == "private_key_jwt"
    assert asked["response_types"] == ["id_token"]
    assert asked["application_type"] == "web"
    assert set(asked["scope"].split()) == {
        "https://purl.imsglobal.org/spec/lti-ags/scope/score",
        "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
        "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly",
    }
    tool = asked[conf.TOOL]
    assert tool["domain"] == "127.0.0.1:8000", "Moodle wants the port"
    assert tool["custom_parameters"] == {
        "context_history": "$Context.id.history",
        "link_history": "$ResourceLink.id.history",
    }
    assert {"name", "given_name", "family_name", "email"} <= set(tool["claims"])
    assert [m["type"] for m in tool["messages"]] == [
        "LtiResourceLinkRequest",
        "LtiDeepLinkingRequest",
        "LtiDataPrivacyLaunchRequest",
    ]
    assert all(m["target_link_uri"] == f"{BASE_URL}/lti/launch" for m in tool["messages"])


def test_open_registration_is_approved_at_once(tool: Tool, moodle: Moodle) -> None:
    tool = tool.with_settings(registration="open")
    done = confirmed(tool, opened(tool, moodle))
    assert "waits for approval" not in done.text
    assert known(tool, moodle.url)[0].status == "approved"


def test_second_registration_of_an_issuer_is_never_approved_unseen(tool: Tool, moodle: Moodle) -> None:
    """Whoever can put a file on the LMS's host could otherwise sign as any of its learners."""
    tool = tool.with_settings(registration="open")
    confirmed(tool, opened(tool, moodle))
    moodle.configuration = {"jwks_uri": f"{moodle.url}/pluginfile.php/evil.json"}
    moodle.client_id = "evil-client"
    confirmed(tool, opened(tool, moodle, "token-2"))
    assert [(r.client_id, r.status) for r in known(tool, moodle.url)] == [
        ("moodle-client", "approved"),
        ("evil-client", "pending"),
    ]


def test_known_registration_is_not_changed_from_outside(tool: Tool, moodle: Moodle) -> None:
    tool = tool.with_settings(registration="open")
    confirmed(tool, opened(tool, moodle))
    before = known(tool, moodle.url)
    moodle.configuration = {"jwks_uri": f"{moodle.url}/pluginfile.php/evil.json"}
    refused_with(confirmed(tool, opened(tool, moodle, "token-2")), "LTI-REGISTER-KNOWN")
    assert known(tool, moodle.url) == before


def test_registration_again_adds_a_deployment(tool: Tool, moodle: Moodle) -> None:
    """Moodle's update keeps client id and addresses."""
    confirmed(tool, opened(tool, moodle))
    moodle.deployment_id = "4"
    confirmed(tool, opened(tool, moodle, "token-2"))
    (found,) = known(tool, moodle.url)
    assert found.deployments == {"3": "approved", "4": "pending"}


def test_closed_registration_lets_nobody_in(sqlite_tool: Tool, moodle: Moodle) -> None:
    tool = sqlite_tool.with_settings(registration="closed")
    page = opened(sqlite_tool, moodle)
    refused_with(opened(tool, moodle), "LTI-REGISTER-CLOSED")
    refused_with(confirmed(tool, page), "LTI-REGISTER-CLOSED")
    assert moodle.posted == []


def _invitation(tool: Tool, name: str = "Rīgas skola") -> str:
    now = tool.wiring.clock()
    url: str = tool.write(lambda conn: registration.invite(conn, name, BASE_URL, now))
    return url.partition("invite=")[2]


def test_invitation_works_once_and_approves(tool: Tool, moodle: Moodle) -> None:
    tool = tool.with_settings(registration="closed")
    invite = _invitation(tool)
    page, second = opened(tool, moodle, invite=invite), opened(tool, moodle, "token-2", invite=invite)
    assert confirmed(tool, page).status_code == 200
    (found,) = known(tool, moodle.url)
    assert (found.status, found.name) == ("approved", "Rīgas skola")
    refused_with(confirmed(tool, second), "LTI-REGISTER-INVITATION")
    refused_with(opened(tool, moodle, "token-2", invite=invite), "LTI-REGISTER-INVITATION")
    assert len(moodle.posted) == 1


def test_invitation_is_not_lost_when_the_lms_refuses(tool: Tool, moodle: Moodle) -> None:
    tool = tool.with_settings(registration="closed")
    invite = _invitation(tool)
    refused_with(confirmed(tool, opened(tool, moodle, "used-token", invite=invite)), "LTI-REGISTER-REFUSED")
    assert confirmed(tool, opened(tool, moodle, invite=invite)).status_code == 200


def test_invitation_ends_after_thirty_days(sqlite_tool: Tool, moodle: Moodle) -> None:
    invite = _invitation(sqlite_tool)
    sqlite_tool.wiring.clock.forward(days=30)  # type: ignore[attr-defined]  # the tests' clock can be moved
    refused_with(opened(sqlite_tool, moodle, invite=invite), "LTI-REGISTER-INVITATION")


def test_invitation_is_not_readable_in_the_database(tool: Tool) -> None:
    invite = _invitation(tool)
    with tool.wiring.engine.connect() as conn:
        assert invite not in repr(conn.execute(sa.text("SELECT * FROM platform_invitations")).all())


def test_button_of_an_old_page_does_nothing(sqlite_tool: Tool, moodle: Moodle) -> None:
    page = opened(sqlite_tool, moodle)
    sqlite_tool.wiring.clock.forward(minutes=61)  # type: ignore[attr-defined]  # the tests' clock can be moved
    refused_with(confirmed(sqlite_tool, page), "LTI-REGISTER-OLD")


def test_ticket_of_another_is_refused(sqlite_tool: Tool) -> None:
    response = sqlite_tool.browser().client.post("/lti/register", data={"ticket": "made-up"}, base_url=BASE_URL)
    refused_with(response, "LTI-REGISTER-OLD")


def test_address_opened_by_hand_says_what_it_is_for(sqlite_tool: Tool) -> None:
    refused_with(sqlite_tool.browser().client.get("/lti/register"), "LTI-REGISTER-OPENED")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no issuer": ({"issuer": None}, "LTI-REGISTER-CONFIGURATION"),
    "issuer of another host": ({"issuer": "https://moodle.example.org"}, "LTI-REGISTER-CONFIGURATION"),
    "issuer of another port": ({"issuer": "http://127.0.0.1:1"}, "LTI-REGISTER-CONFIGURATION"),
    "issuer a number": ({"issuer": 5}, "LTI-REGISTER-CONFIGURATION"),
    "no jwks_uri": ({"jwks_uri": None}, "LTI-REGISTER-CONFIGURATION"),
    "jwks_uri by http": ({"jwks_uri": "http://moodle.example.org/certs"}, "LTI-REGISTER-CONFIGURATION"),
    "token endpoint a file": ({"token_endpoint": "file:///etc/passwd"}, "LTI-REGISTER-CONFIGURATION"),
    "javascript: authorisation": ({"authorization_endpoint": "javascript:alert(1)"}, "LTI-REGISTER-CONFIGURATION"),
    "no registration endpoint": ({"registration_endpoint": None}, "LTI-REGISTER-CONFIGURATION"),
    "no private_key_jwt": (
        {"token_endpoint_auth_methods_supported": ["client_secret_basic"]},
        "LTI-REGISTER-CONFIGURATION",
    ),
    "no RS256": ({"id_token_signing_alg_values_supported": ["ES256"]}, "LTI-REGISTER-CONFIGURATION"),
}


@pytest.mark.parametrize("name", WRONG)
def test_configuration_is_refused(shared_tool: Tool, moodle: Moodle, name: str) -> None:
    moodle.configuration, code = WRONG[name]
    refused_with(opened(shared_tool, moodle), code)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://169.254.169.254/latest", "LTI-REGISTER-ADDRESS"),
        ("https://10.0.0.1/config", "LTI-REGISTER-ADDRESS"),
        ("file:///etc/passwd", "LTI-REGISTER-ADDRESS"),
        ("https://[::ffff:10.0.0.1]/config", "LTI-REGISTER-ADDRESS"),
        ("http://127.0.0.1:1/config", "LTI-REGISTER-FETCH"),
    ],
)
def test_configuration_is_not_fetched_from_anywhere(shared_tool: Tool, url: str, code: str) -> None:
    query = {"openid_configuration": url, "registration_token": "t"}
    refused_with(shared_tool.browser().client.get("/lti/register", query_string=query, base_url=BASE_URL), code)


@pytest.mark.parametrize(
    "answer",
    [(500, b"oops"), (200, b"<html>"), (200, b"[]"), (200, b"{}"), (200, b'{"client_id": ""}'), (302, b"")],
)
def test_strange_answers_register_nothing(sqlite_tool: Tool, moodle: Moodle, answer: tuple[int, bytes]) -> None:
    moodle.answers = answer
    refused_with(confirmed(sqlite_tool, opened(sqlite_tool, moodle)), "LTI-REGISTER-REFUSED")
    assert known(sqlite_tool, moodle.url) == []


def test_numbers_as_ids_are_taken(sqlite_tool: Tool, moodle: Moodle) -> None:
    moodle.client_id, moodle.deployment_id = 1000000001, 7
    confirmed(sqlite_tool, opened(sqlite_tool, moodle))
    (found,) = known(sqlite_tool, moodle.url)
    assert (found.client_id, found.deployments) == ("1000000001", {"7": "approved"})


def test_lms_that_tells_no_deployment_has_it_learned_at_launch(sqlite_tool: Tool, moodle: Moodle) -> None:
    moodle.deployment_id = None
    confirmed(sqlite_tool, opened(sqlite_tool, moodle))
    (found,) = known(sqlite_tool, moodle.url)
    assert found.any_deployment
    assert found.deployments == {}


def test_what_the_lms_says_is_shown_as_text(sqlite_tool: Tool, moodle: Moodle) -> None:
    evil = "<script>alert(1)</script>"
    moodle.configuration = {conf.PLATFORM: {"product_family_code": evil, "version": evil}}
    assert evil not in opened(sqlite_tool, moodle).text


def test_hosted_canvas_has_one_issuer_for_all() -> None:
    said = {
        "issuer": "https://canvas.instructure.com",
        "authorization_endpoint": "https://sso.canvaslms.com/api/lti/authorize_redirect",
        "token_endpoint": "https://sso.canvaslms.com/login/oauth2/token",
        "jwks_uri": "https://sso.canvaslms.com/api/lti/security/jwks",
        "registration_endpoint": "https://school.instructure.com/api/lti/registrations",
        conf.PLATFORM: {"product_family_code": "canvas"},
    }
    at = "https://school.instructure.com/api/lti/security/openid-configuration"
    found = conf.read_configuration(said, at, loopback=False)
    assert isinstance(found, conf.Configuration)
    assert isinstance(conf.read_configuration(said, "https://instructure.com.evil.example/x", loopback=False), Refusal)
    asked = conf.registration_request(found, "https://ecvet.example.org", "https://ecvet.example.org/logo.svg")
    assert asked[conf.TOOL]["messages"][1]["placements"] == ["link_selection", "assignment_selection"]
    assert asked[conf.TOOL]["https://canvas.instructure.com/lti/privacy_level"] == "public"


def test_canvas_configuration(sqlite_tool: Tool) -> None:
    said = sqlite_tool.browser().client.get("/lti/config.json").json
    assert said is not None
    assert said["oidc_initiation_url"] == f"{BASE_URL}/lti/login"
    assert said["public_jwk_url"] == f"{BASE_URL}/lti/jwks"
    assert said["target_link_uri"] == f"{BASE_URL}/lti/launch"
    placements = said["extensions"][0]["settings"]["placements"]
    assert {p["message_type"] for p in placements} == {"LtiDeepLinkingRequest"}
    assert set(said["custom_fields"].values()) == {"$Context.id.history", "$ResourceLink.id.history"}
    assert said["extensions"][0]["privacy_level"] == "public"
    nameless = sqlite_tool.browser().client.get("/lti/config.json?names=no").json
    assert nameless is not None
    assert nameless["extensions"][0]["privacy_level"] == "anonymous"


def test_a_nameless_lms_is_asked_for_no_names(sqlite_tool: Tool, moodle: Moodle) -> None:
    """By its own administrator's wish, or by the invitation."""
    page = opened(sqlite_tool, moodle)
    confirmed(sqlite_tool, page, anonymous="yes")
    assert moodle.posted[-1][conf.TOOL]["claims"] == ["iss", "sub"]
    (found,) = known(sqlite_tool, moodle.url)
    assert found.anonymous
    canvas = conf.Configuration(
        "https://c.example", "a", "t", "j", "r", "canvas", "", None, (), ("LtiResourceLinkRequest",)
    )
    asked = conf.registration_request(canvas, BASE_URL, "logo", anonymous=True)[conf.TOOL]
    assert asked["https://canvas.instructure.com/lti/privacy_level"] == "anonymous"
    assert conf.PRIVACY not in {one["type"] for one in asked["messages"]}, "only where it says that it knows it"


def test_an_invitation_of_a_nameless_lms_makes_one(sqlite_tool: Tool, moodle: Moodle) -> None:
    wiring = sqlite_tool.wiring
    link = wiring.writer.run(lambda conn: registration.invite(conn, "Rīga", BASE_URL, NOW, anonymous=True))
    page = opened(sqlite_tool, moodle, invite=link.partition("=")[2])
    assert "names and e-mail addresses of those who open" not in page.text
    confirmed(sqlite_tool, page)
    assert moodle.posted[-1][conf.TOOL]["claims"] == ["iss", "sub"]
    (found,) = known(sqlite_tool, moodle.url)
    assert (found.anonymous, found.name, found.status) == (True, "Rīga", "approved")


def test_one_platform_is_registered_once(tool: Tool) -> None:
    lms = LMS()
    new = platforms.NewPlatform("twice", lms.issuer, lms.client_id, lms.auth_url, "http://localhost/t", lms.jwks_url)
    assert tool.write(lambda conn: platforms.add(conn, new, "approved", NOW)) is None
