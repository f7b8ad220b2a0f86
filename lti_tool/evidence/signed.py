"""Addresses that nobody can make but this tool: the id of a row, signed for one purpose.

The row decides whether the address still opens anything. The address is made anew whenever it is to be shown, so that
neither it nor a hash of it is kept.
"""

from __future__ import annotations

import hashlib

import segno
from itsdangerous import BadData, URLSafeSerializer
from markupsafe import Markup


class Signed:
    """Signs ids for a purpose, and reads them; what was signed for another purpose is not read."""

    def __init__(self, secret_key: str, purpose: str) -> None:
        self._signer = URLSafeSerializer(
            secret_key, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        )

    def token(self, id: str) -> str:
        """The id as signed text that fits into an address."""
        signed = self._signer.dumps(id)
        return signed if isinstance(signed, str) else signed.decode("ascii")

    def read(self, token: str) -> str | None:
        """The id that we signed; None for anything else."""
        try:
            id = self._signer.loads(token)
        except BadData:
            return None
        return id if isinstance(id, str) else None


def qr(address: str) -> Markup:
    """The address as a picture (SVG, black on white with its quiet zone) that phones read."""
    code = segno.make(address, micro=False)
    drawn = code.svg_inline(omitsize=True, border=4, light="#fff", dark="#000", svgclass="qr")
    return Markup(drawn)  # noqa: S704  # drawn by us from squares; the address is not in it as text
