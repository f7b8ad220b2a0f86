"""State and profiles over HTTP."""

from __future__ import annotations

from json import dumps
from typing import Any

import pytest

from tests.conftest import Clock
from tests.xapi.builders import MODULE, REGISTRATION, an_id, learner
from tests.xapi.conftest import LRS

KINDS: dict[str, dict[str, Any]] = {
    "activities/state": {"activityId": MODULE, "agent": learner(), "stateId": "s"},
    "activities/profile": {"activityId": MODULE, "profileId": "p"},
    "agents/profile": {"agent": learner(), "profileId": "p"},
}
BOTH = pytest.mark.parametrize("path", KINDS)


@BOTH
def test_there_and_back(lrs: LRS, path: str) -> None:
    where = KINDS[path]
    assert lrs("GET", path, **where).status_code == 404
    put = lrs("PUT", path, b"caf\xc3\xa9\x00", headers={"Content-Type": "text/plain; charset=utf-8"}, **where)
    assert put.status_code == 204
    got = lrs("GET", path, **where)
    assert (got.data, got.content_type) == (b"caf\xc3\xa9\x00", "text/plain; charset=utf-8")
    assert got.headers["ETag"].startswith('"')
    assert got.headers["Last-Modified"] == "Thu, 13 Oct 2022 09:30:00 GMT"
    head = lrs("HEAD", path, **where)
    assert (head.data, head.headers["ETag"]) == (b"", got.headers["ETag"])
    assert lrs("GET", path, headers={"If-None-Match": got.headers["ETag"]}, **where).status_code == 304
    assert lrs("DELETE", path, **where).status_code == 204
    assert lrs("GET", path, **where).status_code == 404
    assert lrs("DELETE", path, **where).status_code == 204


@BOTH
def test_preconditions_hold_for_all_that_changes(lrs: LRS, path: str) -> None:
    where = KINDS[path]
    assert lrs("PUT", path, {"a": 1}, headers={"If-Match": '"x"'}, **where).status_code == 412
    assert lrs("PUT", path, {"a": 1}, headers={"If-None-Match": "*"}, **where).status_code == 204
    assert lrs("PUT", path, {"a": 2}, headers={"If-None-Match": "*"}, **where).status_code == 412
    tag = lrs("GET", path, **where).headers["ETag"]
    for method in ("PUT", "POST", "DELETE"):
        assert lrs(method, path, {"a": 2}, headers={"If-Match": '"other"'}, **where).status_code == 412
    assert lrs("GET", path, **where).json == {"a": 1}
    assert lrs("POST", path, {"b": 2}, headers={"If-Match": tag}, **where).status_code == 204
    assert lrs("GET", path, **where).json == {"a": 1, "b": 2}
    assert lrs("PUT", path, {"a": 2}, headers={"If-Match": tag}, **where).status_code == 412
    tag = lrs("GET", path, **where).headers["ETag"]
    assert lrs("PUT", path, {"a": 2}, headers={"If-Match": f'"no", {tag}'}, **where).status_code == 204
    assert lrs("DELETE", path, headers={"If-Match": "*"}, **where).status_code == 204


@pytest.mark.parametrize(
    ("version", "path", "first", "second"),
    [
        ("2.0.0", "activities/state", 204, 409),
        ("2.0.0", "activities/profile", 204, 409),
        ("2.0.0", "agents/profile", 204, 409),
        ("1.0.3", "activities/state", 204, 204),
        ("1.0.3", "activities/profile", 400, 409),
        ("1.0.3", "agents/profile", 400, 409),
    ],
)
def test_put_without_a_precondition(sqlite_lrs: LRS, version: str, path: str, first: int, second: int) -> None:
    where = KINDS[path]
    assert sqlite_lrs("PUT", path, {"a": 1}, version=version, **where).status_code == first
    sqlite_lrs("PUT", path, {"a": 1}, headers={"If-None-Match": "*"}, **where)
    again = sqlite_lrs("PUT", path, {"a": 2}, version=version, **where)
    assert again.status_code == second
    assert sqlite_lrs("GET", path, **where).json == {"a": 1 if second == 409 else 2}


@BOTH
def test_lists(sqlite_lrs: LRS, clock: Clock, path: str) -> None:
    place = {name: value for name, value in KINDS[path].items() if not name.endswith("eId") or name == "activityId"}
    [id_name] = KINDS[path].keys() - place.keys()
    for name in ("b", "a"):
        sqlite_lrs("PUT", path, b"1", **place, **{id_name: name})
        clock.forward(hours=1)
    assert sqlite_lrs("GET", path, **place).json == ["a", "b"]
    assert sqlite_lrs("GET", path, **place, since="2022-10-13T09:30:00Z").json == ["a"]
    assert sqlite_lrs("GET", path, **place, since="2022-10-13T10:30:00Z").json == []
    assert sqlite_lrs("GET", path, **place, since="x").status_code == 400
    assert sqlite_lrs("PUT", path, b"x", **place).status_code == 400
    assert sqlite_lrs("DELETE", path, **place).status_code == (204 if path == "activities/state" else 400)


def test_states_of_registrations(lrs: LRS) -> None:
    where = {"activityId": MODULE, "agent": learner()}
    lrs("PUT", "activities/state", b"1", **where, stateId="s")
    lrs("PUT", "activities/state", b"2", **where, stateId="s", registration=REGISTRATION)
    lrs("PUT", "activities/state", b"3", **where, stateId="t", registration=REGISTRATION.upper())
    assert lrs("GET", "activities/state", **where, stateId="s").data == b"1"
    assert lrs("GET", "activities/state", **where, stateId="s", registration=REGISTRATION).data == b"2"
    assert lrs("GET", "activities/state", **where, registration=REGISTRATION).json == ["s", "t"]
    assert lrs("DELETE", "activities/state", **where, registration=REGISTRATION).status_code == 204
    assert lrs("GET", "activities/state", **where).json == ["s"]
    assert lrs("DELETE", "activities/state", **where).status_code == 204
    assert lrs("GET", "activities/state", **where).json == []


@pytest.mark.parametrize(
    "where",
    [
        {"agent": learner(), "stateId": "s"},
        {"activityId": MODULE, "stateId": "s"},
        {"activityId": "M01", "agent": learner(), "stateId": "s"},
        {"activityId": MODULE, "agent": {"name": "x"}, "stateId": "s"},
        {"activityId": MODULE, "agent": learner(), "stateId": "s", "registration": "1"},
        {"activityId": MODULE, "agent": learner(), "stateid": "s"},
        {"activityId": MODULE, "agent": learner(), "stateId": "\x00"},
        {"activityId": MODULE, "agent": learner(), "stateId": "s", "since": "2022-10-13T09:30:00Z"},
    ],
)
def test_bad_places(sqlite_lrs: LRS, where: dict[str, Any]) -> None:
    assert sqlite_lrs("PUT", "activities/state", b"x", **where).status_code == 400
    assert sqlite_lrs("GET", "activities/state", **where).status_code == 400


@BOTH
def test_bad_documents(sqlite_lrs: LRS, path: str) -> None:
    where = KINDS[path]
    assert sqlite_lrs("PUT", path, b"{", **where).status_code == 400
    assert sqlite_lrs("POST", path, b"{", **where).status_code == 400
    sqlite_lrs("PUT", path, b"[1]", **where)
    merged = sqlite_lrs("POST", path, {"a": 1}, **where)
    assert (merged.status_code, merged.json["rule"]) == (400, "merge")
    assert sqlite_lrs("GET", path, **where).json == [1]
    assert sqlite_lrs("PATCH", path, b"[1]", **where).status_code == 405


def test_a_page_keeps_to_its_own_state(sqlite_lrs: LRS) -> None:
    own = {"activityId": MODULE, "agent": learner(), "registration": REGISTRATION, "stateId": "s"}
    assert sqlite_lrs("PUT", "activities/state", b"1", who="page", **own).status_code == 204
    assert sqlite_lrs("GET", "activities/state", who="page", **own).data == b"1"
    for other in (
        {"activityId": "a:b"},
        {"agent": learner("boris")},
        {"registration": an_id(1)},
    ):
        for method in ("PUT", "GET", "DELETE", "POST"):
            assert sqlite_lrs(method, "activities/state", b"1", who="page", **(own | other)).status_code == 403
    everywhere = {"activityId": MODULE, "agent": learner()}
    assert sqlite_lrs("DELETE", "activities/state", who="page", **everywhere).status_code == 403
    assert sqlite_lrs("GET", "activities/state", who="page", **everywhere).status_code == 403


def test_a_page_keeps_to_its_own_profiles(sqlite_lrs: LRS) -> None:
    mine, shared = KINDS["agents/profile"], KINDS["activities/profile"]
    assert sqlite_lrs("PUT", "agents/profile", b"1", who="page", **mine).status_code == 204
    assert sqlite_lrs("GET", "agents/profile", who="page of boris", **mine).status_code == 403
    sqlite_lrs("PUT", "activities/profile", b"1", **shared)
    assert sqlite_lrs("GET", "activities/profile", who="page", **shared).data == b"1"
    assert sqlite_lrs("DELETE", "activities/profile", who="page", **shared).status_code == 403
    assert sqlite_lrs("GET", "agents", who="page", agent=learner("boris")).status_code == 403
    assert sqlite_lrs("GET", "activities", who="page", activityId="a:b").status_code == 403
    assert sqlite_lrs("GET", "agents/profile", who="other", **mine).status_code == 403
    assert sqlite_lrs("GET", "agents/profile", who="reader", **mine).status_code == 200
    assert sqlite_lrs("PUT", "agents/profile", b"2", who="reader", **mine).status_code == 403


def test_a_document_is_no_page_of_ours_however_a_browser_comes_to_it(sqlite_lrs: LRS) -> None:
    """By the alternate syntax a form of any site opens it, with the writer's own token: it must not act as our page."""
    where = KINDS["activities/state"]
    page = b"<form method=post action=/admin/platforms/1><button name=status value=approved>Go on"
    sqlite_lrs("PUT", "activities/state", page, headers={"Content-Type": "text/html"}, **where)
    form = {name: dumps(value) if isinstance(value, dict) else value for name, value in where.items()}
    form |= {"Authorization": "Bearer all", "X-Experience-API-Version": "1.0.3"}
    answer = sqlite_lrs.client.post("/xapi/activities/state?method=GET", data=form)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
