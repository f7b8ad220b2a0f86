"""A practice LMS in memory and a tool that is nothing but a key."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from flask import Flask, Response, redirect, request

from lti_tool.practice import PracticeSettings, create_app
from lti_tool.practice.activities import Activity
from lti_tool.practice.browserless import Browserless, by_flask
from lti_tool.practice.lms import Practice
from lti_tool.practice.seed import add_activity, register_tool
from lti_tool.practice.settings import FetchFailed
from lti_tool.practice.tools import Tool
from lti_tool.practice.vocabulary import CLAIM, DEEP_LINKING_RESPONSE, DL_CLAIM, SCOPES

ISSUER = "http://localhost:8100"
TOOL = "http://127.0.0.1:8000"


@pytest.fixture(scope="session")
def private_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def platform_keys() -> Iterator[RSAPrivateKey]:
    """Made once, because making them takes longer than most tests."""
    return itertools.cycle([generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3)])


@dataclass
class FakeTool:
    """The tool's side: its keys, its key set as `fetch`, its signatures, and a Flask app that answers launches."""

    clock: Callable[[], datetime]
    key: RSAPrivateKey
    kid: str = "tool-1"
    fetched: list[str] = field(default_factory=list)
    reachable: bool = True
    number: int = 0

    def fetch(self, url: str) -> object:
        self.fetched.append(url)
        if not self.reachable:
            raise FetchFailed("nobody there")
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": self.kid, "alg": "RS256", "use": "sig"}]}

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        headers = {name: value for name, value in {"kid": self.kid, **header}.items() if value is not None}
        return jwt.encode(dict(claims), self.key, algorithm="RS256", headers=headers)

    def now(self) -> int:
        return int(self.clock().timestamp())

    def assertion(self, tool: Tool, **changes: Any) -> str:
        self.number += 1
        claims = {
            "iss": tool.client_id,
            "sub": tool.client_id,
            "aud": f"{ISSUER}/token",
            "iat": self.now() - 5,
            "exp": self.now() + 60,
            "jti": f"jti-{self.number}",
            **changes,
        }
        return self.sign({name: value for name, value in claims.items() if value is not None})

    def answer(self, tool: Tool, request_claims: Mapping[str, Any], items: Any, **changes: Any) -> str:
        """A deep linking response to that request."""
        self.number += 1
        claims = {
            "iss": tool.client_id,
            "aud": ISSUER,
            "iat": self.now() - 5,
            "exp": self.now() + 60,
            "nonce": f"nonce-{self.number}",
            CLAIM + "deployment_id": tool.deployment_id,
            CLAIM + "message_type": DEEP_LINKING_RESPONSE,
            CLAIM + "version": "1.3.0",
            DL_CLAIM + "data": request_claims[DL_CLAIM + "deep_linking_settings"]["data"],
            DL_CLAIM + "content_items": items,
            **changes,
        }
        return self.sign({name: value for name, value in claims.items() if value is not None})

    def app(self) -> Flask:
        """/lti/login sends on to the platform, /lti/launch says what it got."""
        app = Flask("fake tool")

        @app.route("/lti/login", methods=["GET", "POST"])
        def login() -> Any:
            asked = request.values
            query = {
                "scope": "openid",
                "response_type": "id_token",
                "response_mode": "form_post",
                "prompt": "none",
                "client_id": asked["client_id"],
                "redirect_uri": f"{TOOL}/lti/launch",
                "login_hint": asked["login_hint"],
                "lti_message_hint": asked["lti_message_hint"],
                "state": "state-1",
                "nonce": "nonce-1",
            }
            return redirect(f"{ISSUER}/auth?{urlencode(query)}")

        @app.post("/lti/launch")
        def launch() -> Response:
            return Response(json.dumps(request.form), content_type="application/json")

        return app


@pytest.fixture
def fake_tool(clock: Callable[[], datetime], private_key: RSAPrivateKey) -> FakeTool:
    return FakeTool(clock, private_key)


@pytest.fixture
def pauses() -> list[float]:
    """How long the practice LMS would have waited."""
    return []


@pytest.fixture
def app(
    clock: Callable[[], datetime], fake_tool: FakeTool, pauses: list[float], platform_keys: Iterator[RSAPrivateKey]
) -> Flask:
    settings = PracticeSettings(
        clock=clock, fetch=fake_tool.fetch, pause=pauses.append, make_key=lambda: next(platform_keys)
    )
    return create_app(settings)


@pytest.fixture
def lms(app: Flask) -> Practice:
    practice: Practice = app.extensions["practice"]
    return practice


@pytest.fixture
def tool(lms: Practice) -> Tool:
    return register_tool(lms, TOOL, custom={"level": "tool"})


@pytest.fixture
def activity(lms: Practice, tool: Tool) -> Activity:
    """A graded activity of 40 points in course 1."""
    return add_activity(
        lms, tool, "Digital safety", custom={"module": "M07"}, line_item={"scoreMaximum": 40, "resourceId": "M07"}
    )


@pytest.fixture
def browser(app: Flask, fake_tool: FakeTool) -> Browserless:
    return Browserless(by_flask(app, ISSUER), by_flask(fake_tool.app(), TOOL), ISSUER)


@dataclass
class ServiceClient:
    """The tool calling services, token and all."""

    app: Flask
    fake_tool: FakeTool
    tool: Tool

    def ask_token(self, scope: str = " ".join(SCOPES), **changes: Any) -> Any:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self.fake_tool.assertion(self.tool),
            "scope": scope,
            **changes,
        }
        return self.app.test_client().post("/token", data={k: v for k, v in form.items() if v is not None})

    def bearer(self, scope: str = " ".join(SCOPES)) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.ask_token(scope).get_json()['access_token']}"}

    def call(self, method: str, path: str, *, scope: str = " ".join(SCOPES), body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body)
        return self.app.test_client().open(path, method=method, data=data, headers={**self.bearer(scope), **named})


@pytest.fixture
def client(app: Flask, fake_tool: FakeTool, tool: Tool) -> ServiceClient:
    return ServiceClient(app, fake_tool, tool)
