"""The answer to a deep linking request. Pure.

https://www.imsglobal.org/spec/lti-dl/v2p0#deep-linking-response-message
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lti_tool.choose.items import Asked
from lti_tool.launch.addresses import split_address
from lti_tool.launch.claims import DEPLOYMENT, MESSAGE_TYPE, VERSION

DL: Final = "https://purl.imsglobal.org/spec/lti-dl/claim/"
LIFETIME: Final = 300
"""Seconds that the answer may take to the LMS; it is on its way at once."""
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

# Open edX deletes what was chosen before as soon as an answer comes, an empty one too: nothing is sent in vain where
# it isn't known what happens. In these the dialogue closes and the course stays as it was.
TAKES_NOTHING: Final = frozenset({"moodle", "canvas", "lti-tool-practice"})


def answer(
    asked: Asked,
    items: Sequence[Mapping[str, Any]],
    *,
    client_id: str,
    issuer: str,
    deployment: str,
    nonce: str,
    msg: str = "",
    errormsg: str = "",
    log: str = "",
) -> dict[str, Any]:
    """The claims to be signed; `iat` and `exp` are added by the one who signs. Empty messages are left out."""
    said = {"msg": msg, "errormsg": errormsg, "log": log}
    return {
        "iss": client_id,
        "aud": issuer,
        "nonce": nonce,
        DEPLOYMENT: deployment,
        MESSAGE_TYPE: "LtiDeepLinkingResponse",
        VERSION: "1.3.0",
        DL + "content_items": [dict(item) for item in items],
        **{DL + name: value for name, value in asked.echo.items()},
        **{DL + name: text for name, text in said.items() if text},
    }


def may_return(url: str) -> bool:
    """Whether the signed answer may be posted there: to https of any host, to plain http on this machine only."""
    parts = split_address(url)
    return parts is not None and (parts.scheme == "https" or parts.hostname in LOOPBACK)


def may_cancel(product: str) -> bool:
    """Whether an answer without items leaves the course of this LMS as it was."""
    return product.lower() in TAKES_NOTHING
