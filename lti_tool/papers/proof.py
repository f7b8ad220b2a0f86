"""Data Integrity proofs with the suite eddsa-rdfc-2022 (https://www.w3.org/TR/vc-di-eddsa/#eddsa-rdfc-2022).

PyLD brings document and proof options into RDF and its canonical form, SHA-256 shortens both, Ed25519 signs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from lti_tool.papers.canonical import canonical
from lti_tool.papers.contexts import Loader
from lti_tool.papers.keys import CredentialKeys
from lti_tool.papers.multikey import base58

SUITE: Final = "eddsa-rdfc-2022"
_ANY_TIME: Final = "2000-01-01T00:00:00Z"


def with_proof(credential: Mapping[str, Any], keys: CredentialKeys, created: datetime, load: Loader) -> dict[str, Any]:
    """The credential with a proof by our Ed25519 key. Its issuer must be `keys.did`, whose key that is.

    Raises ValueError where a term stands in no context: what is not in the RDF would not be signed.
    """
    at = created.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    options = _options(tuple(credential["@context"]), keys.method, load).replace(_ANY_TIME, at)
    signed = keys.ed25519.sign(hashlib.sha256(options.encode()).digest() + digest(credential, load))
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "created": at,
        "verificationMethod": keys.method,
        "proofPurpose": "assertionMethod",
        "proofValue": base58(signed),
    }
    return {**credential, "proof": [proof]}


def digest(document: Mapping[str, Any], load: Loader) -> bytes:
    """The SHA-256 of a document's canonical RDF."""
    lost = undefined(document, load)
    if lost:
        raise ValueError(f"terms that no context defines: {', '.join(sorted(lost))}")
    return hashlib.sha256(canonical(document, load).encode()).digest()


@lru_cache(maxsize=64)
def _options(contexts: tuple[str, ...], method: str, load: Loader) -> str:
    """The canonical RDF of proof options made at _ANY_TIME. One blank node, so that nothing but the time differs."""
    return canonical(
        {
            "@context": list(contexts),
            "type": "DataIntegrityProof",
            "cryptosuite": SUITE,
            "created": _ANY_TIME,
            "verificationMethod": method,
            "proofPurpose": "assertionMethod",
        },
        load,
    )


def undefined(document: Mapping[str, Any], load: Loader) -> set[str]:
    """Keys and types of a document that JSON-LD drops without a word, as no context knows them. Types of a context
    define terms of their own; what is defined anywhere counts as known here, which is enough to find slips."""
    known: set[str] = {"@context", "id", "type"}
    for url in document["@context"]:
        known |= _defined(url, load)
    said = {**document, "@context": []}
    return {one for one in _keys(said) | _types(said) if one not in known and ":" not in one}


@lru_cache(maxsize=64)
def _defined(url: str, load: Loader) -> set[str]:
    return _keys(load(url)["document"])


def _types(node: object) -> set[str]:
    if isinstance(node, Mapping):
        given = node.get("type", [])
        mine = {given} if isinstance(given, str) else {one for one in given if isinstance(one, str)}
        return mine | {one for key, value in node.items() if key != "type" for one in _types(value)}
    if isinstance(node, list | tuple):
        return {one for value in node for one in _types(value)}
    return set()


def _keys(node: object) -> set[str]:
    if isinstance(node, Mapping):
        return set(node) | {key for value in node.values() for key in _keys(value)}
    if isinstance(node, list | tuple):
        return {key for value in node for key in _keys(value)}
    return set()
