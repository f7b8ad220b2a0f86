"""The tool asks only public addresses, by https, with limits (or loopback, where it lives there itself)."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lti_tool.launch import fetch
from lti_tool.launch.addresses import AddressError, FetchError, check_address, ours
from lti_tool.launch.fetch import checked_addresses
from tests.builders import BASE_URL

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """A web server on loopback that answers everything by `answer`; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server calls
            length = int(self.headers.get("Content-Length") or 0)
            answer(self, self.rfile.read(length))

        do_POST = do_GET  # noqa: N815  # as above

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}"
        finally:
            running.shutdown()
            thread.join()


def say(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


FORBIDDEN = [
    "http://example.org/jwks",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "gopher://127.0.0.1:25/",
    "https://",
    "https://user:pw@example.org/",
    "https://example.org:99999/",
    "https://exam\nple.org/",
    "https://example.org\\@127.0.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "//127.0.0.1/",
    "",
]


@pytest.mark.parametrize("loopback", [True, False])
@pytest.mark.parametrize("url", FORBIDDEN)
def test_address_is_never_asked(url: str, loopback: bool) -> None:
    with pytest.raises(AddressError):
        check_address(url, loopback=loopback)
    with pytest.raises(AddressError):
        fetch.get(url, loopback=loopback)


PRIVATE = [
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "2002:7f00:1::",
    "64:ff9b:1::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address_is_never_connected_to(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever name hides it: what counts is what the name resolves to."""
    monkeypatch.setattr(socket, "getaddrinfo", _resolves(address))
    with pytest.raises(OSError, match="not a public address"):
        checked_addresses("lms.example.org", 443, loopback=False)
    with pytest.raises(AddressError):
        fetch.get("https://lms.example.org/config", loopback=False)


def test_one_private_address_among_public_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _resolves("93.184.216.34", "10.0.0.1"))
    with pytest.raises(OSError, match="not a public address"):
        checked_addresses("lms.example.org", 443, loopback=False)


def test_public_addresses_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _resolves("2606:4700::1111", "93.184.216.34"))
    assert checked_addresses("lms.example.org", 443, loopback=False) == ["93.184.216.34", "2606:4700::1111"]


def test_private_addresses_are_refused_on_loopback_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _resolves("10.0.0.1"))
    with pytest.raises(OSError, match="not a public address"):
        checked_addresses("lms.example.org", 443, loopback=True)


def test_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes between the check and the connection (rebinding) is resolved once alone."""
    asked = []
    with server(lambda handler, _body: say(handler, b"{}")) as url:
        real = socket.getaddrinfo

        def counted(host: Any, *args: Any, **kwargs: Any) -> Any:
            asked.append(host)
            return real(host, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", counted)
        fetch.get(url.replace("127.0.0.1", "localhost"), loopback=True)
    assert asked.count("localhost") == 1


def test_loopback_answers_where_the_tool_lives_there() -> None:
    with server(lambda handler, body: say(handler, b'{"got": "' + body + b'"}', Content_Type="text/html")) as url:
        answer = fetch.post(url, loopback=True, data=b"hello")
        assert answer.status_code == 200
        assert answer.json() == {"got": "hello"}, "JSON by content, whatever the type says"
        with pytest.raises(AddressError):
            fetch.get(url, loopback=False)
        with pytest.raises(AddressError):
            fetch.get(url.replace("http:", "https:"), loopback=False)


def test_redirects_are_not_followed() -> None:
    with server(lambda handler, _body: say(handler, b"", 302, Location="http://169.254.169.254/")) as url:
        assert fetch.get(url, loopback=True).status_code == 302


def test_answer_that_is_too_long_is_dropped() -> None:
    with server(lambda handler, _body: say(handler, b"x" * 2000)) as url, pytest.raises(FetchError, match="more than"):
        fetch.get(url, loopback=True, limit=1000)


def test_answer_that_bursts_when_unpacked_is_dropped() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    with (
        server(lambda handler, _body: say(handler, bomb, Content_Encoding="gzip")) as url,
        pytest.raises(FetchError, match="more than"),
    ):
        fetch.get(url, loopback=True)


def test_server_that_says_nothing_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(FetchError):
            fetch.get(f"http://127.0.0.1:{silent.getsockname()[1]}/", loopback=True, timeout=(0.2, 0.2))


def test_server_that_is_not_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(FetchError):
        fetch.get(f"http://127.0.0.1:{port}/", loopback=True)


def test_proxies_and_cookies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        seen.append(handler.headers.get("Cookie"))
        say(handler, b"{}", Set_Cookie="a=b")

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with server(answer) as url:
        fetch.get(url, loopback=True)
        fetch.get(url, loopback=True)
    assert seen == [None, None]


def test_logs_hold_no_query() -> None:
    with pytest.raises(FetchError) as caught:
        fetch.get("http://127.0.0.1:1/config?registration_token=secret", loopback=True)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [
        (f"{BASE_URL}/lti/launch", True),
        (BASE_URL, True),
        ("HTTP://127.0.0.1:8000/x?y#z", True),
        ("http://127.0.0.1/", False),
        ("https://127.0.0.1:8000/", False),
        ("http://localhost:8000/", False),
        ("http://127.0.0.1:8000@evil/", False),
        (" http://127.0.0.1:8000/", False),
        (None, False),
    ],
)
def test_which_addresses_are_ours(address: object, is_ours: bool) -> None:
    assert ours(address, BASE_URL) is is_ours


def _resolves(*addresses: str) -> Callable[..., list[Any]]:
    def resolve(_host: object, port: int, *args: object, **kwargs: object) -> list[Any]:
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses
        ]

    return resolve
