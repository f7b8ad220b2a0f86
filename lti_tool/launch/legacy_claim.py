"""The claim of an LMS that moved from LTI 1.1 to 1.3: who the user, course and link were there. Pure.

https://www.imsglobal.org/spec/lti/v1p3/migr#lti-1-1-migration-claim. The signature shows that the LMS still knows the
secret of the consumer key; without it the claim says nothing.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lti_tool.launch.claims import Launch


@dataclass(frozen=True, slots=True)
class Before:
    """What user, course and activity were called in LTI 1.1; what the claim leaves out is called as it is now."""

    user: str
    context: str | None
    link: str | None


def consumer_key(launch: Launch) -> str | None:
    """The consumer key that the claim names, if it is one that could be known here."""
    return _text(launch.migration.get("oauth_consumer_key"))


def signature(key: str, secret: str, claims: Mapping[str, Any], deployment: str, client_id: str) -> str:
    """What an LMS with this key and secret signs a launch with these claims with: base64 of HMAC-SHA256 over the
    fields of §"LTI 1.1 migration claim", joined by `&`."""
    fields = (key, deployment, str(claims["iss"]), client_id, _number(claims["exp"]), str(claims["nonce"]))
    digest = hmac.digest(secret.encode(), "&".join(fields).encode(), "sha256")
    return base64.b64encode(digest).decode("ascii")


def read(launch: Launch, secret: str) -> Before | None:
    """What the claim says, if it is signed with this secret; None where it is not. Compared in constant time."""
    key, signed = consumer_key(launch), launch.migration.get("oauth_consumer_key_sign")
    if key is None or not isinstance(signed, str):
        return None
    wanted = signature(key, secret, launch.claims, launch.deployment, launch.registration.client_id)
    if not hmac.compare_digest(wanted.encode(), signed.encode("utf-8", "surrogatepass")):
        return None
    return Before(
        _text(launch.migration.get("user_id")) or launch.subject,
        _text(launch.migration.get("context_id")) or launch.context.get("id"),
        _text(launch.migration.get("resource_link_id")) or launch.link.get("id"),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 255 else None


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
