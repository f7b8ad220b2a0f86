"""HTTP to the addresses that LMSs name, without being led astray by them (server-side request forgery).

Names are resolved here, every address that a name has must be public, and the connection goes to the address that was
checked. https only, unless the tool itself runs on loopback: then loopback may be asked too, by http as well. No
redirects, no proxies from the environment, a time limit, a size limit.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from typing import Any, Final

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import create_connection

from lti_tool.launch.addresses import AddressError, FetchError, check_address, shown

__all__ = ["AddressError", "Answer", "FetchError", "check_address", "get", "post", "request"]

LIMIT: Final = 1_000_000
"""Bytes of an answer at most."""
TIMEOUT: Final = (3.05, 10.0)
"""Seconds for the connection, and between two pieces of the answer."""
TOTAL: Final = 20.0
"""Seconds for the whole answer: a server that trickles must not hold a worker."""
# Some Moodle sites answer 403 to requests without one.
USER_AGENT: Final = "lti-tool-ecvet/0.1 (LTI 1.3)"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read to its end. Named as `requests` names things."""

    url: str
    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def ok(self) -> bool:
        """True for statuses below 400."""
        return self.status_code < 400

    @property
    def text(self) -> str:
        """The content as text: UTF-8, with what is not replaced."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The content as JSON, whatever its declared type (Moodle says text/html); FetchError if it is none."""
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError as error:
            raise FetchError(f"{shown(self.url)} did not answer with JSON: {error}") from error


def get(url: str, *, loopback: bool, headers: Mapping[str, str] | None = None, **options: Any) -> Answer:
    """`request` by GET."""
    return request("GET", url, loopback=loopback, headers=headers, **options)


def post(url: str, *, loopback: bool, headers: Mapping[str, str] | None = None, **options: Any) -> Answer:
    """`request` by POST."""
    return request("POST", url, loopback=loopback, headers=headers, **options)


def request(
    method: str,
    url: str,
    *,
    loopback: bool,
    headers: Mapping[str, str] | None = None,
    data: Any = None,
    json: Any = None,
    params: Mapping[str, str] | None = None,
    timeout: tuple[float, float] = TIMEOUT,
    total: float = TOTAL,
    limit: int = LIMIT,
) -> Answer:
    """The answer of `url`, whatever its status; raises FetchError where there is none that may be used.

    `loopback` is `settings.loopback`: true lets loopback addresses be asked, by plain http too.
    """
    check_address(url, loopback=loopback)
    deadline = time.monotonic() + total
    body = None if json is None else orjson.dumps(json)
    sent = {"User-Agent": USER_AGENT, **({"Content-Type": "application/json"} if json is not None else {})}
    try:
        with _session(loopback).request(
            method,
            url,
            params=params,
            data=data if body is None else body,
            headers={**sent, **(headers or {})},
            timeout=timeout,
            allow_redirects=False,
            stream=True,
        ) as response:
            content = bytearray()
            for piece in response.iter_content(65536):
                content += piece
                if len(content) > limit:
                    raise FetchError(f"{shown(url)} answered with more than {limit} bytes")
                if time.monotonic() > deadline:
                    raise FetchError(f"{shown(url)} took more than {total:.0f} s")
            return Answer(url, response.status_code, response.headers, bytes(content))
    except (requests.RequestException, UnicodeError) as error:
        raise _problem(method, url, error) from error


def _problem(method: str, url: str, error: BaseException) -> FetchError:
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, _Forbidden):
            return AddressError(f"{method} {shown(url)}: {inner}")
        inner = inner.__context__
    query = url.partition("?")[2]
    said = str(error).replace(query, "…") if query else str(error)
    return FetchError(f"{method} {shown(url)}: {type(error).__name__}: {said[:300]}")


class _Forbidden(OSError):
    """The name stands for an address that is not to be asked."""


def checked_addresses(host: str, port: int, *, loopback: bool) -> list[str]:
    """The addresses of `host`, if every one of them may be asked; else an OSError.

    One private address among public ones refuses the whole name: it is how rebinding is tried.
    """
    found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    for text in found:
        address = ip_address(text.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        # sixtofour and teredo carry an IPv4 address inside; no LMS is reached that way.
        tunnel = getattr(address, "sixtofour", None) or getattr(address, "teredo", None)
        public = address.is_global and not address.is_multicast and not address.is_reserved and not tunnel
        if not (public or (loopback and address.is_loopback)):
            raise _Forbidden(f"{host} is {text}, which is not a public address")
    return sorted(found, key=lambda text: ":" in text)


class _Pinned(HTTPConnection):
    loopback = False

    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _PinnedTLS(HTTPSConnection):
    loopback = False

    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _PinnedLoopback(_Pinned):
    loopback = True


class _PinnedTLSLoopback(_PinnedTLS):
    loopback = True


def _connect(connection: _Pinned | _PinnedTLS) -> socket.socket:
    # The certificate is still checked against the host's name: only where the bytes go is decided here.
    problem: OSError | None = None
    try:
        addresses = checked_addresses(
            connection.host, connection.port or connection.default_port, loopback=connection.loopback
        )
        for address in addresses:
            try:
                return create_connection(
                    (address, connection.port or connection.default_port),
                    connection.timeout,
                    socket_options=connection.socket_options,
                )
            except OSError as error:
                problem = error
    except (OSError, UnicodeError) as error:
        raise NewConnectionError(connection, str(error)) from error
    raise NewConnectionError(connection, str(problem))


class _PinnedPool(HTTPConnectionPool):
    ConnectionCls = _Pinned


class _PinnedTLSPool(HTTPSConnectionPool):
    ConnectionCls = _PinnedTLS


class _PinnedLoopbackPool(HTTPConnectionPool):
    ConnectionCls = _PinnedLoopback


class _PinnedTLSLoopbackPool(HTTPSConnectionPool):
    ConnectionCls = _PinnedTLSLoopback


class _Adapter(HTTPAdapter):
    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback
        super().__init__(pool_maxsize=32)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **options)
        self.poolmanager.pool_classes_by_scheme = (
            {"http": _PinnedLoopbackPool, "https": _PinnedTLSLoopbackPool}
            if self._loopback
            else {"http": _PinnedPool, "https": _PinnedTLSPool}
        )


@cache
def _session(loopback: bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a proxy would resolve names itself; .netrc has no business here
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(loopback=loopback))
    return session
