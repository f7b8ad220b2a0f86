"""The browser that is none: what it reads from a page and what it sends."""

import json

import pytest
import requests
from flask import Flask, Response, request

from lti_tool.practice.browserless import Answer, Browserless, Step, StepFailed, by_flask, by_http
from tests.practice.servers import free_port, served

PAGE = """<form action="/go?a=1" method="post">
<input name="text" value="ā&amp;b"><input name="ticked" type="checkbox" checked><input name="free" type="checkbox">
<input name="one" type="radio" value="1"><input name="one" type="radio" value="2" checked>
<select name="first"><option value="x">X<option value="y">Y</select>
<select name="chosen"><option value="x">X</option><option value="y" selected>Y</option></select>
<textarea name="long">two
words</textarea><input type="submit" name="send" value="Send"><input value="nameless"></form>
<form><input name="q"></form><a href="b?c=d#e">link</a><iframe src="//example.org/f"></iframe>"""


@pytest.fixture
def echo() -> Flask:
    app = Flask("echo")

    @app.route("/echo", methods=["GET", "POST"])
    def back() -> Response:
        return Response(
            json.dumps([request.method, request.args.to_dict(flat=False), request.form.to_dict(flat=False)])
        )

    @app.get("/away")
    def away() -> Response:
        return Response("", 303, {"Location": "/echo?x=1", "Set-Cookie": "seen=1"})

    return app


def test_it_reads_a_page_as_a_browser_does() -> None:
    answer = Answer(200, "http://tool.example/a/page", {}, PAGE)
    first, second = answer.forms()
    assert (first.method, first.url) == ("POST", "http://tool.example/go?a=1")
    assert first.fields == {
        "text": "ā&b",
        "ticked": "on",
        "one": "2",
        "first": "x",
        "chosen": "y",
        "long": "two\nwords",
    }
    assert (second.method, second.url, second.fields) == ("GET", "http://tool.example/a/page", {"q": ""})
    assert answer.links() == ["http://tool.example/a/b?c=d#e"]


@pytest.mark.parametrize("real", [False, True])
def test_it_sends_what_a_browser_would(echo: Flask, real: bool) -> None:
    step = Step("POST", "", {"a": "ā", "b": "x"}).having(b=None, c="&").ticking("pick", "M01", "M02")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with served(echo, port), requests.Session() as session:
        send = by_http(session) if real else by_flask(echo, base)
        sent = {"a": ["ā"], "c": ["&"], "pick": ["M01", "M02"]}
        assert send(Step("POST", f"{base}/echo?q=1", step.fields, step.more)).json() == ["POST", {"q": ["1"]}, sent]
        assert send(Step("GET", f"{base}/echo?q=1", step.fields, step.more)).json() == ["GET", {"q": ["1"], **sent}, {}]
        answer = send(Step("GET", f"{base}/away"))
        assert (answer.status, answer.location) == (303, f"{base}/echo?x=1")


def test_a_login_page_with_a_form_or_a_link_goes_on_too() -> None:
    def tool(html: str) -> Browserless:
        send = by_flask(Flask("none"), "http://tool.example")
        return Browserless(send, lambda step: Answer(200, step.url, {}, html), "http://lms.example")

    initiation = Step("POST", "http://tool.example/login")
    link = tool('<a href="http://lms.example/auth?state=s&amp;nonce=n">on</a>').login(initiation)
    assert link == Step("GET", "http://lms.example/auth", {"state": "s", "nonce": "n"})
    form = '<form action="http://lms.example/auth" method="post"><input name="state" value="s"></form>'
    assert tool(form).login(initiation) == Step("POST", "http://lms.example/auth", {"state": "s"})
    with pytest.raises(StepFailed, match="did not go on"):
        tool("<p>Error</p>").login(initiation)
    with pytest.raises(StepFailed, match="has no form"):
        tool("").press("/", "/nowhere")
