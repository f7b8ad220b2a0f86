"""A launch is taken once, however many post it at the same moment; what fails halfway leaves nothing behind."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from lti_tool.launch import claims as c
from lti_tool.launch import store
from tests.builders import ABSENT, INSTRUCTOR
from tests.launch.conftest import Tool
from tests.launch.test_bad_launches import refused_with


def test_same_launch_posted_by_eight_threads_is_taken_once(tool: Tool) -> None:
    browser = tool.browser()
    asked = browser.login()
    token = tool.lms.signed(tool.lms.claims(asked["nonce"], tool.wiring.clock()))
    cookies = browser.client._cookies  # type: ignore[attr-defined]  # the test client's jar
    start = threading.Barrier(8)

    def post(_number: int) -> int:
        tab = tool.browser()
        tab.client._cookies.update(cookies)  # type: ignore[attr-defined]  # the same browser
        start.wait()
        return tab.post(token, asked["state"]).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(post, range(8)))
    assert statuses == [303] + [403] * 7
    assert len(tool.launches) == 1
    with tool.wiring.engine.connect() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(store.launches)) == 1


def test_launch_that_fails_behind_the_door_can_be_tried_again(tool: Tool) -> None:
    """The state is burnt in the transaction of what follows: both happen, or neither."""

    class Fault(Exception):
        pass

    def fail() -> None:
        raise Fault

    browser = tool.browser()
    asked = browser.login()
    token = tool.lms.signed(tool.lms.claims(asked["nonce"], tool.wiring.clock()))
    tool.fails = fail
    tool.app.config["PROPAGATE_EXCEPTIONS"] = False
    assert browser.post(token, asked["state"]).status_code == 500
    with tool.wiring.engine.connect() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(store.launches)) == 0
    tool.fails = lambda: None
    assert browser.post(token, asked["state"]).status_code == 303


def test_names_and_mail_are_not_kept_with_the_launch(tool: Tool) -> None:
    browser = tool.browser()
    sid = browser.launch().location.split("/")[2]
    with tool.wiring.engine.connect() as conn:
        kept = store.get_launch(conn, sid)
        rows = conn.execute(sa.text("SELECT * FROM launches")).all()
    assert kept is not None
    assert (kept.subject, kept.context_id, kept.link_id, kept.locale) == ("user-7", "course-1", "link-1", "lv")
    assert kept.claims[c.AGS]["lineitem"] == "http://localhost:8100/l/1"
    for personal in ("Anna", "Bērziņa", "anna@example.org"):
        assert personal not in repr(rows)


def test_the_database_alone_finishes_nobodys_launch(tool: Tool) -> None:
    """Neither state nor binding stands in the table: who reads it can't post another's launch."""
    asked = tool.browser().login()
    with tool.wiring.engine.connect() as conn:
        rows = repr(conn.execute(sa.text("SELECT * FROM logins")).all())
    assert asked["state"] not in rows
    secret = asked.response.headers["Set-Cookie"].partition("=")[2].partition(";")[0].partition(".")[2]
    assert secret
    assert secret not in rows


def test_old_logins_and_launches_are_purged(tool: Tool) -> None:
    browser = tool.browser()
    browser.launch()
    clock = tool.wiring.clock
    later = clock.forward(hours=25)  # type: ignore[attr-defined]  # the tests' clock can be moved
    assert tool.write(lambda conn: store.purge(conn, later)) == (1, 0)
    later = clock.forward(days=30)  # type: ignore[attr-defined]  # as above
    assert tool.write(lambda conn: store.purge(conn, later)) == (0, 1)


@pytest.mark.parametrize("links", [ABSENT, {"id": "link-1"}])
def test_review_names_whose_work_is_shown(sqlite_tool: Tool, links: object) -> None:
    browser = sqlite_tool.browser()
    response = browser.launch(
        **{
            c.MESSAGE_TYPE: "LtiSubmissionReviewRequest",
            c.FOR_USER: {"user_id": "user-8"},
            c.ROLES: [INSTRUCTOR],
            c.RESOURCE_LINK: links,
        }
    )
    assert response.status_code == 303
    assert sqlite_tool.launches[0].message == "review"
    assert sqlite_tool.launches[0].for_user == {"user_id": "user-8"}


def test_deep_linking_gets_in(tool: Tool) -> None:
    browser = tool.browser()
    asked = browser.login()
    claims = tool.lms.deep_linking(asked["nonce"], tool.wiring.clock())
    response = browser.post(tool.lms.signed(claims), asked["state"])
    assert response.status_code == 303
    assert tool.launches[0].deep_linking["deep_link_return_url"] == "http://localhost:8100/return"
    assert tool.launches[0].link == {}


def test_refusals_leave_the_session_of_before_alone(sqlite_tool: Tool) -> None:
    browser = sqlite_tool.browser()
    first = browser.launch()
    refused_with(browser.launch(exp=ABSENT), "LTI-TIME-MISSING")
    assert browser.follow(first).status_code == 200
