"""Over real addresses."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from lti_tool.practice import PracticeSettings
from lti_tool.practice.browserless import Browserless, by_http
from lti_tool.practice.seed import add_activity
from lti_tool.practice.settings import FetchFailed, fetch_json
from tests.conftest import Clock
from tests.practice.conftest import FakeTool
from tests.practice.servers import Servers, free_port, two_sites


@pytest.fixture
def servers(clock: Clock, fake_tool: FakeTool, platform_keys: Iterator[RSAPrivateKey]) -> Iterator[Servers]:
    settings = PracticeSettings(clock=clock, fetch=fake_tool.fetch, make_key=lambda: next(platform_keys))
    with two_sites(fake_tool, settings) as found:
        yield found


def test_the_whole_chain_by_http(servers: Servers) -> None:
    activity = add_activity(servers.lms, servers.registered, "Drošība")
    with requests.Session() as practice, requests.Session() as tool:
        browser = Browserless(by_http(practice), by_http(tool), servers.practice)
        browser.sign_in("karlis")
        launch = browser.launch(activity.id)
        assert launch.answer.status == 200
        assert "token" in launch.answer.text
        assert launch.claims["given_name"] == "Kārlis"
        browser.sign_in("admin")
        assert browser.registration_link(f"{servers.tool}/lti/register").startswith(f"{servers.tool}/lti/register?")


@pytest.mark.parametrize("kind", ["drop", "lose"])
def test_a_dropped_connection_is_one(servers: Servers, kind: str) -> None:
    fault = {"endpoint": "jwks", "kind": kind, "calls": 1}
    assert requests.post(f"{servers.practice}/faults.json", json=fault, timeout=10).status_code == 200
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{servers.practice}/jwks", timeout=10)
    assert requests.get(f"{servers.practice}/jwks", timeout=10).status_code == 200


def test_reading_a_key_set(servers: Servers) -> None:
    found = fetch_json(f"{servers.practice}/jwks")
    assert isinstance(found, dict)
    for address in (f"{servers.practice}/nowhere", f"{servers.practice}/sign-in", f"http://127.0.0.1:{free_port()}/"):
        with pytest.raises(FetchFailed):
            fetch_json(address)


def test_the_command_serves_until_it_is_stopped(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "lti_tool.practice", "--port", str(port), "--data", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == f"Practice LMS: http://localhost:{port}\n"
        assert (
            process.stderr.readline() == "Sign in as admin, teacher, karlis, elena, nikos, anna; password: practice\n"
        )
        assert requests.get(f"http://localhost:{port}/healthz", timeout=10).json() == {"status": "ok"}
        second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert second.returncode == 2
        assert "PRACTICE-PORT" in second.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert (tmp_path / "practice.sqlite3").exists()
