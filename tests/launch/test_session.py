"""The session of a page: bound to its key, ended in time, never another's."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lti_tool
from lti_tool.launch import session
from lti_tool.launch.session import Grant, PageSession, Tokens
from tests.builders import BASE_URL, NOW, verified_launch
from tests.launch.conftest import SECRET, Tool
from tests.launch.test_bad_launches import refused_with

TOKENS = Tokens(SECRET)


def a_session(**grant: Any) -> PageSession:
    return session.from_launch("sid-1", verified_launch(), Grant("person-1", "learner", **grant), NOW)


@given(
    st.builds(
        Grant,
        person=st.text(max_size=40),
        role=st.sampled_from(["learner", "instructor", "none"]),
        course=st.none() | st.integers(0, 2**40),
        link=st.none() | st.integers(0, 2**40),
        module=st.none() | st.text(max_size=10),
        programme=st.none() | st.text(max_size=10),
    )
)
def test_token_brings_back_the_session_it_was_made_of(grant: Grant) -> None:
    made = session.from_launch("sid-1", verified_launch(), grant, NOW)
    token = TOKENS.mint(made)
    assert TOKENS.read(token, NOW) == made
    assert "." in token
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def test_session_ends_after_eight_hours() -> None:
    token = TOKENS.mint(a_session())
    assert TOKENS.read(token, NOW + timedelta(hours=8, seconds=-1)) is not None
    assert TOKENS.read(token, NOW + timedelta(hours=8)) is None


@given(st.data())
def test_altered_token_opens_nothing(data: st.DataObject) -> None:
    token = TOKENS.mint(a_session())
    at = data.draw(st.integers(0, len(token) - 2))  # the last letter of base64 has bits that mean nothing
    letter = data.draw(st.sampled_from("abcXYZ019-_"))
    altered = token[:at] + letter + token[at + 1 :]
    assert altered == token or TOKENS.read(altered, NOW) is None


@pytest.mark.parametrize("token", ["", ".", "a.b", "a" * 10_000, "ā.č", "\0"])
def test_nonsense_opens_nothing(token: str) -> None:
    assert TOKENS.read(token, NOW) is None
    assert TOKENS.read_xapi(token, NOW) is None


def test_token_of_another_secret_opens_nothing() -> None:
    assert Tokens("another secret, which is long enough too").read(TOKENS.mint(a_session()), NOW) is None


def test_tokens_of_one_purpose_serve_no_other() -> None:
    page = a_session()
    xapi = TOKENS.mint_xapi(session.xapi_grant(page, "https://example.org/m", "r"))
    assert TOKENS.read(xapi, NOW) is None
    assert TOKENS.read_xapi(TOKENS.mint(page), NOW) is None
    assert TOKENS.read(TOKENS.register.dumps(["x"]), NOW) is None  # type: ignore[arg-type]  # text, by the serializer chosen


def test_xapi_token_is_bound_to_learner_activity_and_registration() -> None:
    grant = session.xapi_grant(a_session(), "tag:biblio-project.eu,2022:module/M01", "reg-1")
    assert TOKENS.read_xapi(TOKENS.mint_xapi(grant), NOW) == grant
    principal = session.xapi_principal(grant, BASE_URL)
    assert principal.actor == verified_launch().actor
    assert principal.activity == "tag:biblio-project.eu,2022:module/M01"
    assert principal.registration == "reg-1"
    assert principal.authority["account"] == {"homePage": BASE_URL, "name": "page"}
    assert principal.verbs is not None
    assert not any(verb.rpartition("/")[2] in {"completed", "passed", "failed"} for verb in principal.verbs)


# --- through the application ---


def test_session_cookie_goes_to_its_own_pages_alone(sqlite_tool: Tool) -> None:
    response = sqlite_tool.browser().launch()
    sid = response.location.split("/")[2]
    cookie = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith("page="))
    for attribute in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", f"Path=/s/{sid}/", "Max-Age=28800"):
        assert attribute in cookie.split("; ")


def test_public_session_id_alone_opens_nothing(sqlite_tool: Tool) -> None:
    response = sqlite_tool.browser().launch()
    refused_with(sqlite_tool.browser().follow(response), "LTI-SESSION-OVER")


def test_cookie_of_one_session_opens_no_other(sqlite_tool: Tool) -> None:
    browser = sqlite_tool.browser()
    one, other = browser.launch(), sqlite_tool.browser().launch()
    token = next(c for c in one.headers.getlist("Set-Cookie") if c.startswith("page=")).split(";")[0][5:]
    sid = other.location.split("/")[2]
    thief = sqlite_tool.browser()
    thief.client.set_cookie("page", token, domain="127.0.0.1", path=f"/s/{sid}/")
    refused_with(thief.follow(other), "LTI-SESSION-OVER")


def test_session_over_is_said(sqlite_tool: Tool) -> None:
    browser = sqlite_tool.browser()
    response = browser.launch()
    sqlite_tool.wiring.clock.forward(hours=8)  # type: ignore[attr-defined]  # the tests' clock can be moved
    refused_with(browser.follow(response), "LTI-SESSION-OVER")


def test_without_prefix_a_launch_counts_for_nothing(sqlite_tool: Tool) -> None:
    browser = sqlite_tool.browser()
    browser.launch()
    refused_with(browser.client.get("/arrived/resource", base_url=BASE_URL), "LTI-SESSION-OVER")


def test_sign_in_counts_without_prefix_and_not_below_one(sqlite_tool: Tool) -> None:
    app = sqlite_tool.app
    actor = {"objectType": "Agent", "account": {"homePage": BASE_URL, "name": "person-9"}}

    @app.get("/test-sign-in")
    def signed_in() -> str:
        session.sign_in(session.from_sign_in("sid-9", "p9", actor, "lv", NOW))
        return ""

    @app.get("/test-sign-out")
    def signed_out() -> str:
        session.sign_out()
        return ""

    client = sqlite_tool.browser().client
    client.get("/test-sign-in", base_url=BASE_URL)
    page = client.get("/arrived/x", base_url=BASE_URL)
    assert page.json is not None
    assert (page.json["actor"], page.json["message"]) == (actor, "sign_in")
    assert client.get("/s/made-up/arrived/x", base_url=BASE_URL).status_code == 401
    assert client.get("/s/made.up/arrived/x", base_url=BASE_URL).status_code == 401
    client.get("/test-sign-out", base_url=BASE_URL)
    assert client.get("/arrived/x", base_url=BASE_URL).status_code == 401


def test_pages_below_lti_are_not_kept_and_leak_no_address(sqlite_tool: Tool) -> None:
    response = sqlite_tool.browser().login().response
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"


# --- only the rules build a Launch ---


def test_only_the_rules_build_a_launch() -> None:
    """Whoever holds a Launch need not ask whether it was verified."""
    builders = set()
    folder = Path(lti_tool.__file__).parent
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Launch":
                builders.add(path.relative_to(folder).as_posix())
    assert builders - {p for p in builders if p.startswith("practice/")} == {"launch/rules.py"}
