"""The demo starts, stops at Ctrl-C, and starts again over its data."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import requests

from tests.browser.conftest import DEMO, ROOT, free_port, start_demo, stop_demo

pytestmark = DEMO


def test_it_stops_cleanly_and_starts_again_over_its_data(tmp_path: Path) -> None:
    first = start_demo(tmp_path / "var")
    activities = first.state()["activities"]
    assert [a["custom"]["content"] for a in activities] == ["module/M01", "module/M02"]
    assert stop_demo(first) == 0
    again = start_demo(tmp_path / "var")
    try:
        assert again.state()["activities"] == activities
        assert len(again.state()["registrations"]) == 1
        assert set(again.links) == set(first.links)
        # Each start prints links of its own: those of yesterday may have been used.
        assert again.links != first.links
        name, link = next(iter(again.links.items()))
        assert name in requests.get(link, timeout=10).text
    finally:
        assert stop_demo(again) == 0


def test_a_taken_port_is_said_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "from lti_tool.cli import main; main()",
                "demo",
                "--data",
                str(tmp_path / "var"),
                "--port",
                str(port),
                "--practice-port",
                str(free_port()),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith(f"lti-tool: PORT: {port} is in use")
