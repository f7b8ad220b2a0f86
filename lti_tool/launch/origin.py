"""Where a launch came from, and the way back there."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from lti_tool.launch.claims import PRESENTATION
from lti_tool.launch.store import StoredLaunch


def return_address(launch: StoredLaunch | None) -> str:
    """The web address to which the LMS wants people led back; "" where it names none."""
    presentation = launch.claims.get(PRESENTATION) if launch else None
    address = presentation.get("return_url") if isinstance(presentation, Mapping) else None
    return address if isinstance(address, str) and _is_web(address) else ""


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
