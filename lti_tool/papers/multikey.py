"""Ed25519 keys in the forms that proofs and key sets want. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519_PUB: Final = b"\xed\x01"
"""https://www.w3.org/TR/cid-1.0/#Multikey: what stands before a public Ed25519 key."""


def okp_of(key: Ed25519PublicKey) -> dict[str, str]:
    """The public key as JWK (RFC 8037), its kid the RFC 7638 thumbprint."""
    x = base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode()
    members = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    kid = base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA"}


def multikey(key: Ed25519PublicKey) -> str:
    """The public key as a Multikey: base58btc with its sign "z"."""
    return base58(_ED25519_PUB + key.public_bytes_raw())


def base58(data: bytes) -> str:
    """Multibase base58btc (https://www.w3.org/TR/cid-1.0/#multibase-0)."""
    value, digits = int.from_bytes(data, "big"), ""
    while value:
        value, rest = divmod(value, 58)
        digits = _BASE58[rest] + digits
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + _BASE58[0] * zeros + digits
