"""The login: who may begin one, what the LMS is asked, what the browser is given."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from lti_tool.launch import platforms
from lti_tool.launch.claims import DEPLOYMENT
from tests.builders import BASE_URL, LMS
from tests.launch.conftest import Tool
from tests.launch.test_bad_launches import refused_with


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_login_asks_the_lms_for_a_launch(tool: Tool, method: str) -> None:
    asked = tool.browser().login(method)
    assert asked.url.startswith("http://localhost:8100/auth?")
    sent = dict(parse_qsl(urlsplit(asked.url).query))
    state, nonce = sent.pop("state"), sent.pop("nonce")
    assert len(state) >= 32
    assert len(nonce) >= 32
    assert state != nonce
    assert sent == {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": "client-1",
        "redirect_uri": f"{BASE_URL}/lti/launch",
        "login_hint": "7",
        "lti_message_hint": '{"cmid":9,"launchid":"ltilaunch7_1411419061"}',
    }


def test_two_logins_have_nothing_in_common(sqlite_tool: Tool) -> None:
    one, other = sqlite_tool.browser().login(), sqlite_tool.browser().login()
    assert one["state"] != other["state"]
    assert one["nonce"] != other["nonce"]


HINTS = [b"%7B%22a%22%3A%201%7D", b"%FF%FE", b"a+b%2Bc%20d", b"%C4%81%E2%82%AC", b"%00", b"%26%3D%23"]


@pytest.mark.parametrize("hint", HINTS)
def test_message_hint_goes_back_byte_for_byte(shared_tool: Tool, hint: bytes) -> None:
    body = b"iss=http://localhost:8100&client_id=client-1&login_hint=7&lti_message_hint=" + hint
    body += f"&target_link_uri={BASE_URL}/lti/launch".encode()
    client = shared_tool.browser().client
    response = client.post("/lti/login", data=body, content_type="application/x-www-form-urlencoded", base_url=BASE_URL)
    assert response.status_code == 302

    def meant(query: str) -> str:
        pairs = dict(parse_qsl(query, errors="surrogateescape", keep_blank_values=True))
        return pairs["lti_message_hint"]

    assert meant(urlsplit(response.location).query) == meant("lti_message_hint=" + hint.decode("ascii"))


def test_auth_url_with_a_query_keeps_it(sqlite_tool: Tool) -> None:
    lms = LMS(client_id="client-q")
    sqlite_tool.write(lambda conn: lms.registered(conn, auth_url="http://localhost:8100/auth?tenant=5"))
    asked = sqlite_tool.browser().login(client_id="client-q")
    assert asked.url.startswith("http://localhost:8100/auth?tenant=5&scope=openid&")


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no iss": ({"iss": None}, "LTI-LOGIN-ISSUER"),
    "empty iss": ({"iss": ""}, "LTI-LOGIN-ISSUER"),
    "endless iss": ({"iss": "http://" + "x" * 2000}, "LTI-LOGIN-ISSUER"),
    "iss with NUL": ({"iss": "http://localhost:8100\0"}, "LTI-FORM"),
    "unknown iss": ({"iss": "https://evil.example"}, "LTI-PLATFORM-UNKNOWN"),
    "iss in other letters": ({"iss": "HTTP://LOCALHOST:8100"}, "LTI-PLATFORM-UNKNOWN"),
    "unknown client": ({"client_id": "client-9"}, "LTI-PLATFORM-UNKNOWN"),
    "no login_hint": ({"login_hint": None}, "LTI-LOGIN-HINT"),
    "endless login_hint": ({"login_hint": "x" * 20_000}, "LTI-SIZE"),
    "endless message hint": ({"lti_message_hint": "x" * 20_000}, "LTI-SIZE"),
    "no target": ({"target_link_uri": None}, "LTI-TARGET-MISSING"),
    "foreign target": ({"target_link_uri": "https://evil.example/"}, "LTI-TARGET-FOREIGN"),
    "javascript: target": ({"target_link_uri": "javascript:alert(document.domain)"}, "LTI-TARGET-FOREIGN"),
    "data: target": ({"target_link_uri": "data:text/html,<script>alert(1)</script>"}, "LTI-TARGET-FOREIGN"),
    "target without scheme": ({"target_link_uri": "//evil.example/lti/launch"}, "LTI-TARGET-FOREIGN"),
    "target that begins like ours": ({"target_link_uri": f"{BASE_URL}.evil.example/"}, "LTI-TARGET-FOREIGN"),
    "target with a user name": ({"target_link_uri": "http://127.0.0.1:8000@evil.example/"}, "LTI-TARGET-FOREIGN"),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", BAD)
def test_login_is_refused(shared_tool: Tool, name: str, method: str) -> None:
    changes, code = BAD[name]
    refused_with(shared_tool.browser().login_page(method, **changes), code)


def test_what_was_sent_is_not_reflected(sqlite_tool: Tool) -> None:
    evil = "<script>alert(1)</script>"
    for name in ("iss", "client_id", "login_hint", "lti_message_hint", "target_link_uri", "lti_storage_target"):
        response = sqlite_tool.browser().login_page(**{name: evil})
        assert "<script>alert" not in response.text
        assert evil not in response.headers.get("Location", "")


@pytest.mark.parametrize(
    ("status", "code"), [("pending", "LTI-PLATFORM-PENDING"), ("disabled", "LTI-PLATFORM-DISABLED")]
)
def test_login_of_a_platform_that_may_not(sqlite_tool: Tool, status: str, code: str) -> None:
    lms = LMS(client_id="client-x")
    sqlite_tool.write(lambda conn: lms.registered(conn, status=status))
    refused_with(sqlite_tool.browser().login_page(client_id="client-x"), code)


def test_client_id_may_be_left_out_where_the_issuer_has_one(tool: Tool) -> None:
    assert tool.browser().login(client_id=None)["client_id"] == "client-1"


def test_client_id_left_out_of_many_is_told_apart_by_the_deployment(tool: Tool) -> None:
    """One issuer with many client ids, as Canvas' cloud is."""
    other = LMS(client_id="client-2", deployment="dep-2")
    tool.write(lambda conn: other.registered(conn))
    assert tool.browser().login(client_id=None, lti_deployment_id="dep-2")["client_id"] == "client-2"
    refused_with(tool.browser().login_page(client_id=None, lti_deployment_id=None), "LTI-PLATFORM-UNKNOWN")
    refused_with(tool.browser().login_page(client_id=None, lti_deployment_id="dep-9"), "LTI-PLATFORM-UNKNOWN")


def test_binding_cookie_works_in_a_frame_of_another_site(sqlite_tool: Tool) -> None:
    cookie = sqlite_tool.browser().login().response.headers["Set-Cookie"]
    name = cookie.partition("=")[0]
    assert re.fullmatch(r"lti-login-[0-9a-f]{16}", name)
    for attribute in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/lti/", "Max-Age=600"):
        assert attribute in cookie.split("; ")


def test_cookie_does_not_hold_what_the_lms_knows(sqlite_tool: Tool) -> None:
    asked = sqlite_tool.browser().login()
    cookie = asked.response.headers["Set-Cookie"]
    assert asked["state"] not in cookie
    assert asked["nonce"] not in cookie


def test_a_browser_keeps_a_handful_of_logins(sqlite_tool: Tool) -> None:
    browser = sqlite_tool.browser()
    clock = sqlite_tool.wiring.clock
    logins = []
    for _ in range(8):
        logins.append(browser.login())
        clock.forward(seconds=1)  # type: ignore[attr-defined]  # the tests' clock can be moved
    kept = [c for c in browser.client._cookies.values() if c.key.startswith("lti-login-")]  # type: ignore[attr-defined]  # the test client's jar
    assert len(kept) == 5
    lms = sqlite_tool.lms
    newest, oldest = logins[-1], logins[0]
    assert browser.post(lms.signed(lms.claims(newest["nonce"], clock())), newest["state"]).status_code == 303
    assert browser.post(lms.signed(lms.claims(oldest["nonce"], clock())), oldest["state"]).status_code == 401


def test_a_login_survives_a_restart(tool: Tool) -> None:
    browser = tool.browser()
    asked = browser.login()
    later = tool.restarted().browser()
    later.client._cookies.update(browser.client._cookies)  # type: ignore[attr-defined]  # the same browser
    lms = tool.lms
    response = later.post(lms.signed(lms.claims(asked["nonce"], tool.wiring.clock())), asked["state"])
    assert response.status_code == 303


def test_two_tabs_in_one_browser_do_not_mix(tool: Tool) -> None:
    browser = tool.browser()
    lms = tool.lms
    one, other = browser.login(), browser.login()
    now = tool.wiring.clock()
    second = browser.post(lms.signed(lms.claims(other["nonce"], now, sub="user-B")), other["state"])
    first = browser.post(lms.signed(lms.claims(one["nonce"], now, sub="user-A")), one["state"])
    for response, user in ((first, "user-A"), (second, "user-B")):
        page = browser.follow(response).json
        assert page is not None
        assert page["actor"]["account"]["name"] == user


# --- browsers that keep no cookies ---


def test_frame_is_probed_before_the_lms_is_asked(sqlite_tool: Tool) -> None:
    """Moodle's hint works once: whether cookies come back must be known before it is used."""
    browser = sqlite_tool.browser()
    response = browser.login_page(headers={"Sec-Fetch-Dest": "iframe"})
    assert response.status_code == 303
    assert response.location.startswith("/lti/login?")
    assert "lti_probed=1" in response.location
    again = browser.client.get(response.location, base_url=BASE_URL, headers={"Sec-Fetch-Dest": "iframe"})
    assert again.location.startswith("http://localhost:8100/auth?")
    hints = [dict(parse_qsl(urlsplit(r.location).query))["lti_message_hint"] for r in (response, again)]
    assert hints[0] == hints[1]
    assert browser.login_page(headers={"Sec-Fetch-Dest": "iframe"}).status_code == 302, "known to keep cookies now"


def test_frame_without_cookies_is_offered_a_new_tab(sqlite_tool: Tool) -> None:
    browser = sqlite_tool.browser()
    probe = browser.login_page(headers={"Sec-Fetch-Dest": "iframe"})
    other = sqlite_tool.browser()  # brings no cookie back
    page = other.client.get(probe.location, base_url=BASE_URL, headers={"Sec-Fetch-Dest": "iframe"})
    assert page.status_code == 401
    link = re.search(r'href="(/lti/login\?[^"]+)" target="_blank"', page.text)
    assert link is not None
    tab = sqlite_tool.browser()
    asked = tab.client.get(unescape(link[1]), base_url=BASE_URL, headers={"Sec-Fetch-Dest": "document"})
    assert asked.status_code == 302
    sent = dict(parse_qsl(urlsplit(asked.location).query))
    assert sent["lti_message_hint"] == '{"cmid":9,"launchid":"ltilaunch7_1411419061"}'
    lms = sqlite_tool.lms
    token = lms.signed(lms.claims(sent["nonce"], sqlite_tool.wiring.clock()))
    assert tab.post(token, sent["state"]).status_code == 303


def test_platform_storage_carries_the_binding_where_cookies_do_not(tool: Tool) -> None:
    browser = tool.browser()
    page = browser.login_page(lti_storage_target="_parent")
    assert page.status_code == 200
    data = dict(re.findall(r'data-([a-z]+)="([^"]*)"', page.text))
    assert data["target"] == "_parent"
    assert data["origin"] == "http://localhost:8100"
    sent = dict(parse_qsl(urlsplit(data["next"].replace("&amp;", "&")).query))
    lms = tool.lms
    token = lms.signed(lms.claims(sent["nonce"], tool.wiring.clock()))

    cookieless = tool.browser()
    asking = cookieless.post(token, sent["state"])
    assert asking.status_code == 401
    form = dict(re.findall(r'data-([a-z]+)="([^"]*)"', asking.text))
    assert form["key"] == data["key"]
    assert form["origin"] == "http://localhost:8100"
    assert f'name="id_token" value="{token}"' in asking.text

    response = cookieless.post(token, sent["state"], binding=data["value"])
    assert response.status_code == 303
    key = response.location.split("/")[2]
    assert "." in key, "the token is the key where no cookie is kept"
    assert "Set-Cookie" not in response.headers
    assert cookieless.follow(response).status_code == 200


def test_platform_storage_that_has_nothing_ends_in_a_new_tab(sqlite_tool: Tool) -> None:
    page = sqlite_tool.browser().login_page(lti_storage_target="storage")
    data = dict(re.findall(r'data-([a-z]+)="([^"]*)"', page.text))
    sent = dict(parse_qsl(urlsplit(data["next"].replace("&amp;", "&")).query))
    lms = sqlite_tool.lms
    token = lms.signed(lms.claims(sent["nonce"], sqlite_tool.wiring.clock()))
    response = sqlite_tool.browser().post(token, sent["state"], binding="")
    assert response.status_code == 401
    assert 'target="_blank"' in response.text
    assert "lti_storage_target" not in response.text, "a new tab is no frame of the LMS"


def test_pages_have_no_inline_script_or_style(sqlite_tool: Tool) -> None:
    page = sqlite_tool.browser().login_page(lti_storage_target="_parent").text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert " style=" not in page
    assert " onload=" not in page


def test_any_deployment_is_learned_where_the_registration_named_none(tool: Tool) -> None:
    lms = tool.lms
    canvas = LMS(client_id="canvas", deployment="7:abc")
    number = tool.write(lambda conn: canvas.registered(conn, deployments=(), any_deployment=True))
    tool.lms = canvas
    assert tool.browser().launch().status_code == 303
    tool.lms = lms
    with tool.wiring.engine.connect() as conn:
        known = platforms.get(conn, number)
    assert known is not None
    assert known.deployments == {"7:abc": "approved"}


def test_unknown_deployment_waits_for_approval(tool: Tool) -> None:
    refused_with(tool.browser().launch(**{DEPLOYMENT: "dep-2"}), "LTI-DEPLOYMENT-UNKNOWN")
    refused_with(tool.browser().launch(**{DEPLOYMENT: "dep-2"}), "LTI-DEPLOYMENT-PENDING")
    assert tool.write(lambda conn: platforms.set_deployment_status(conn, tool.platform, "dep-2", "approved")) == 1
    assert tool.browser().launch(**{DEPLOYMENT: "dep-2"}).status_code == 303


def test_forged_deployment_is_not_remembered(tool: Tool) -> None:
    browser = tool.browser()
    asked = browser.login()
    claims = tool.lms.claims(asked["nonce"], tool.wiring.clock(), **{DEPLOYMENT: "dep-2"})
    refused_with(browser.post(tool.lms.signed(claims, key=1), asked["state"]), "LTI-SIGNATURE")
    with tool.wiring.engine.connect() as conn:
        known = platforms.get(conn, tool.platform)
    assert known is not None
    assert "dep-2" not in known.deployments
