"""A practice LMS on a real port of this machine, for tests in which the tool calls it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from flask import Response
from werkzeug.serving import WSGIRequestHandler, make_server

from lti_tool.practice import PracticeSettings, create_app
from lti_tool.practice.lms import Practice
from lti_tool.practice.seed import add_activity, register_tool
from lti_tool.practice.tools import Tool

TOOL_URL = "http://127.0.0.1:8000"
SECONDS = 60
"""Until an answer of the practice LMS is given up."""


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing: what was asked is on the practice LMS's own log page."""


@dataclass(frozen=True, slots=True)
class PracticeServer:
    """The running practice LMS; `tool` is the one that was registered by hand, if one was."""

    url: str
    lms: Practice
    tool: Tool | None

    def state(self) -> dict[str, Any]:
        """What GET /state.json says."""
        found: dict[str, Any] = requests.get(f"{self.url}/state.json", timeout=SECONDS).json()
        return found

    def fail(self, endpoint: str, kind: str, **more: Any) -> None:
        """The service fails so from now on; see lti_tool/practice/faults.py."""
        answer = requests.post(
            f"{self.url}/faults.json", json={"endpoint": endpoint, "kind": kind, **more}, timeout=SECONDS
        )
        answer.raise_for_status()

    def recover(self) -> None:
        """Every service works again."""
        requests.delete(f"{self.url}/faults.json", timeout=SECONDS).raise_for_status()

    def graded_activity(
        self, title: str = "M01", *, maximum: int = 100, custom: Mapping[str, str] | None = None
    ) -> str:
        """A new activity with a gradebook column; its resource link id is returned."""
        assert self.tool is not None
        made = add_activity(self.lms, self.tool, title, custom=custom, line_item={"scoreMaximum": maximum})
        return str(made.id)

    def column(self, link_id: str) -> dict[str, Any]:
        """The gradebook column of an activity."""
        return next(item for item in self.state()["line_items"] if item["resource_link_id"] == link_id)

    def grades(self, link_id: str) -> dict[str, dict[str, Any]]:
        """Grades of an activity, by login."""
        return {grade["login"]: grade for grade in self.column(link_id)["grades"]}

    def user_id(self, login: str) -> str:
        """The id under which the practice LMS knows a person (`sub`)."""
        return str(next(user["id"] for user in self.state()["users"] if user["login"] == login))


@contextmanager
def practice_server(
    key_set: Callable[[], object],
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    pause: Callable[[float], None] = lambda seconds: None,
    registered: bool = True,
    answered: Callable[[Response], Response] | None = None,
    **switches: Any,
) -> Iterator[PracticeServer]:
    """A practice LMS that takes `key_set()` for the tool's keys; stopped at the end. `registered`: by hand, at once.
    `answered` sees every answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    app = create_app(PracticeSettings(base_url=url, clock=clock, fetch=lambda _url: key_set(), pause=pause, **switches))
    if answered is not None:
        app.after_request(answered)
    lms: Practice = app.extensions["practice"]
    tool = register_tool(lms, TOOL_URL) if registered else None
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield PracticeServer(url, lms, tool)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
