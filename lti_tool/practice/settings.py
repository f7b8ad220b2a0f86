"""What a practice LMS is started with."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

FETCH_SECONDS = 10


class FetchFailed(Exception):
    """The tool's key set could not be had; the text says why."""


def fetch_json(url: str) -> object:
    """The JSON at a tool's address; FetchFailed where there is none."""
    try:
        answer = requests.get(url, headers={"Accept": "application/json"}, timeout=FETCH_SECONDS)
        answer.raise_for_status()
        document: object = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise FetchFailed(f"could not read {url}: {error}") from error
    return document


def make_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def read_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class PracticeSettings:
    """`data_dir` None keeps everything in memory. `fetch` reads a tool's key set, `pause` waits where a fault says so,
    `make_key` makes signing keys: tests hand in their own. The six switches are only their first values: the admin
    page and POST /switches.json change them while the practice LMS runs."""

    base_url: str = "http://localhost:8100"
    data_dir: Path | None = None
    clock: Callable[[], datetime] = read_clock
    tool_url: str = "http://127.0.0.1:8000/lti/register"
    fetch: Callable[[str], object] = fetch_json
    pause: Callable[[float], None] = time.sleep
    make_key: Callable[[], RSAPrivateKey] = make_key
    auto_activate: bool = False
    platform_storage: bool = True
    login_by_get: bool = False
    token_as_html: bool = False
    groups: bool = False
    token_seconds: int = 3600
