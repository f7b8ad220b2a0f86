"""Where the signed answer may go, and what is in it."""

from __future__ import annotations

import pytest

from lti_tool.choose.items import Asked
from lti_tool.choose.response import answer, may_cancel, may_return

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
ASKED = Asked("https://lms.example.org/back", True, True, ())


@pytest.mark.parametrize(
    "url",
    [
        "https://lms.example.org/back?sesskey=a&b=c",
        "https://another.example.com:8443/x",
        "http://localhost:8100/choices/1",
        "http://127.0.0.1/x",
        "http://[::1]:8100/x",
    ],
)
def test_it_may_go_to_https_and_to_this_machine(url: str) -> None:
    assert may_return(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://lms.example.org/back",
        "http://localhost.example.org/back",
        "javascript:alert(1)",
        "data:text/html,x",
        "//lms.example.org/back",
        "/back",
        "",
        "https://",
        "https://user@lms.example.org/",
        "https://lms.example.org/\nx",
        "https://lms.example.org\\@evil.example.com/",
    ],
)
def test_it_goes_nowhere_else(url: str) -> None:
    assert not may_return(url)


def test_messages_that_say_nothing_are_left_out() -> None:
    claims = answer(
        ASKED, [], client_id="c", issuer="https://lms.example.org", deployment="1", nonce="n", log="2 items"
    )
    assert claims[DL + "content_items"] == []
    assert claims[DL + "log"] == "2 items"
    assert not {DL + "msg", DL + "errormsg", DL + "data"} & claims.keys()
    assert None not in claims.values()


def test_an_empty_answer_is_offered_only_where_it_changes_nothing() -> None:
    assert may_cancel("moodle")
    assert may_cancel("Canvas")
    assert not may_cancel("")
    assert not may_cancel("open-edx")
