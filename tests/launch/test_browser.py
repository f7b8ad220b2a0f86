"""Platform storage and the last resort in a real browser, whose cookies never reach the tool."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests.builders import LMS
from tests.conftest import PATIENCE_MS, Clock
from tests.launch.conftest import Tool, make_tool

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

pytestmark = pytest.mark.browser

COURSE = """<!doctype html><title>Course</title><iframe name="tool" width="600" height="400" src="{src}"></iframe>
<script>
const kept = new Map();
window.heard = [];
addEventListener("message", (event) => {{
  if (!event.data || typeof event.data !== "object" || !String(event.data.subject).startsWith("lti.")) return;
  if (event.data.subject === "lti.frameResize") return;
  window.heard.push([event.origin, event.data.subject]);
  if (!{storage}) return;
  const {{ subject, message_id, key, value }} = event.data;
  if (subject === "lti.put_data") kept.set(key, value);
  event.source.postMessage({{ subject: subject + ".response", message_id, key, value: kept.get(key) }}, event.origin);
}});
</script>"""


@contextmanager
def served(app: WSGIApplication) -> Iterator[int]:
    """The application on a port of loopback."""
    running = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield running.server_port
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def without_cookies(app: WSGIApplication) -> WSGIApplication:
    """A browser that keeps none, as the tool sees it."""

    def dropped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop("HTTP_COOKIE", None)
        return app(environ, start_response)

    return dropped


class Course:
    """An LMS of one page: frames the tool, signs launches, keeps data if it is told to."""

    def __init__(self, tool_url: str, storage: bool) -> None:
        self.tool_url = tool_url
        self.storage = storage
        self.lms = LMS()
        self.clock: Clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        values = dict(parse_qsl(environ["QUERY_STRING"]))
        if environ["PATH_INFO"] == "/course":
            login = {
                "iss": self.lms.issuer,
                "client_id": self.lms.client_id,
                "login_hint": "7",
                "target_link_uri": f"{self.tool_url}/lti/launch",
                **({"lti_storage_target": "_parent"} if self.storage else {}),
            }
            src = f"{self.tool_url}/lti/login?{urlencode(login)}".replace("&", "&amp;")
            page = COURSE.format(src=src, storage="true" if self.storage else "false")
        else:
            claims = self.lms.claims(values["nonce"], self.clock())
            claims["https://purl.imsglobal.org/spec/lti/claim/target_link_uri"] = f"{self.tool_url}/lti/launch"
            page = (
                f'<form method="post" action="{values["redirect_uri"]}">'
                f'<input name="state" value="{values["state"]}">'
                f'<input name="id_token" value="{self.lms.signed(claims)}">'
                "</form><script>document.forms[0].submit()</script>"
            )
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [page.encode()]


@contextmanager
def course_open(browser: Browser, tool: Tool, storage: bool) -> Iterator[tuple[Page, str, str]]:
    """The course in Chromium; with the addresses of the LMS and of the tool."""
    holder: dict[str, Any] = {}

    def late(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return holder["app"](environ, start_response)  # type: ignore[no-any-return]  # an application

    with served(without_cookies(late)) as tool_port:
        tool_url = f"http://127.0.0.1:{tool_port}"
        course = Course(tool_url, storage)
        with served(course) as port:
            course.lms = LMS(issuer=f"http://localhost:{port}", client_id="browser")
            course.clock = tool.wiring.clock  # type: ignore[assignment]  # the tests' clock
            tool.write(lambda conn: course.lms.registered(conn))
            wiring = replace(tool.wiring, settings=replace(tool.wiring.settings, base_url=tool_url))
            holder["app"] = make_tool(wiring, course.lms, 0).app
            context = browser.new_context()
            page = context.new_page()
            page.goto(f"http://localhost:{port}/course")
            yield page, f"http://localhost:{port}", tool_url
            context.close()


def test_storage_of_the_lms_carries_a_launch_without_cookies(browser: Browser, sqlite_tool: Tool) -> None:
    with course_open(browser, sqlite_tool, storage=True) as (page, _lms_url, tool_url):
        frame = page.frame(name="tool")
        assert frame is not None
        frame.wait_for_url(f"{tool_url}/s/**", timeout=PATIENCE_MS)
        assert '"user-7"' in frame.content().replace(" ", "")
        heard = page.evaluate("window.heard")
        assert heard == [[tool_url, "lti.put_data"], [tool_url, "lti.get_data"]]


def test_new_tab_is_offered_before_the_lms_is_asked(browser: Browser, sqlite_tool: Tool) -> None:
    with course_open(browser, sqlite_tool, storage=False) as (page, _lms_url, tool_url):
        frame = page.frame(name="tool")
        assert frame is not None
        link = frame.get_by_role("link", name="Continue in a new tab")
        link.wait_for(timeout=PATIENCE_MS)
        href = link.get_attribute("href") or ""
        assert href.startswith("/lti/login?")
        assert frame.url.startswith(f"{tool_url}/lti/login"), "the LMS was not asked yet"
