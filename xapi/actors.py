"""Agents and groups: by what they are identified (xAPI 1.0.3, data part, 2.4.2 "Actor")."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
"""The inverse functional identifiers; an identified actor has exactly one."""


def actor_key(actor: Mapping[str, Any]) -> str:
    """The inverse functional identifier of a valid actor as one unambiguous text; equal exactly for equal
    identifiers.

    "account:<homePage>|<name>" (an IRI holds no "|"; "%" and NUL of the name are escaped), "mbox:mailto:…",
    "mbox_sha1sum:…" in lower case, "openid:…"; an anonymous group is "members:" and a digest of its members' keys.
    """
    account = actor.get("account")
    if account is not None:
        home = account["homePage"].replace("|", "%7C")
        return f"account:{home}|{account['name'].replace('%', '%25').replace(chr(0), '%00')}"
    if (mbox := actor.get("mbox")) is not None:
        return f"mbox:{mbox}"
    if (digest := actor.get("mbox_sha1sum")) is not None:
        return f"mbox_sha1sum:{digest.lower()}"
    if (openid := actor.get("openid")) is not None:
        return f"openid:{openid}"
    members = "\n".join(sorted(actor_key(member) for member in actor.get("member", ())))
    return f"members:{hashlib.sha256(members.encode()).hexdigest()}"


def actor_keys(actor: Mapping[str, Any]) -> Iterator[str]:
    """The key of an actor, and those of its members where it is a group."""
    yield actor_key(actor)
    for member in actor.get("member", ()):
        yield actor_key(member)


def bare_actor(actor: Mapping[str, Any]) -> dict[str, Any]:
    """The actor by its identifier alone, without names: what is needed to find it again, and no more."""
    kind = actor.get("objectType", "Agent")
    for identifier in IDENTIFIERS:
        if identifier in actor:
            return {"objectType": kind, identifier: actor[identifier]}
    return {"objectType": kind, "member": [bare_actor(member) for member in actor.get("member", ())]}


def storage_key(text: str) -> str:
    """The text as an indexed column holds it: as it is up to 250 bytes, beyond that by its digest.

    An index entry of PostgreSQL takes 2,704 bytes at most, and an IRI may be longer.
    """
    encoded = text.encode()
    return text if len(encoded) <= 250 else f"sha256:{hashlib.sha256(encoded).hexdigest()}"
