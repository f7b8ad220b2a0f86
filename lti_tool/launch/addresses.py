"""Web addresses that others tell us: which may be opened, which may be asked, which are ours. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Final, cast
from urllib.parse import SplitResult, urlsplit

_UNFIT: Final = re.compile(r"[\x00-\x20\x7f\\]")


class FetchError(Exception):
    """The address can't be asked, or its answer can't be used; the text says why, for the log."""


class AddressError(FetchError):
    """The address is one that is never asked."""


def split_address(address: object) -> SplitResult | None:
    """The parts of an http(s) address without user name, control characters or backslashes; None for all else."""
    if not isinstance(address, str) or _UNFIT.search(address):
        return None
    try:
        parts = urlsplit(address)
        known = parts.port is None or parts.port > 0
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or not known:
        return None
    return parts


def origin(address: object) -> tuple[str, str, int] | None:
    """Scheme, host and port of a web address; None for anything that is none."""
    return _origin(address) if isinstance(address, str) else None


@lru_cache(maxsize=512)  # those of an LMS, and our own, come with every launch
def _origin(address: str) -> tuple[str, str, int] | None:
    parts = split_address(address)
    if parts is None:
        return None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, cast(str, parts.hostname), port


def ours(address: object, base_url: str) -> bool:
    """Whether a browser that opens `address` comes to this tool."""
    return origin(address) is not None and origin(address) == origin(base_url)


def web_address(address: object) -> str | None:
    """`address`, if it is one that a browser may be sent to."""
    return cast(str, address) if origin(address) is not None else None


def check_address(url: str, *, loopback: bool) -> None:
    """Raises AddressError for addresses that are never asked; their resolution is checked when connecting."""
    parts = origin(url)
    if parts is None:
        raise AddressError(f"{shown(url)!r} is not a web address")
    scheme, host, _port = parts
    if scheme == "http" and not (loopback and _names_loopback(host)):
        raise AddressError(f"{shown(url)}: https is needed")


def shown(url: str) -> str:
    """The address as a log may hold it: without its query, where tokens are."""
    return url.partition("?")[0][:200]


def _names_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
