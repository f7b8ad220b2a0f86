"""Keys of the practice LMS, and checking what a tool signed."""

import json
import sqlite3
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


class Untrusted(Exception):
    """A token that is not accepted; the text says what is wrong with it."""


def new_key(db: sqlite3.Connection, kid: str, key: RSAPrivateKey, now: float, *, keep_old: bool = True) -> None:
    """`kid` signs from now on. The older keys stay in the key set, or with keep_old False leave it."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    if keep_old:
        db.execute("UPDATE keys SET active = 0")
    else:
        db.execute("DELETE FROM keys")
    db.execute("INSERT INTO keys (kid, pem, made, active) VALUES (?, ?, ?, 1)", (kid, pem, now))


def read_key_set(db: sqlite3.Connection) -> dict[str, list[dict[str, Any]]]:
    """The public JWKS, newest first."""
    rows = db.execute("SELECT kid, pem FROM keys ORDER BY made DESC, kid").fetchall()
    keys = []
    for row in rows:
        public: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_load(row["pem"]).public_key()))
        public.pop("key_ops", None)
        keys.append({**public, "kid": row["kid"], "alg": "RS256", "use": "sig"})
    return {"keys": keys}


def sign(db: sqlite3.Connection, claims: Mapping[str, Any]) -> str:
    """An RS256 token by the active key, its kid in the header."""
    row = db.execute("SELECT kid, pem FROM keys WHERE active = 1").fetchone()
    return jwt.encode(dict(claims), _load(row["pem"]), algorithm="RS256", headers={"kid": row["kid"]})


def read_signing_key(db: sqlite3.Connection) -> tuple[str, RSAPrivateKey]:
    """kid and private key: for tests that forge what the practice LMS would never sign."""
    row = db.execute("SELECT kid, pem FROM keys WHERE active = 1").fetchone()
    return row["kid"], _load(row["pem"])


def read_unverified(token: str) -> dict[str, Any]:
    """The claims nobody has vouched for yet; Untrusted where it is no token at all."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError) as error:
        raise Untrusted(f"not a JSON web token: {error}") from error
    return claims


def read_kid(token: str) -> str:
    """The key id in the header. Tokens by anything but RS256, or without kid, are refused (Security Framework 1.0,
    5.1: https://www.imsglobal.org/spec/security/v1p0/)."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError) as error:
        raise Untrusted(f"not a JSON web token: {error}") from error
    if header.get("alg") != "RS256":
        raise Untrusted(f"signed with {header.get('alg')}, only RS256 is accepted")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise Untrusted("kid is missing in the header")
    return kid


def find_key(key_set: object, kid: str) -> Mapping[str, Any] | None:
    keys = key_set.get("keys") if isinstance(key_set, Mapping) else None
    if not isinstance(keys, list):
        raise Untrusted("the tool's key set has no list of keys")
    return next((key for key in keys if isinstance(key, Mapping) and key.get("kid") == kid), None)


def verify(token: str, key: Mapping[str, Any]) -> dict[str, Any]:
    """The claims, if this RSA key signed them with RS256. Times and audience are not looked at: `check_times`."""
    try:
        public = jwt.PyJWK.from_dict(dict(key), algorithm="RS256")
        claims = jwt.decode(
            token,
            public,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Untrusted(f"the signature does not verify with the tool's key: {error}") from error
    return claims


def check_times(claims: Mapping[str, Any], now: float) -> None:
    """exp lies ahead; iat is there and not ahead by any amount: like Moodle, no leeway."""
    exp, iat = claims.get("exp"), claims.get("iat")
    if isinstance(exp, bool) or not isinstance(exp, int | float):
        raise Untrusted("exp is missing")
    if isinstance(iat, bool) or not isinstance(iat, int | float):
        raise Untrusted("iat is missing")
    if exp <= now:
        raise Untrusted("the token has expired")
    if iat > now:
        raise Untrusted("iat lies in the future (there is no leeway: send it some seconds back)")


def check_audience(claims: Mapping[str, Any], wanted: str) -> None:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if wanted not in named:
        raise Untrusted(f"aud is {audience!r}, it has to name {wanted}")


@lru_cache(maxsize=16)
def _load(pem: str) -> RSAPrivateKey:
    # Kept, because reading checks the key each time, which takes longer than signing with it.
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the practice LMS signs with RSA keys")
    return key
