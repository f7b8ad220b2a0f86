"""Keys that sign credentials: one RSA and one Ed25519 key, made at the first use (files: lti_tool/papers/key_files.py).

They are not the keys of LTI: an LMS asks for those anew every few hours, so that a retired one may go after a week, but
a credential is checked years later. The public half of every key that ever signed stays published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from lti_tool.errors import N_, ToolError
from lti_tool.launch.keys import jwk_of
from lti_tool.papers.key_files import (
    FOLDER,
    KINDS,
    KeyFile,
    list_keys,
    load_private,
    load_public,
    make_first,
    published,
)
from lti_tool.papers.multikey import multikey, okp_of

_TRIES: Final = 3
"""A rotation may take a file away between the look at the folder and the reading of it."""


@dataclass(frozen=True, slots=True)
class CredentialKeys:
    """The keys that sign now, and the public halves of these, of the next ones and of all that ever signed (a JWK set;
    those that sign stand first)."""

    rsa: RSAPrivateKey
    rsa_kid: str
    ed25519: Ed25519PrivateKey
    public: tuple[Mapping[str, str], ...]

    @property
    def did(self) -> str:
        """The Ed25519 key as an issuer that needs no look-up (https://w3c-ccg.github.io/did-key-spec/)."""
        return f"did:key:{multikey(self.ed25519.public_key())}"

    @property
    def method(self) -> str:
        """The verification method of proofs."""
        return f"{self.did}#{multikey(self.ed25519.public_key())}"

    def jwt(self, payload: Mapping[str, Any], base_url: str, typ: str = "JWT") -> str:
        """`payload` signed with RS256; `kid` is the address at which the public key is served
        (https://www.imsglobal.org/spec/ob/v3p0#jwt-proof)."""
        headers = {"kid": f"{base_url}/credentials/keys/{self.rsa_kid}", "typ": typ}
        return jwt.encode(dict(payload), self.rsa, algorithm="RS256", headers=headers)


def open_keys(keys_dir: Path) -> CredentialKeys:
    """The keys in the folder; where one that signs is missing, it is made. Raises PAPERS-KEYS where the folder can't be
    used."""
    folder, problem = keys_dir / FOLDER, ""
    for _try in range(_TRIES):
        try:
            files = list_keys(folder)
            if not set(KINDS) <= {one.kind for one in files if one.state == "current"}:
                make_first(folder)
                files = list_keys(folder)
            return _load(folder, tuple(published(files)))
        except FileNotFoundError as error:
            problem = str(error)
        except (OSError, ValueError) as error:
            problem = str(error)
            break
    raise ToolError(
        "PAPERS-KEYS",
        N_("Credentials can't be signed at the moment."),
        N_("Ask the administrator of this tool to look at the folder of keys."),
        status=503,
        whom="administrator",
        detail=problem,
    )


@lru_cache(maxsize=8)
def _load(folder: Path, files: tuple[KeyFile, ...]) -> CredentialKeys:
    signing = {one.kind: one for one in reversed(files) if one.state == "current"}  # the newest stands first
    rsa, ed25519 = (load_private(folder / signing[kind].name) for kind in KINDS)
    if not isinstance(rsa, RSAPrivateKey) or not isinstance(ed25519, Ed25519PrivateKey):
        raise ValueError(f"{folder} holds keys of other kinds than their names say")
    return CredentialKeys(rsa, signing["rs256"].kid, ed25519, tuple(_jwk(folder, one) for one in files))


def _jwk(folder: Path, one: KeyFile) -> Mapping[str, str]:
    key = load_public(folder / one.name, one.state)
    return jwk_of(key) if isinstance(key, RSAPublicKey) else okp_of(key)
