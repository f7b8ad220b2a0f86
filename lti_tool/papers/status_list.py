"""The public status list: one bit for each award, set once it is withdrawn or superseded. Pure.

https://www.w3.org/TR/vc-bitstring-status-list/ . Whoever checks a credential fetches a whole list, so that nobody
learns whose credential was checked.

The one purpose is "revocation", which cancels the validity of a credential for good
(https://www.w3.org/TR/vc-bitstring-status-list/#bitstringstatuslistentry, `statusPurpose`). Both acts do that: neither
is ever undone, and a newer award stands in the place of a superseded one. No other purpose would do for the latter:
"refresh" leaves a credential valid, "suspension" is for what may come back, and "message" is one that a verifier may
pass over. Why it is no longer valid is told by `/check`.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from lti_tool.papers.award import LIST_LENGTH

V2: Final = "https://www.w3.org/ns/credentials/v2"
PURPOSE: Final = "revocation"


def encode(revoked: Iterable[int], length: int = LIST_LENGTH) -> str:
    """A list with these places set, as `encodedList`: GZIP, base64url, the multibase sign "u". The first place is the
    highest bit of the first byte."""
    bits = bytearray(length // 8)
    for index in revoked:
        bits[index // 8] |= 128 >> index % 8
    packed = gzip.compress(bytes(bits), mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def address(base_url: str, index: int) -> str:
    """Where the list that holds this place is served."""
    return f"{base_url}/credentials/status/{index // LIST_LENGTH}"


def entry(base_url: str, index: int) -> dict[str, str]:
    """`credentialStatus` of a credential in this place."""
    return {
        "id": f"{address(base_url, index)}#{index % LIST_LENGTH}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": PURPOSE,
        "statusListIndex": str(index % LIST_LENGTH),
        "statusListCredential": address(base_url, index),
    }


def credential(base_url: str, number: int, revoked: Iterable[int], now: datetime) -> dict[str, Any]:
    """The list as a credential, unsigned."""
    url = f"{base_url}/credentials/status/{number}"
    return {
        "@context": [V2],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": base_url,
        "validFrom": now.replace(microsecond=0).isoformat().replace("+00:00", "Z"),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": PURPOSE,
            "encodedList": encode(revoked),
        },
    }
