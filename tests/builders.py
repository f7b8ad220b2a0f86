"""Builders that read as prose: an LMS with its keys and the claims of its launches."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from sqlalchemy import Connection

from lti_tool.launch import claims as c
from lti_tool.launch import platforms, rules
from lti_tool.launch.addresses import FetchError
from lti_tool.launch.claims import Launch, PendingLogin, Registration
from lti_tool.launch.fetch import Answer
from lti_tool.launch.keys import jwk_of
from lti_tool.launch.platforms import NewPlatform

BASE_URL = "http://127.0.0.1:8000"
NOW = datetime(2022, 10, 13, 9, 30, tzinfo=UTC)
ABSENT = object()
"""As the value of a claim: the claim is left out."""

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
LEARNER = f"{MEMBERSHIP}#Learner"
INSTRUCTOR = f"{MEMBERSHIP}#Instructor"


@cache
def rsa_key(number: int = 0) -> RSAPrivateKey:
    """Always the same key for the same number, within one run: making one is slow."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class LMS:
    """A platform as the tool sees it from outside: addresses, a key set that can be asked for, a pen to sign with."""

    issuer: str = "http://localhost:8100"
    client_id: str = "client-1"
    deployment: str = "dep-1"
    key: int = 0
    kid: str = "lms-key-1"
    published: dict[str, int] = field(default_factory=lambda: {"lms-key-1": 0})
    asked: int = 0
    down: bool = False

    @property
    def auth_url(self) -> str:
        return f"{self.issuer}/auth"

    @property
    def jwks_url(self) -> str:
        return f"{self.issuer}/jwks"

    def registered(self, conn: Connection, now: datetime = NOW, **changes: Any) -> int:
        """The number under which the tool knows this LMS from now on."""
        status = changes.pop("status", "approved")
        new = {
            "name": "Practice",
            "issuer": self.issuer,
            "client_id": self.client_id,
            "auth_url": self.auth_url,
            "token_url": f"{self.issuer}/token",
            "jwks_url": self.jwks_url,
            "deployments": (self.deployment,),
            **changes,
        }
        number = platforms.add(conn, NewPlatform(**new), status, now)
        assert number is not None
        return number

    def answer(self, url: str) -> Answer:
        """What the LMS answers to whoever fetches its key set."""
        self.asked += 1
        if self.down or url != self.jwks_url:
            raise FetchError(f"{url} is down")
        keys = [{**jwk_of(rsa_key(number).public_key()), "kid": kid} for kid, number in self.published.items()]
        return Answer(url, 200, {"Content-Type": "application/json"}, json.dumps({"keys": keys}).encode())

    def claims(self, nonce: str, now: datetime = NOW, /, **changes: object) -> dict[str, Any]:
        """A learner's valid resource link launch, with changes by claim name; ABSENT leaves one out."""
        second = int(now.timestamp())
        valid: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "user-7",
            "iat": second,
            "exp": second + 60,
            "nonce": nonce,
            "name": "Anna Bērziņa",
            "given_name": "Anna",
            "family_name": "Bērziņa",
            "email": "anna@example.org",
            c.MESSAGE_TYPE: "LtiResourceLinkRequest",
            c.VERSION: "1.3.0",
            c.DEPLOYMENT: self.deployment,
            c.TARGET: f"{BASE_URL}/lti/launch",
            c.RESOURCE_LINK: {"id": "link-1", "title": "M01"},
            c.ROLES: [LEARNER],
            c.CONTEXT: {"id": "course-1", "label": "BIB1", "title": "Library", "type": ["CourseSection"]},
            c.PRESENTATION: {"locale": "lv", "return_url": f"{self.issuer}/course/1", "document_target": "iframe"},
            c.CUSTOM: {"content": "M01"},
            c.AGS: {
                "scope": [c.SCOPE_SCORE],
                "lineitems": f"{self.issuer}/lineitems",
                "lineitem": f"{self.issuer}/l/1",
            },
        }
        return changed(valid, changes)

    def deep_linking(self, nonce: str, now: datetime = NOW, /, **changes: object) -> dict[str, Any]:
        """The claims of a valid deep linking request of a teacher."""
        settings = {
            "deep_link_return_url": f"{self.issuer}/return",
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe"],
            "accept_multiple": True,
        }
        return changed(
            self.claims(
                nonce,
                now,
                **{
                    c.MESSAGE_TYPE: "LtiDeepLinkingRequest",
                    c.RESOURCE_LINK: ABSENT,
                    c.ROLES: [INSTRUCTOR],
                    c.DEEP_LINKING: settings,
                },
            ),
            changes,
        )

    def signed(
        self, claims: Mapping[str, Any], *, key: int | None = None, header: Mapping[str, Any] | None = None
    ) -> str:
        """The claims as an id_token: RS256, the kid of this LMS; `header` changes its header."""
        parts = changed({"alg": "RS256", "typ": "JWT", "kid": self.kid}, dict(header or {}))
        return self.signed_bytes(json.dumps(claims).encode(), key=key, header=parts)

    def signed_bytes(self, payload: bytes, *, key: int | None = None, header: Mapping[str, Any] | None = None) -> str:
        """Any bytes as payload, signed as RS256 whatever the header says."""
        head = {"alg": "RS256", "typ": "JWT", "kid": self.kid} if header is None else dict(header)
        signing_input = f"{base64url(json.dumps(head).encode())}.{base64url(payload)}"
        algorithm = jwt.get_algorithm_by_name("RS256")
        signature = algorithm.sign(signing_input.encode(), rsa_key(self.key if key is None else key))
        return f"{signing_input}.{base64url(signature)}"


def changed(values: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    """`values` with the changes made; what became ABSENT is left out."""
    return {name: value for name, value in {**values, **changes}.items() if value is not ABSENT}


def registration(**changes: Any) -> Registration:
    """A registration as `platforms` would give it, without a database."""
    lms = LMS()
    return Registration(
        **{
            "id": 1,
            "name": "Practice",
            "issuer": lms.issuer,
            "client_id": lms.client_id,
            "auth_url": lms.auth_url,
            "token_url": f"{lms.issuer}/token",
            "jwks_url": lms.jwks_url,
            "deployments": {lms.deployment: "approved"},
            **changes,
        }
    )


def pending_login(nonce: str = "nonce-1", now: datetime = NOW, **changes: Any) -> PendingLogin:
    """A login that waits for its launch."""
    return PendingLogin(
        **{
            "state_hash": "0" * 64,
            "nonce": nonce,
            "binding_hash": "1" * 64,
            "target": f"{BASE_URL}/lti/launch",
            "storage_target": None,
            "query": "",
            "created_at": now,
            "expires_at": now + timedelta(minutes=10),
            **changes,
        }
    )


def verified_launch(deep_linking: bool = False, **changes: object) -> Launch:
    """A Launch as the rules build it from valid claims with these changes, for the tests of what comes after."""
    lms = LMS()
    claims = (lms.deep_linking if deep_linking else lms.claims)("nonce-1", **changes)
    outcome = rules.verify(claims, registration(), pending_login(), NOW, BASE_URL)
    assert isinstance(outcome, Launch), outcome
    return outcome
