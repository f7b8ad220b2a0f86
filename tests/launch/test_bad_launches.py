"""Launches that must not get in, each by its name; and the odd ones that must.

The twelve payloads, ten teachers and ten students of the 1EdTech certification are among them (marked "cert").
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from werkzeug.test import TestResponse

from lti_tool.launch import claims as c
from lti_tool.launch import platforms
from lti_tool.launch.keys import jwk_of
from lti_tool.launch.words import WORDS
from tests.builders import ABSENT, BASE_URL, INSTRUCTOR, LEARNER, LMS, MEMBERSHIP, base64url, rsa_key
from tests.launch.conftest import Asked, Browser, Tool

MINUTE = 60
DAY = 24 * 3600


def refused_with(response: TestResponse, code: str) -> None:
    """The answer is our error page with this code, its words and a reference; the status is a 4xx."""
    said = re.search(r'<code id="reference">(\S+) [0-9A-F]{6}</code>', response.text)
    assert said is not None, "no error page"
    assert said[1] == code
    assert response.status_code == WORDS[code][0]
    assert 400 <= response.status_code < 500
    assert "Set-Cookie" not in response.headers


# --- what the claims say; times are seconds from now ---

CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    # times
    "cert: no exp": ({"exp": ABSENT}, "LTI-TIME-MISSING"),
    "cert: no iat": ({"iat": ABSENT}, "LTI-TIME-MISSING"),
    "cert: expired an hour ago": ({"iat": -2 * 3600, "exp": -3600}, "LTI-TIME-EXPIRED"),
    "expired by just the leeway": ({"iat": -120, "exp": -60}, "LTI-TIME-EXPIRED"),
    "issued an hour ahead": ({"iat": 3600, "exp": 3660}, "LTI-TIME-AHEAD"),
    "issued 61 s ahead": ({"iat": 61, "exp": 121}, "LTI-TIME-AHEAD"),
    "not valid before in an hour": ({"nbf": 3600}, "LTI-TIME-AHEAD"),
    "ends before it begins": ({"iat": 30, "exp": 20}, "LTI-TIME-ABSURD"),
    "lives for a year": ({"exp": 365 * DAY}, "LTI-TIME-ABSURD"),
    "issued two days ago": ({"iat": -2 * DAY, "exp": 60}, "LTI-TIME-ABSURD"),
    "exp as text": ({"exp": "tomorrow"}, "LTI-TIME-ABSURD"),
    "exp as text of digits": ({"exp": "4000000000"}, "LTI-TIME-ABSURD"),
    "exp true": ({"exp": True}, "LTI-TIME-ABSURD"),
    "exp null": ({"exp": None}, "LTI-TIME-ABSURD"),
    "exp a list": ({"exp": [1]}, "LTI-TIME-ABSURD"),
    "exp beyond all calendars": ({"exp": 10**17}, "LTI-TIME-ABSURD"),
    "iat negative": ({"iat": {"raw": -5}}, "LTI-TIME-ABSURD"),
    "iat in milliseconds": ({"iat": {"raw": 1665653400000}, "exp": {"raw": 1665653460000}}, "LTI-TIME-ABSURD"),
    "nbf as text": ({"nbf": "now"}, "LTI-TIME-ABSURD"),
    # nonce
    "no nonce": ({"nonce": ABSENT}, "LTI-NONCE-MISSING"),
    "empty nonce": ({"nonce": ""}, "LTI-NONCE-MISSING"),
    "nonce a number": ({"nonce": 5}, "LTI-NONCE-MISSING"),
    "nonce never issued": ({"nonce": "made-up"}, "LTI-NONCE-OTHER"),
    "nonce not ASCII": ({"nonce": "ключ"}, "LTI-NONCE-OTHER"),
    # issuer and audience
    "wrong iss": ({"iss": "https://evil.example"}, "LTI-ISSUER"),
    "iss with a slash more": ({"iss": "http://localhost:8100/"}, "LTI-ISSUER"),
    "no iss": ({"iss": ABSENT}, "LTI-ISSUER"),
    "iss a list": ({"iss": ["http://localhost:8100"]}, "LTI-ISSUER"),
    "wrong aud": ({"aud": "another-tool"}, "LTI-AUDIENCE"),
    "no aud": ({"aud": ABSENT}, "LTI-AUDIENCE"),
    "aud empty list": ({"aud": []}, "LTI-AUDIENCE"),
    "aud list without us": ({"aud": ["a", "b"], "azp": "a"}, "LTI-AUDIENCE"),
    "aud list with a number": ({"aud": ["client-1", 5]}, "LTI-AUDIENCE"),
    "aud an object": ({"aud": {"client-1": True}}, "LTI-AUDIENCE"),
    "aud of two without azp": ({"aud": ["client-1", "b"]}, "LTI-AZP-MISSING"),
    "azp is another client": ({"azp": "another-tool"}, "LTI-AZP-OTHER"),
    "azp is another client in aud": ({"aud": ["client-1", "b"], "azp": "b"}, "LTI-AZP-OTHER"),
    "azp a list": ({"azp": ["client-1"]}, "LTI-AZP-OTHER"),
    # version, message type
    "cert: wrong LTI version": ({c.VERSION: "11.3"}, "LTI-VERSION"),
    "version 1.3": ({c.VERSION: "1.3"}, "LTI-VERSION"),
    "version a number": ({c.VERSION: 1.3}, "LTI-VERSION"),
    "cert: no LTI version": ({c.VERSION: ABSENT}, "LTI-VERSION"),
    "cert: message_type missing": ({c.MESSAGE_TYPE: ABSENT}, "LTI-MESSAGE-TYPE"),
    "message_type unknown": ({c.MESSAGE_TYPE: "LtiMystery"}, "LTI-MESSAGE-TYPE"),
    "message_type a list": ({c.MESSAGE_TYPE: ["LtiResourceLinkRequest"]}, "LTI-MESSAGE-TYPE"),
    # deployment
    "cert: deployment_id missing": ({c.DEPLOYMENT: ABSENT}, "LTI-DEPLOYMENT-MISSING"),
    "deployment_id empty": ({c.DEPLOYMENT: ""}, "LTI-DEPLOYMENT-MISSING"),
    "deployment_id a number": ({c.DEPLOYMENT: 1}, "LTI-DEPLOYMENT-MISSING"),
    "deployment_id too long": ({c.DEPLOYMENT: "d" * 256}, "LTI-DEPLOYMENT-MISSING"),
    "wrong deployment_id": ({c.DEPLOYMENT: "dep-2"}, "LTI-DEPLOYMENT-UNKNOWN"),
    # target
    "no target_link_uri": ({c.TARGET: ABSENT}, "LTI-TARGET-MISSING"),
    "target_link_uri a list": ({c.TARGET: [f"{BASE_URL}/lti/launch"]}, "LTI-TARGET-MISSING"),
    "target_link_uri elsewhere": ({c.TARGET: "https://evil.example/lti/launch"}, "LTI-TARGET-FOREIGN"),
    "target_link_uri on another port": ({c.TARGET: "http://127.0.0.1:8001/lti/launch"}, "LTI-TARGET-FOREIGN"),
    "target_link_uri with us as user": (
        {c.TARGET: "http://127.0.0.1:8000@evil.example/"},
        "LTI-TARGET-FOREIGN",
    ),
    "target_link_uri with a backslash": ({c.TARGET: "http://127.0.0.1:8000\\@evil.example/"}, "LTI-TARGET-FOREIGN"),
    "target_link_uri javascript:": ({c.TARGET: "javascript:alert(1)"}, "LTI-TARGET-FOREIGN"),
    "target_link_uri with a port that is none": ({c.TARGET: "http://127.0.0.1:port/"}, "LTI-TARGET-FOREIGN"),
    # user
    "cert: user (sub) missing": ({"sub": ABSENT}, "LTI-USER-MISSING"),
    "sub empty": ({"sub": ""}, "LTI-USER-MISSING"),
    "sub null": ({"sub": None}, "LTI-USER-MISSING"),
    "sub a number": ({"sub": 7}, "LTI-USER-SHAPE"),
    "sub too long": ({"sub": "u" * 256}, "LTI-USER-SHAPE"),
    # roles
    "cert: role claim missing": ({c.ROLES: ABSENT}, "LTI-ROLES-MISSING"),
    "roles null": ({c.ROLES: None}, "LTI-ROLES-MISSING"),
    "roles a text": ({c.ROLES: LEARNER}, "LTI-ROLES-SHAPE"),
    "roles of numbers": ({c.ROLES: [1]}, "LTI-ROLES-SHAPE"),
    # resource link and other objects
    "no resource link": ({c.RESOURCE_LINK: ABSENT}, "LTI-LINK-MISSING"),
    "cert: resource_link_id missing": ({c.RESOURCE_LINK: {"title": "M01"}}, "LTI-LINK-MISSING"),
    "resource_link id empty": ({c.RESOURCE_LINK: {"id": ""}}, "LTI-LINK-MISSING"),
    "resource_link id a number": ({c.RESOURCE_LINK: {"id": 5}}, "LTI-LINK-SHAPE"),
    "resource_link id too long": ({c.RESOURCE_LINK: {"id": "l" * 256}}, "LTI-LINK-SHAPE"),
    "resource_link a text": ({c.RESOURCE_LINK: "link-1"}, "LTI-CLAIM-SHAPE"),
    "context a text": ({c.CONTEXT: "course-1"}, "LTI-CLAIM-SHAPE"),
    "context without id": ({c.CONTEXT: {"title": "Library"}}, "LTI-CLAIM-SHAPE"),
    "custom a list": ({c.CUSTOM: ["content"]}, "LTI-CLAIM-SHAPE"),
    "AGS endpoint a text": ({c.AGS: "http://localhost:8100/lineitems"}, "LTI-CLAIM-SHAPE"),
    # messages that are no resource link
    "deep linking without settings": (
        {c.MESSAGE_TYPE: "LtiDeepLinkingRequest"},
        "LTI-DEEP-LINKING-SETTINGS",
    ),
    "deep linking without a return URL": (
        {c.MESSAGE_TYPE: "LtiDeepLinkingRequest", c.DEEP_LINKING: {"accept_types": ["ltiResourceLink"]}},
        "LTI-DEEP-LINKING-RETURN",
    ),
    "deep linking with a javascript: return URL": (
        {c.MESSAGE_TYPE: "LtiDeepLinkingRequest", c.DEEP_LINKING: {"deep_link_return_url": "javascript:alert(1)"}},
        "LTI-DEEP-LINKING-RETURN",
    ),
    "deep linking that takes no links": (
        {
            c.MESSAGE_TYPE: "LtiDeepLinkingRequest",
            c.DEEP_LINKING: {"deep_link_return_url": "http://localhost:8100/return", "accept_types": ["html"]},
        },
        "LTI-DEEP-LINKING-TYPES",
    ),
    "review of nobody": ({c.MESSAGE_TYPE: "LtiSubmissionReviewRequest", c.FOR_USER: {}}, "LTI-REVIEW-USER"),
    "review of a number": (
        {c.MESSAGE_TYPE: "LtiSubmissionReviewRequest", c.FOR_USER: {"user_id": 5}},
        "LTI-REVIEW-USER",
    ),
    # what no database can keep
    "NUL in the user's name": ({"sub": "user\0-7"}, "LTI-TOKEN-TEXT"),
    "NUL deep inside": ({c.CUSTOM: {"a": {"b": ["\0"]}}}, "LTI-TOKEN-TEXT"),
}


def in_time(value: Any, now: int) -> Any:
    """Seconds from now as a moment; {"raw": n} as n; all else as it is."""
    if isinstance(value, dict) and "raw" in value:
        return value["raw"]
    return now + value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**10 else value


def timed(changes: dict[str, Any], now: int) -> dict[str, Any]:
    return {n: in_time(v, now) if n in {"exp", "iat", "nbf"} else v for n, v in changes.items()}


@pytest.mark.parametrize("name", CLAIMS)
def test_launch_is_refused_for_its_claims(shared_tool: Tool, name: str) -> None:
    changes, code = CLAIMS[name]
    browser = shared_tool.browser()
    refused_with(browser.launch(**timed(changes, int(shared_tool.wiring.clock().timestamp()))), code)
    assert shared_tool.launches == []


def test_the_refused_launch_can_still_be_made_good(sqlite_tool: Tool) -> None:
    """A forged token must not spend the state of the true one."""
    browser = sqlite_tool.browser()
    asked = browser.login()
    lms = sqlite_tool.lms
    now = sqlite_tool.wiring.clock()
    forged = lms.signed(lms.claims(asked["nonce"], now), key=1)
    refused_with(browser.post(forged, asked["state"]), "LTI-SIGNATURE")
    assert browser.post(lms.signed(lms.claims(asked["nonce"], now)), asked["state"]).status_code == 303


# --- what the signature and the header say ---


def _hs256_with_our_view_of_the_key(lms: LMS, claims: dict[str, Any]) -> str:
    public = rsa_key().public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head = base64url(json.dumps({"alg": "HS256", "typ": "JWT", "kid": lms.kid}).encode())
    signing_input = f"{head}.{base64url(json.dumps(claims).encode())}"
    return f"{signing_input}.{base64url(hmac.new(pem, signing_input.encode(), hashlib.sha256).digest())}"


def _unsigned(alg: str) -> Callable[[LMS, dict[str, Any]], str]:
    def sign(lms: LMS, claims: dict[str, Any]) -> str:
        head = base64url(json.dumps({"alg": alg, "typ": "JWT", "kid": lms.kid}).encode())
        return f"{head}.{base64url(json.dumps(claims).encode())}."

    return sign


def _header(**changes: Any) -> Callable[[LMS, dict[str, Any]], str]:
    return lambda lms, claims: lms.signed(claims, header=changes)


def _forged_header(**changes: Any) -> Callable[[LMS, dict[str, Any]], str]:
    """Signed by the forger's own key, which the header names or carries."""
    return lambda lms, claims: lms.signed(claims, key=1, header=changes)


def _altered(lms: LMS, claims: dict[str, Any]) -> str:
    head, _payload, signature = lms.signed(claims).split(".")
    return f"{head}.{base64url(json.dumps({**claims, 'sub': 'somebody-else'}).encode())}.{signature}"


def _cut(lms: LMS, claims: dict[str, Any]) -> str:
    return lms.signed(claims)[:-42]


SIGNATURES: dict[str, tuple[Callable[[LMS, dict[str, Any]], str], str]] = {
    "alg none": (_unsigned("none"), "LTI-ALGORITHM"),
    "alg None": (_unsigned("None"), "LTI-ALGORITHM"),
    "alg NONE": (_unsigned("NONE"), "LTI-ALGORITHM"),
    "alg empty": (_unsigned(""), "LTI-ALGORITHM"),
    "alg RS256, no signature": (_unsigned("RS256"), "LTI-SIGNATURE"),
    "HS256 with the public key as secret": (_hs256_with_our_view_of_the_key, "LTI-ALGORITHM"),
    "alg RS512": (
        lambda lms, claims: jwt.encode(claims, rsa_key(), algorithm="RS512", headers={"kid": lms.kid}),
        "LTI-ALGORITHM",
    ),
    "alg PS256": (
        lambda lms, claims: jwt.encode(claims, rsa_key(), algorithm="PS256", headers={"kid": lms.kid}),
        "LTI-ALGORITHM",
    ),
    "alg a list": (_header(alg=["RS256"]), "LTI-ALGORITHM"),
    "alg missing": (_header(alg=ABSENT), "LTI-ALGORITHM"),
    "critical extension": (_header(crit=["exp"], exp=1), "LTI-TOKEN-FORMAT"),
    "cert: no kid": (_header(kid=ABSENT), "LTI-KID-MISSING"),
    "kid empty": (_header(kid=""), "LTI-KID-MISSING"),
    "kid a number": (_header(kid=1), "LTI-TOKEN-FORMAT"),
    "cert: incorrect kid": (_header(kid="unknown"), "LTI-KEY-UNKNOWN"),
    "kid as a path": (_header(kid="../../etc/passwd"), "LTI-KEY-UNKNOWN"),
    "kid as SQL": (_header(kid="' OR 1=1 --"), "LTI-KEY-UNKNOWN"),
    "another key under the right kid": (_forged_header(), "LTI-SIGNATURE"),
    "embedded jwk": (_forged_header(jwk=jwk_of(rsa_key(1).public_key())), "LTI-SIGNATURE"),
    "embedded jwk under its own kid": (
        _forged_header(jwk=jwk_of(rsa_key(1).public_key()), kid="forged"),
        "LTI-KEY-UNKNOWN",
    ),
    "jku of the forger": (_forged_header(jku="https://evil.example/jwks"), "LTI-SIGNATURE"),
    "x5u of the forger": (_forged_header(x5u="https://evil.example/cert"), "LTI-SIGNATURE"),
    "x5c of the forger": (_forged_header(x5c=["MIIB"]), "LTI-SIGNATURE"),
    "altered payload": (_altered, "LTI-SIGNATURE"),
    "cut signature": (_cut, "LTI-SIGNATURE"),
    "b64 false": (_header(b64=False), "LTI-TOKEN-FORMAT"),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_launch_is_refused_for_its_signature(sqlite_tool: Tool, name: str) -> None:
    sign, code = SIGNATURES[name]
    browser = sqlite_tool.browser()
    asked = browser.login()
    lms = sqlite_tool.lms
    token = sign(lms, lms.claims(asked["nonce"], sqlite_tool.wiring.clock()))
    refused_with(browser.post(token, asked["state"]), code)
    assert sqlite_tool.launches == []


# --- what is no token at all ---

SHAPES: dict[str, tuple[str | None, str]] = {
    "no id_token": (None, "LTI-TOKEN-MISSING"),
    "empty id_token": ("", "LTI-TOKEN-MISSING"),
    "cert: not a JWT": ("launch me", "LTI-TOKEN-FORMAT"),
    "two parts": ("a.b", "LTI-TOKEN-FORMAT"),
    "four parts": ("a.b.c.d", "LTI-TOKEN-FORMAT"),
    "five parts, as if encrypted": ("a.b.c.d.e", "LTI-TOKEN-FORMAT"),
    "three empty parts": ("..", "LTI-TOKEN-FORMAT"),
    "header no JSON": ("YWJj.YWJj.YWJj", "LTI-TOKEN-FORMAT"),
    "header a list": (f"{base64url(b'[]')}.{base64url(b'{}')}.YWJj", "LTI-TOKEN-FORMAT"),
    "header not base64": ("%%%.e30.YWJj", "LTI-TOKEN-FORMAT"),
    "header not UTF-8": (f"{base64url(bytes([255, 254]))}.e30.YWJj", "LTI-TOKEN-FORMAT"),
    "header nested a thousand deep": (f"{base64url(b'[' * 5000)}.e30.YWJj", "LTI-TOKEN-FORMAT"),
    "not ASCII": ("é.é.é", "LTI-TOKEN-FORMAT"),
    "over 256 kB": ("a." + "b" * 256 * 1024 + ".c", "LTI-SIZE"),
    "over all limits": ("a." + "b" * 500_000 + ".c", "LTI-SIZE"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_launch_is_refused_for_its_shape(shared_tool: Tool, name: str) -> None:
    token, code = SHAPES[name]
    browser = shared_tool.browser()
    refused_with(browser.post(token, browser.login()["state"]), code)


PAYLOADS: dict[str, tuple[bytes, str]] = {
    "payload a list": (b"[]", "LTI-TOKEN-FORMAT"),
    "payload a text": (b'"sub"', "LTI-TOKEN-FORMAT"),
    "payload null": (b"null", "LTI-TOKEN-FORMAT"),
    "payload empty": (b"", "LTI-TOKEN-TEXT"),
    "payload no JSON": (b"sub=user-7", "LTI-TOKEN-TEXT"),
    "payload not UTF-8": (b'{"sub": "\xff"}', "LTI-TOKEN-TEXT"),
    "payload with half a surrogate": (b'{"sub": "\\ud800"}', "LTI-TOKEN-TEXT"),
    "payload with NaN": (b'{"exp": NaN}', "LTI-TOKEN-TEXT"),
    "payload with Infinity": (b'{"exp": Infinity}', "LTI-TOKEN-TEXT"),
    "payload nested ten thousand deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "LTI-TOKEN-TEXT"),
    "cert: missing LTI claims": (b'{"iss": "http://localhost:8100"}', "LTI-TIME-MISSING"),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_signed_launch_is_refused_for_its_payload(shared_tool: Tool, name: str) -> None:
    payload, code = PAYLOADS[name]
    browser = shared_tool.browser()
    state = browser.login()["state"]
    refused_with(browser.post(shared_tool.lms.signed_bytes(payload), state), code)


# --- state, nonce and browser ---


def _good(tool: Tool, asked: Asked, **changes: object) -> str:
    return tool.lms.signed(tool.lms.claims(asked["nonce"], tool.wiring.clock(), **changes))


def test_no_state_is_refused(sqlite_tool: Tool) -> None:
    browser = sqlite_tool.browser()
    refused_with(browser.post(_good(sqlite_tool, browser.login()), None), "LTI-STATE-MISSING")


@pytest.mark.parametrize("state", ["made-up", "x" * 5000, "\ud83d\ude00", "' OR 1=1 --", "a\0b"])
def test_unknown_state_is_refused(shared_tool: Tool, state: str) -> None:
    browser = shared_tool.browser()
    token = _good(shared_tool, browser.login())
    sent = state.encode("utf-16", "surrogatepass").decode("utf-16")
    refused_with(browser.post(token, sent), "LTI-STATE-UNKNOWN")


def test_state_twice_in_one_request_is_refused(sqlite_tool: Tool) -> None:
    browser = sqlite_tool.browser()
    asked = browser.login()
    response = browser.client.post(
        f"/lti/launch?state={asked['state']}",
        data={"state": "another", "id_token": _good(sqlite_tool, asked)},
        base_url=BASE_URL,
    )
    refused_with(response, "LTI-FORM")


def test_states_of_two_logins_swapped_are_refused(sqlite_tool: Tool) -> None:
    browser = sqlite_tool.browser()
    one, other = browser.login(), browser.login()
    refused_with(browser.post(_good(sqlite_tool, one), other["state"]), "LTI-NONCE-OTHER")
    refused_with(browser.post(_good(sqlite_tool, other), one["state"]), "LTI-NONCE-OTHER")
    assert browser.post(_good(sqlite_tool, one), one["state"]).status_code == 303


def test_another_browser_is_refused(sqlite_tool: Tool) -> None:
    mine, theirs = sqlite_tool.browser(), sqlite_tool.browser()
    asked = mine.login()
    theirs.login()
    response = theirs.post(_good(sqlite_tool, asked), asked["state"])
    assert response.status_code == 401
    assert "new tab" in response.text
    assert sqlite_tool.launches == []


def test_another_browser_with_a_cookie_of_its_own_is_refused(sqlite_tool: Tool) -> None:
    mine, theirs = sqlite_tool.browser(), sqlite_tool.browser()
    asked = mine.login()
    name = next(c for c in asked.response.headers.getlist("Set-Cookie")).partition("=")[0]
    theirs.client.set_cookie(name, "1665653400.made-up", domain="127.0.0.1", path="/lti/")
    refused_with(theirs.post(_good(sqlite_tool, asked), asked["state"]), "LTI-BROWSER-OTHER")


def test_another_browser_with_a_made_up_binding_is_refused(sqlite_tool: Tool) -> None:
    asked = sqlite_tool.browser().login()
    response = sqlite_tool.browser().post(_good(sqlite_tool, asked), asked["state"], binding="made-up")
    refused_with(response, "LTI-BROWSER-OTHER")


def test_login_of_yesterday_is_refused(sqlite_tool: Tool) -> None:
    browser = sqlite_tool.browser()
    asked = browser.login()
    browser.tool.wiring.clock.forward(minutes=10)  # type: ignore[attr-defined]  # the tests' clock can be moved
    refused_with(browser.post(_good(sqlite_tool, asked), asked["state"]), "LTI-STATE-OLD")


REPLAYS: dict[str, Callable[[Tool, Browser, Asked, str], tuple[str, str]]] = {
    "same token again": lambda tool, browser, asked, token: (token, asked["state"]),
    "same nonce signed again as another user": lambda tool, browser, asked, token: (
        _good(tool, asked, sub="user-8"),
        asked["state"],
    ),
    "same nonce signed again later": lambda tool, browser, asked, token: (
        tool.lms.signed(tool.lms.claims(asked["nonce"], tool.wiring.clock(), jti="new")),
        asked["state"],
    ),
}


@pytest.mark.parametrize("name", REPLAYS)
def test_replay_is_refused(tool: Tool, name: str) -> None:
    browser = tool.browser()
    asked = browser.login()
    kept = dict(browser.client._cookies)  # type: ignore[attr-defined]  # a browser that keeps what it is told to forget
    token = _good(tool, asked)
    assert browser.post(token, asked["state"]).status_code == 303
    browser.client._cookies.update(kept)  # type: ignore[attr-defined]  # as above
    refused_with(browser.post(*REPLAYS[name](tool, browser, asked, token)), "LTI-STATE-USED")
    assert len(tool.launches) == 1


def test_replay_under_the_state_of_a_new_login_is_refused(tool: Tool) -> None:
    browser = tool.browser()
    asked = browser.login()
    token = _good(tool, asked)
    assert browser.post(token, asked["state"]).status_code == 303
    refused_with(browser.post(token, browser.login()["state"]), "LTI-NONCE-OTHER")


def test_replay_in_another_browser_is_refused(tool: Tool) -> None:
    browser = tool.browser()
    asked = browser.login()
    token = _good(tool, asked)
    assert browser.post(token, asked["state"]).status_code == 303
    refused_with(tool.browser().post(token, asked["state"]), "LTI-STATE-USED")


def test_replay_after_a_restart_is_refused(tool: Tool) -> None:
    browser = tool.browser()
    asked = browser.login()
    kept = dict(browser.client._cookies)  # type: ignore[attr-defined]  # as above
    token = _good(tool, asked)
    assert browser.post(token, asked["state"]).status_code == 303
    later = tool.restarted().browser()
    later.client._cookies.update(kept)  # type: ignore[attr-defined]  # as above
    refused_with(later.post(token, asked["state"]), "LTI-STATE-USED")


def test_id_token_by_get_is_refused(sqlite_tool: Tool) -> None:
    browser = sqlite_tool.browser()
    asked = browser.login()
    query = {"id_token": _good(sqlite_tool, asked), "state": asked["state"]}
    response = browser.client.get("/lti/launch", query_string=query, base_url=BASE_URL)
    refused_with(response, "LTI-METHOD")
    assert response.headers["Allow"] == "POST"


def test_token_of_another_platform_is_refused(sqlite_tool: Tool) -> None:
    """Two LMSs are registered; the launch of one answers the login of the other."""
    other = LMS(issuer="http://localhost:8200", client_id="client-2", kid="other", published={"other": 3}, key=3)
    sqlite_tool.write(lambda conn: other.registered(conn))
    browser = sqlite_tool.browser()
    asked = browser.login()
    token = other.signed(other.claims(asked["nonce"], sqlite_tool.wiring.clock()))
    refused_with(browser.post(token, asked["state"]), "LTI-KEY-UNKNOWN")


def test_errors_of_the_platform_are_told_and_not_reflected(sqlite_tool: Tool) -> None:
    browser = sqlite_tool.browser()
    evil = "<script>alert(1)</script>"
    response = browser.client.post(
        "/lti/launch", data={"error": evil, "error_description": evil, "state": evil}, base_url=BASE_URL
    )
    refused_with(response, "LTI-PLATFORM-ERROR")
    assert "<script>alert" not in response.text


def test_content_that_is_no_form_is_refused(sqlite_tool: Tool) -> None:
    response = sqlite_tool.browser().client.post("/lti/launch", json={"id_token": "a.b.c"}, base_url=BASE_URL)
    refused_with(response, "LTI-FORM")


def test_two_hundred_fields_are_refused(sqlite_tool: Tool) -> None:
    fields = {f"field{n}": "x" for n in range(200)}
    refused_with(sqlite_tool.browser().client.post("/lti/launch", data=fields, base_url=BASE_URL), "LTI-FORM")


@pytest.mark.parametrize(
    ("status", "code"), [("pending", "LTI-PLATFORM-PENDING"), ("disabled", "LTI-PLATFORM-DISABLED")]
)
def test_platform_switched_off_between_login_and_launch_is_refused(sqlite_tool: Tool, status: Any, code: str) -> None:
    browser = sqlite_tool.browser()
    asked = browser.login()
    now = sqlite_tool.wiring.clock()
    sqlite_tool.write(lambda conn: platforms.set_status(conn, sqlite_tool.platform, status, now))
    refused_with(browser.post(_good(sqlite_tool, asked), asked["state"]), code)
    refused_with(browser.login_page(), code)


# --- what must get in ---

GOOD: dict[str, dict[str, Any]] = {
    "cert: plain learner": {},
    "cert: plain teacher": {c.ROLES: [INSTRUCTOR]},
    "review of a whole column, as Moodle sends it": {
        c.MESSAGE_TYPE: "LtiSubmissionReviewRequest",
        c.ROLES: [INSTRUCTOR],
    },
    "cert: several roles": {c.ROLES: [LEARNER, "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student"]},
    "cert: short role": {c.ROLES: ["Learner"]},
    "cert: unknown role": {c.ROLES: ["http://example.org/vocab#Wizard"]},
    "cert: no role": {c.ROLES: []},
    "cert: e-mail only": {"name": ABSENT, "given_name": ABSENT, "family_name": ABSENT},
    "cert: names only": {"email": ABSENT},
    "cert: no personal data": {"name": ABSENT, "given_name": ABSENT, "family_name": ABSENT, "email": ABSENT},
    "cert: e-mail without context": {"name": ABSENT, c.CONTEXT: ABSENT},
    "cert: new resource link": {c.RESOURCE_LINK: {"id": "link-999"}},
    "clock 59 s ahead": {"iat": 59, "exp": 119},
    "clock 60 s ahead": {"iat": 60, "exp": 120},
    "clock 59 s behind": {"iat": -119, "exp": -59},
    "issued two minutes ago": {"iat": -120, "exp": 60},
    "lives an hour, as Canvas' do": {"exp": 3600},
    "times with fractions": {"iat": {"raw": 1665653400.25}, "exp": {"raw": 1665653460.75}},
    "aud a list of one": {"aud": ["client-1"]},
    "aud a list of one with azp": {"aud": ["client-1"], "azp": "client-1"},
    "aud a list with us second and azp": {"aud": ["other", "client-1"], "azp": "client-1"},
    "40 kB of custom claims": {c.CUSTOM: {f"key{n}": "x" * 1000 for n in range(40)}},
    "custom that isn't text": {c.CUSTOM: {"n": 5, "yes": True, "none": None, "list": [1]}},
    "names in Greek and Bulgarian": {"name": "Γιώργος Ђорђевић", "given_name": "Γιώργος", "family_name": "Ђ"},
    "name in emoji and right to left": {"name": "👩🏽‍🏫 יעל"},
    "name a number": {"name": 5, "email": ["a@example.org"]},
    "sub not ASCII": {"sub": "Потребител"},
    "null claims": {c.CONTEXT: None, c.CUSTOM: None, c.PRESENTATION: None},
    "a backslash u0000 that is only text": {"name": "\\u0000"},
    "target with a query": {c.TARGET: f"{BASE_URL}/lti/launch?content=M01"},
    "unknown claims": {"https://example.org/claim": {"deep": [[[[]]]]}},
    "return_url that is no address": {c.PRESENTATION: {"return_url": "javascript:alert(1)"}},
}


@pytest.mark.parametrize("name", GOOD)
def test_launch_gets_in(tool: Tool, name: str) -> None:
    browser = tool.browser()
    changes = timed(GOOD[name], int(tool.wiring.clock().timestamp()))
    response = browser.launch(**changes)
    assert response.status_code == 303, response.text
    assert browser.follow(response).status_code == 200
    if name.startswith("return_url"):
        assert "return_url" not in tool.launches[0].presentation


ROLES: dict[str, tuple[list[str], str]] = {
    "learner": ([LEARNER], "learner"),
    "teacher": ([INSTRUCTOR], "instructor"),
    "both": ([LEARNER, INSTRUCTOR], "instructor"),
    "short": (["Instructor"], "instructor"),
    "sub-role": ([f"{MEMBERSHIP}/Instructor#TeachingAssistant"], "instructor"),
    "teacher of the institution alone": (
        ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"],
        "none",
    ),
    "learner here, teacher of the institution": (
        [LEARNER, "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"],
        "learner",
    ),
    "administrator of the LMS": (["http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"], "none"),
    "administrator in the course": ([f"{MEMBERSHIP}#Administrator"], "none"),
    "mentor": ([f"{MEMBERSHIP}#Mentor"], "none"),
    "look-alike": (["http://evil.example/membership#Instructor", "xInstructor"], "none"),
}


@pytest.mark.parametrize("name", ROLES)
def test_role_in_the_course(shared_tool: Tool, name: str) -> None:
    roles, role = ROLES[name]
    assert shared_tool.browser().launch(**{c.ROLES: roles}).status_code == 303
    assert shared_tool.launches[0].role == role
