"""Whatever is sent to /lti/login and /lti/launch: never a 500, never a launch, never a header or page made of it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lti_tool.launch import claims as c
from lti_tool.launch import rules
from lti_tool.launch.claims import Launch, Refusal
from lti_tool.launch.words import WORDS
from tests.builders import BASE_URL, LMS, NOW, base64url, pending_login, registration
from tests.launch.conftest import Tool

QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

NAMES = ["iss", "client_id", "login_hint", "lti_message_hint", "target_link_uri", "lti_deployment_id"]
MORE_NAMES = ["lti_storage_target", "state", "id_token", "error", "error_description", "binding", "lti_probed", ""]
names = st.sampled_from(NAMES + MORE_NAMES)
values = st.one_of(
    st.sampled_from(["http://localhost:8100", "client-1", f"{BASE_URL}/lti/launch", "a.b.c", "..", "\0", "é"]),
    st.text(max_size=40),
)
bodies = st.one_of(
    st.binary(max_size=200),
    st.lists(st.tuples(names, values), max_size=8).map(
        lambda pairs: "&".join(f"{n}={v}" for n, v in pairs).encode("utf-8", "surrogatepass")
    ),
)
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
types = st.sampled_from([FORM, f"{FORM}; charset=utf-16", MULTIPART, f"{MULTIPART}; boundary=x", "text/plain", ""])
json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=20),
        st.sampled_from(["http://localhost:8100", "client-1", "dep-1", "1.3.0", 10**30, -1, 1e308, ""]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "user_id", "locale", "\0"]), inner, max_size=3),
    ),
    max_leaves=6,
)
PLAIN = ["iss", "aud", "azp", "sub", "iat", "exp", "nbf", "name", "email", "locale"]
claim_names = st.sampled_from([*PLAIN, c.MESSAGE_TYPE, c.VERSION, c.DEPLOYMENT, c.TARGET, c.ROLES, *c.OBJECTS])


@QUIET
@given(body=bodies, content_type=types, path=st.sampled_from(["/lti/login", "/lti/launch"]))
def test_any_body_is_answered(shared_tool: Tool, body: bytes, content_type: str, path: str) -> None:
    response = shared_tool.browser().client.post(path, data=body, content_type=content_type, base_url=BASE_URL)
    assert response.status_code < 500, response.text
    assert shared_tool.launches == []


@QUIET
@given(query=st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=100))
def test_any_query_is_answered(shared_tool: Tool, query: str) -> None:
    response = shared_tool.browser().client.get(f"/lti/login?{query}", base_url=BASE_URL)
    assert response.status_code < 500


@QUIET
@given(parts=st.lists(st.binary(max_size=60).map(base64url) | st.text(max_size=20), min_size=1, max_size=4))
def test_any_token_is_answered(shared_tool: Tool, parts: list[str]) -> None:
    browser = shared_tool.browser()
    response = browser.post(".".join(parts), browser.login()["state"])
    assert 400 <= response.status_code < 500


@QUIET
@given(header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "b64", "zip"]), json_values))
def test_any_header_is_answered(shared_tool: Tool, header: dict[str, Any]) -> None:
    browser = shared_tool.browser()
    asked = browser.login()
    claims = shared_tool.lms.claims(asked["nonce"], shared_tool.wiring.clock())
    token = shared_tool.lms.signed_bytes(json.dumps(claims).encode(), header=header)
    response = browser.post(token, asked["state"])
    good = header.get("alg") == "RS256" and header.get("kid") == "lms-key-1"
    assert 400 <= response.status_code < 500 or good


@QUIET
@given(changes=st.dictionaries(claim_names, json_values, min_size=1, max_size=4))
def test_any_signed_claims_are_answered(shared_tool: Tool, changes: dict[str, Any]) -> None:
    browser = shared_tool.browser()
    response = browser.launch(**changes)
    assert response.status_code == 303 or 400 <= response.status_code < 500
    if response.status_code == 303:
        assert browser.follow(response).status_code == 200


@QUIET
@given(changes=st.dictionaries(claim_names, json_values, max_size=4))
def test_verify_ends_in_a_launch_or_in_a_refusal_with_words(changes: dict[str, Any]) -> None:
    claims = {**LMS().claims("nonce-1"), **changes}
    outcome = rules.verify(claims, registration(), pending_login(), NOW, BASE_URL)
    if isinstance(outcome, Refusal):
        assert outcome.code in WORDS
        return
    assert isinstance(outcome, Launch)
    assert outcome.subject == claims["sub"]
    assert outcome.registration.issuer == claims["iss"]
    assert outcome.deployment in outcome.registration.deployments
    assert abs(outcome.issued_at - NOW.timestamp()) <= rules.LONGEST + 2 * rules.LEEWAY


@QUIET
@given(iat=st.integers(-200, 200), life=st.integers(-10, 200))
def test_skew_of_a_minute_either_way_is_taken_and_no_more(iat: int, life: int) -> None:
    now = int(NOW.timestamp())
    claims = LMS().claims("nonce-1", iat=now + iat, exp=now + iat + life)
    taken = isinstance(rules.verify(claims, registration(), pending_login(), NOW, BASE_URL), Launch)
    assert taken == (life > 0 and iat <= 60 and iat + life > -60)
