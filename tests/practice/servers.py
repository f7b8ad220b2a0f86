"""The practice LMS and a tool on real ports of this machine, on two sites: localhost and 127.0.0.1."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Flask, Response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

from lti_tool.practice import PracticeSettings, create_app
from lti_tool.practice.__main__ import Quiet
from lti_tool.practice.lms import Practice
from lti_tool.practice.seed import register_tool
from lti_tool.practice.tools import Tool
from tests.practice.conftest import FakeTool


@dataclass(frozen=True, slots=True)
class Servers:
    practice: str
    tool: str
    app: Flask
    registered: Tool

    @property
    def lms(self) -> Practice:
        lms: Practice = self.app.extensions["practice"]
        return lms


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(app: Flask, port: int) -> Iterator[None]:
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def two_sites(fake_tool: FakeTool, settings: PracticeSettings) -> Iterator[Servers]:
    """`settings` without base_url: it is known only here."""
    ports = free_port(), free_port()
    practice, tool = f"http://localhost:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
    app = create_app(
        PracticeSettings(base_url=practice, clock=settings.clock, fetch=settings.fetch, make_key=settings.make_key)
    )
    registered = register_tool(app.extensions["practice"], tool)
    with served(app, ports[0]), served(tool_app(practice, tool), ports[1]):
        yield Servers(practice, tool, app, registered)


def tool_app(practice: str, tool: str) -> Flask:
    """A tool of pages only. /lti/login?by=script goes on by a script, whose request lacks the platform's cookie."""
    app = Flask("tool of pages")

    @app.route("/lti/login", methods=["GET", "POST"])
    def login() -> ResponseReturnValue:
        asked = request.values
        query = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": asked["client_id"],
            "redirect_uri": f"{tool}/lti/launch",
            "login_hint": asked["login_hint"],
            "lti_message_hint": asked["lti_message_hint"],
            "state": "s",
            "nonce": "n",
        }
        goal = f"{practice}/auth?{urlencode(query)}"
        if "by=script" in asked["target_link_uri"]:
            return page(
                f'<a id="go" href="{goal.replace("&", "&amp;")}">go</a><script>document.links.go.click()</script>'
            )
        return redirect(goal)

    @app.post("/lti/launch")
    def launch() -> ResponseReturnValue:
        return page(f"<h1>Launched</h1><p>{'token' if 'id_token' in request.form else request.form.get('error')}</p>")

    @app.get("/lti/register")
    def register() -> ResponseReturnValue:
        return page("<h1>Register</h1>")

    return app


def page(body: str) -> Response:
    head = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tool</title></head>'
    return Response(f"{head}<body><main>{body}</main>", content_type="text/html; charset=utf-8")
