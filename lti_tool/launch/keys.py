"""The tool's own signing keys: PEM files in KEYS_DIR, each in one of three states that its file name tells.

    current-<kid>.pem            signs
    next-<kid>.pem               published already, will sign after the next rotation
    retired-<time>-<kid>.pem     signed once; published for a week more, for what is still under way

A key is published from the moment it exists and signs only after a rotation, so an LMS that keeps our key set for a
while has seen a key before it meets a signature made with it. Renames are atomic; all processes look at the folder.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, cast

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key

KeyState = Literal["current", "next", "retired"]

BITS: Final = 2048
BACKDATE: Final = 5
"""Seconds: Moodle refuses an `iat` ahead of its own clock by any amount."""
RETIRED_FOR: Final = timedelta(days=7)
SETTLED: Final = timedelta(days=1)
"""After so long every LMS that keeps key sets has fetched the one with the next key."""
_STAMP: Final = "%Y%m%dT%H%M%SZ"


class NoKey(Exception):
    """The folder holds no key to sign with; `lti-tool keys new` makes one."""


@dataclass(frozen=True, slots=True)
class ToolKey:
    """One of our keys, with the state that its file name tells."""

    kid: str
    state: KeyState
    path: Path
    made_at: datetime
    retired_at: datetime | None = None


class ToolKeys:
    """The keys in a folder, read again whenever the folder changes."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._clock = clock
        self._seen: int | None = None
        self._signing: tuple[str, RSAPrivateKey] | None = None
        self._public: list[dict[str, str]] = []

    def sign(self, claims: Mapping[str, Any], *, lifetime: int = 300) -> str:
        """`claims` as RS256 JWT by the current key; `iat` (backdated 5 s), `exp` and a unique `jti` are added.

        https://www.imsglobal.org/spec/security/v1p0#using-json-web-tokens-with-oauth-2-0-client-credentials-grant
        """
        self._read()
        if self._signing is None:
            raise NoKey(f"no key in {self._folder}; run: lti-tool keys new")
        kid, key = self._signing
        now = int(self._clock().timestamp())
        added = {"iat": now - BACKDATE, "exp": now + lifetime, "jti": secrets.token_urlsafe(24)}
        return jwt.encode({**added, **claims}, key, algorithm="RS256", headers={"kid": kid})

    def public(self) -> dict[str, list[dict[str, str]]]:
        """The key set that `/lti/jwks` publishes: current, next, and those retired less than a week ago."""
        self._read()
        return {"keys": self._public}

    def usable(self) -> bool:
        """Whether there is a key to sign with."""
        self._read()
        return self._signing is not None

    def _read(self) -> None:
        try:
            seen = self._folder.stat().st_mtime_ns
        except OSError:
            self._seen, self._signing, self._public = None, None, []
            return
        if seen == self._seen:
            return
        keys = list_keys(self._folder)
        now = self._clock()
        signing = None
        public = []
        for key in keys:
            if key.retired_at is not None and now - key.retired_at > RETIRED_FOR:
                continue
            private = _load(key.path)
            public.append(jwk_of(private.public_key()))
            if key.state == "current" and signing is None:
                signing = (key.kid, private)
        self._signing, self._public, self._seen = signing, public, seen


def list_keys(folder: Path) -> list[ToolKey]:
    """The keys in `folder`: current (the newest first), next, retired."""
    keys = []
    for path in folder.glob("*.pem") if folder.is_dir() else ():
        state, _, rest = path.stem.partition("-")
        made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if state in {"current", "next"} and rest:
            keys.append(ToolKey(rest, cast(KeyState, state), path, made))
        elif state == "retired":
            stamp, _, kid = rest.partition("-")
            retired = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
            keys.append(ToolKey(kid, "retired", path, made, retired))
    order = {"current": 0, "next": 1, "retired": 2}
    return sorted(keys, key=lambda key: (order[key.state], -key.made_at.timestamp()))


def make_first(folder: Path) -> bool:
    """The folder has a current and a next key; False where it had a current one, which is left alone."""
    states = {key.state for key in list_keys(folder)}
    if "current" not in states:
        _make(folder, "current")
    if "next" not in states:
        _make(folder, "next")
    return "current" not in states


def rotate(folder: Path, now: datetime) -> timedelta | None:
    """The next key signs, the current one is retired, a new next one is published, keys retired long ago are deleted.

    The answer is for how long the key that signs now had been published; None where it was made just now.
    """
    keys = list_keys(folder)
    coming = next((key for key in keys if key.state == "next"), None)
    published = now - coming.made_at if coming else None
    path = coming.path if coming else _make(folder, "next")
    kid = path.stem.partition("-")[2]
    # First the new one, then the old one away: at no moment is there nothing to sign with.
    os.utime(path, (now.timestamp(), now.timestamp()))
    path.rename(folder / f"current-{kid}.pem")
    for key in keys:
        if key.state == "current":
            key.path.rename(folder / f"retired-{now.astimezone(UTC).strftime(_STAMP)}-{key.kid}.pem")
        elif key.retired_at is not None and now - key.retired_at > RETIRED_FOR:
            key.path.unlink()
    _make(folder, "next")
    return published


def jwk_of(key: RSAPublicKey) -> dict[str, str]:
    """The public key as JWK, its kid the RFC 7638 thumbprint."""
    numbers = key.public_numbers()
    return {
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "kid": thumbprint(key),
        "n": _base64(numbers.n),
        "e": _base64(numbers.e),
    }


def thumbprint(key: RSAPublicKey) -> str:
    """https://www.rfc-editor.org/rfc/rfc7638 with SHA-256."""
    numbers = key.public_numbers()
    members = {"e": _base64(numbers.e), "kty": "RSA", "n": _base64(numbers.n)}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def describe(keys: Iterable[ToolKey]) -> list[dict[str, str | None]]:
    """The keys as `keys list --json` prints them."""
    return [
        {
            "kid": key.kid,
            "state": key.state,
            "made_at": key.made_at.isoformat(timespec="seconds"),
            "retired_at": key.retired_at.isoformat(timespec="seconds") if key.retired_at else None,
        }
        for key in keys
    ]


def _make(folder: Path, state: KeyState) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    key = generate_private_key(public_exponent=65537, key_size=BITS)
    kid = thumbprint(key.public_key())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{state}-{kid}.pem"
    draft = folder / f".{kid}.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(pem)
    draft.rename(path)  # nobody reads half a key
    return path


def _load(path: Path) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise NoKey(f"{path} holds no RSA key")
    return key


def _base64(number: int) -> str:
    length = (number.bit_length() + 7) // 8
    return base64.urlsafe_b64encode(number.to_bytes(length, "big")).rstrip(b"=").decode()
