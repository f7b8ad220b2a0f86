"""The list of a course's members, read from the practice LMS over HTTP, on its good days and its bad ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa

from lti_tool.db import reading, writing
from lti_tool.gradebook import roster
from lti_tool.gradebook.roster import ListRefused, Rosters, pages
from lti_tool.gradebook.service import Services
from lti_tool.launch import fetch, platforms
from lti_tool.people import roster as store
from lti_tool.people import store as people
from lti_tool.practice.tools import Tool
from tests.conftest import Clock
from tests.gradebook.roster_scene import Scene, roster_scene
from xapi import personas

EVERYBODY = {
    "teacher": "instructor",
    "karlis": "learner",
    "elena": "learner",
    "nikos": "learner",
    "anna": "learner",
}


@pytest.fixture
def scene(engine: sa.Engine, tmp_path: Path) -> Iterator[Scene]:
    with roster_scene(engine, tmp_path) as found:
        yield found


def test_everybody_is_known_before_their_first_launch(scene: Scene) -> None:
    logins = {user["login"] for user in scene.lms.state()["users"]}
    assert scene.sync() == 1
    here = scene.here()
    assert here == {login: role for login, role in EVERYBODY.items() if login in logins}
    members = scene.members()
    assert all(one.launched_at is None for one in members.values())
    assert members["karlis"].account.name == "Kārlis Ģēķis-Čaks"
    with reading(scene.wiring.engine) as conn:
        persons = {personas.find_persona(conn, one.account.actor) for one in members.values()}
    assert None not in persons and len(persons) == len(members)
    assert (scene.state().told, scene.state().problem) == (len(here), None)
    assert scene.sync() == 0, "until tomorrow"
    scene.clock.forward(hours=27)
    assert scene.sync() == 1


def test_whose_name_the_lms_keeps_is_a_member_too(scene: Scene) -> None:
    scene.sync()
    nameless = [one for one in scene.members().values() if one.account.name is None]
    assert nameless and all(one.account.email is None for one in nameless)


@pytest.mark.parametrize("size", [1, 2, 4, 5, 500])
def test_every_page_is_read_once(scene: Scene, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(roster, "A_PAGE", size)
    scene.sync()
    assert len(scene.here()) == 5
    assert len(scene.calls()) == -(-5 // size)


def test_who_vanished_has_left_and_comes_back(scene: Scene) -> None:
    scene.sync()
    scene.suspend("elena")
    scene.clock.forward(minutes=5)
    scene.ask()
    scene.sync()
    assert "elena" not in scene.here()
    left = scene.members()["elena"].left_at
    assert left == scene.clock()
    scene.clock.forward(days=2)
    scene.sync()
    assert scene.members()["elena"].left_at == left, "when she left, not when it was last looked"
    scene.suspend("elena", suspended=False)
    scene.ask()
    scene.sync()
    assert "elena" in scene.here()


def test_a_list_that_breaks_off_makes_nobody_leave(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.launch("anna")
    scene.clock.forward(minutes=1)
    scene.suspend("anna")
    monkeypatch.setattr(roster, "A_PAGE", 2)
    real, answered = roster.links.find, []

    def broken(header: str | None, relation: str, base: str) -> str | None:
        answered.append(relation)
        found = real(header, relation, base)
        return f"{scene.lms.url}/nowhere" if found and relation == "next" else found

    with monkeypatch.context() as patch:
        patch.setattr(roster.links, "find", broken)
        scene.sync()
    assert answered
    assert scene.state().problem == "ROSTER-GONE"
    assert "anna" in scene.here() and len(scene.here()) == 3, "what was read is kept"
    scene.ask()
    scene.sync()
    assert scene.state().problem is None
    assert "anna" not in scene.here() and len(scene.here()) == 4


def test_the_role_of_a_launch_stands_for_a_day(scene: Scene) -> None:
    scene.launch("karlis", "instructor")
    scene.sync()
    assert scene.here()["karlis"] == "instructor"
    scene.clock.forward(hours=27)
    scene.sync()
    assert scene.here()["karlis"] == "learner"


def test_a_name_that_a_launch_told_is_kept_where_the_list_tells_none(scene: Scene) -> None:
    scene.launch("anna", name="Anna B.")
    scene.sync()
    nameless = scene.members()["anna"].account
    assert nameless.name == "Anna B."


@pytest.mark.parametrize(
    ("endpoint", "kind", "problem"),
    [
        ("memberships", "503", "ROSTER-LIMIT"),
        ("memberships", "403", "ROSTER-LIMIT"),
        ("memberships", "500", "ROSTER-PLATFORM-ERROR"),
        ("memberships", "drop", "ROSTER-UNREACHABLE"),
        ("token", "503", "ROSTER-TOKEN"),
    ],
)
def test_a_platform_that_fails_is_asked_again_later(scene: Scene, endpoint: str, kind: str, problem: str) -> None:
    scene.lms.fail(endpoint, kind, seconds=1)
    scene.sync()
    assert scene.state().problem == problem
    assert scene.here() == {}
    scene.lms.recover()
    assert scene.sync() == 0, "nobody hammers a platform that just failed"
    with writing(scene.wiring.engine) as conn:
        store.teacher_came(conn, scene.course, scene.clock())
    assert scene.sync() == 0, "nor does a teacher who opens the course"
    scene.clock.forward(minutes=3)
    scene.sync()
    assert scene.state().problem is None
    assert len(scene.here()) == 5


def test_retry_after_is_kept_to(scene: Scene) -> None:
    scene.lms.fail("memberships", "503", seconds=600)
    scene.sync()
    scene.lms.recover()
    scene.clock.forward(seconds=590)
    assert scene.sync() == 0
    scene.clock.forward(seconds=20)
    assert scene.sync() == 1
    assert scene.state().problem is None


def test_a_slow_platform_is_waited_for(scene: Scene) -> None:
    scene.lms.fail("memberships", "slow", seconds=5)
    scene.sync()
    assert len(scene.here()) == 5


def test_a_token_that_ends_between_two_pages_is_replaced(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "A_PAGE", 2)
    keep_some = Rosters._keep_some
    ended: list[int] = []

    def and_end_tokens(self: Rosters, *args: Any) -> None:
        if not ended:
            scene.lms.fail("token", "revoke")
        ended.append(1)
        keep_some(self, *args)

    monkeypatch.setattr(Rosters, "_keep_some", and_end_tokens)
    scene.sync()
    assert scene.state().problem is None
    assert len(scene.here()) == 5
    assert [call.status for call in scene.calls()] == [200, 401, 200, 200]


def test_tokens_that_no_service_takes_are_told(scene: Scene) -> None:
    scene.lms.fail("token", "expire")
    scene.sync()
    assert scene.state().problem == "ROSTER-TOKEN"


def test_a_tool_that_may_not_read_the_list_is_told(scene: Scene) -> None:
    permit(scene, lambda tool: replace(tool.configuration, scopes=()))
    scene.sync()
    assert scene.state().problem == "ROSTER-TOKEN"
    assert [(call.status, call.code) for call in scene.calls("token")] == [(400, "invalid_scope")]
    scene.clock.forward(hours=5)
    assert scene.sync() == 0, "only people can mend this"


def permit(scene: Scene, change: Any) -> None:
    from lti_tool.practice import tools

    tool = cast(Tool, scene.lms.tool)
    with scene.lms.lms.store.transaction() as db:
        tools.update_tool(db, tool.id, change(tool))


def test_a_platform_that_was_switched_off_is_not_asked(scene: Scene) -> None:
    with writing(scene.wiring.engine) as conn:
        platforms.set_status(conn, scene.platform, "disabled", scene.clock())
    scene.sync()
    assert scene.state().problem == "ROSTER-PLATFORM-OFF"
    assert scene.calls() == []


def test_a_list_that_names_nobody_makes_nobody_leave(scene: Scene) -> None:
    scene.sync()
    for login in EVERYBODY:
        scene.suspend(login)
    scene.ask()
    scene.sync()
    assert scene.state().problem == "ROSTER-EMPTY"
    assert len(scene.here()) == 5


def test_a_teachers_launch_asks_after_a_quarter_of_an_hour(scene: Scene) -> None:
    scene.sync()
    for minutes, expected in ((14, 0), (2, 1)):
        scene.clock.forward(minutes=minutes)
        with writing(scene.wiring.engine) as conn:
            store.teacher_came(conn, scene.course, scene.clock())
        assert scene.sync() == expected


def test_the_button_counts_also_while_the_list_is_being_read(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    finish = Rosters._finish
    pressed: list[int] = []

    def press_first(self: Rosters, conn: sa.Connection, *args: Any) -> None:
        if not pressed:
            pressed.append(1)
            scene.clock.forward(seconds=1)
            store.ask(conn, scene.course, scene.clock())
        finish(self, conn, *args)

    monkeypatch.setattr(Rosters, "_finish", press_first)
    assert scene.sync() == 2


def test_of_two_workers_one_reads_and_a_dead_ones_course_is_taken_over(scene: Scene) -> None:
    with writing(scene.wiring.engine) as conn:
        due = store.claim(conn, "dead", scene.clock())
    assert due is not None
    assert scene.state().under_way
    assert scene.sync() == 0
    scene.clock.forward(seconds=store.LEASE.total_seconds() + 1)
    assert scene.sync() == 1
    with writing(scene.wiring.engine) as conn:
        assert not store.hold(conn, scene.course, "dead", scene.clock())
        store.failed(conn, due, "dead", "ROSTER-FAULT", "too late", scene.clock())
    assert scene.state().problem is None


def test_a_worker_that_lost_its_lease_writes_nothing_more(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_some = Rosters._keep_some

    def after_another_took_over(self: Rosters, *args: Any) -> None:
        with writing(scene.wiring.engine) as conn:
            conn.execute(store.roster_syncs.update().values(leased_by="another"))
        keep_some(self, *args)

    monkeypatch.setattr(Rosters, "_keep_some", after_another_took_over)
    scene.sync()
    assert scene.here() == {}


def test_calls_are_in_the_log_without_tokens_queries_and_names(scene: Scene) -> None:
    scene.sync()
    (call,) = scene.calls()
    assert (call.platform_id, call.course_id, call.status, call.code) == (scene.platform, scene.course, 200, "")
    assert call.what.startswith(f"GET {scene.lms.url}/services/") and "?" not in call.what
    (asked,) = scene.calls("token")
    assert asked.what == f"POST {scene.lms.url}/token"
    with reading(scene.wiring.engine) as conn:
        logged = str(conn.execute(sa.text("SELECT * FROM service_calls")).all())
        token = conn.scalar(sa.text("SELECT token FROM access_tokens"))
    assert token not in logged and "Kārlis" not in logged


# What the practice LMS does not do, by answers written here

HERE = "https://lms.example/members"


class Answers:
    """Services that give these answers by address, and remember what they were asked."""

    def __init__(self, given: Mapping[str, tuple[Any, str | None]]) -> None:
        self.given = given
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.wiring = SimpleNamespace(clock=lambda: Clock.__new__(Clock))

    def call(self, kind: str, method: str, url: str, scope: str, headers: Mapping[str, str], **more: Any) -> Any:
        self.asked.append((url, dict(more["params"])))
        body, link = self.given[url]
        return fetch.Answer(url, 200, {"Link": link} if link else {}, json.dumps(body).encode())


def listed(*users: str, role: str = "Learner") -> dict[str, Any]:
    return {"members": [{"user_id": user, "roles": [role]} for user in users]}


def read(given: Mapping[str, tuple[Any, str | None]], **more: Any) -> tuple[list[list[str]], Answers]:
    services = Answers(given)
    found = pages(cast(Services, services), HERE, **more)
    return [[one.user_id for one in page.members] for page in found], services


def test_case_and_relative_addresses_of_the_next_page_are_kept() -> None:
    given = {
        HERE: (listed("a"), '<?page=AbC>; rel="next"'),
        f"{HERE}?page=AbC": (listed("b"), f'<{HERE}>; rel="first", </More/Ü>; rel="next"'),
        "https://lms.example/More/Ü": (listed("c"), None),
    }
    found, services = read(given)
    assert found == [["a"], ["b"], ["c"]]
    assert services.asked[0][1] == {"limit": "500"}
    assert [asked for _url, asked in services.asked[1:]] == [{}, {}], "the next page's address is complete"


def test_a_role_is_looked_at_on_every_page_for_moodle_drops_it_on_the_second() -> None:
    given = {
        HERE: (listed("a"), f'<{HERE}?page=2>; rel="next"'),
        f"{HERE}?page=2": ({"members": [*listed("b")["members"], *listed("t", role="Instructor")["members"]]}, None),
    }
    found, services = read(given, role="Learner")
    assert found == [["a"], ["b"]]
    assert services.asked[0][1]["role"] == "Learner"


def test_the_resource_link_is_named_only_when_asked_for() -> None:
    assert "rlid" not in read({HERE: (listed("a"), None)})[1].asked[0][1]
    assert read({HERE: (listed("a"), None)}, link="link-7")[1].asked[0][1]["rlid"] == "link-7"


@pytest.mark.parametrize(
    "link",
    [
        '<https://evil.example/members>; rel="next"',
        '<http://lms.example/members?page=2>; rel="next"',
        '<//evil.example/x>; rel="next"',
        '<https://evil.example/changes>; rel="differences"',
        f'<{HERE}>; rel="next"',
    ],
)
def test_the_token_goes_to_no_other_site_and_in_no_circle(link: str) -> None:
    with pytest.raises(ListRefused) as refused:
        read({HERE: (listed("a"), link)})
    assert refused.value.code == "ROSTER-LINK"


@pytest.mark.parametrize("body", [[], {}, {"members": {}}, "members", None, {"membership": []}])
def test_what_is_no_list_is_refused(body: Any) -> None:
    with pytest.raises(ListRefused) as refused:
        read({HERE: (body, None)})
    assert refused.value.code == "ROSTER-FORMAT"


def test_a_list_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "MOST_MEMBERS", 3)
    with pytest.raises(ListRefused) as refused:
        read({HERE: (listed(*"abcd"), None)})
    assert refused.value.code == "ROSTER-SIZE"
    monkeypatch.setattr(roster, "MOST_PAGES", 2)
    endless = {HERE: (listed(), '<?p=1>; rel="next"')} | {
        f"{HERE}?p={n}": (listed(), f'<?p={n + 1}>; rel="next"') for n in range(1, 9)
    }
    with pytest.raises(ListRefused) as refused:
        read(endless)
    assert refused.value.code == "ROSTER-LINK"


def with_answers(scene: Scene, monkeypatch: pytest.MonkeyPatch, given: Mapping[str, Any]) -> list[str]:
    """The platform gives these answers (a status, or a body with a Link header) by path; what was asked."""
    asked: list[str] = []

    def call(self: Services, kind: str, method: str, url: str, *args: Any, **more: Any) -> fetch.Answer:
        asked.append(url)
        found = given[url.removeprefix(scene.lms.url).partition("?")[0]]
        if isinstance(found, int):
            return fetch.Answer(url, found, {}, b"no")
        body, link = found
        return fetch.Answer(url, 200, {"Link": link} if link else {}, json.dumps(body).encode())

    monkeypatch.setattr(Services, "call", call)
    return asked


def test_differences_are_used_where_offered_and_the_whole_list_once_a_week(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/services/CourseSection/1/bindings/1/memberships"
    ids = {login: scene.lms.user_id(login) for login in EVERYBODY}
    changed = {"members": [{"user_id": ids["anna"], "roles": ["Learner"], "status": "Deleted"}]}
    given = {
        path: (listed(*ids.values()), '</changes?since=1>; rel="differences"'),
        "/changes": (changed, '</changes?since=2>; rel="differences"'),
    }
    asked = with_answers(scene, monkeypatch, given)
    scene.sync()
    assert len(scene.here()) == 5
    scene.clock.forward(hours=27)
    scene.sync()
    assert asked[-1] == f"{scene.lms.url}/changes?since=1"
    assert sorted(scene.here()) == ["elena", "karlis", "nikos", "teacher"], "who is not named has not left"
    assert scene.state().told == 5
    scene.clock.forward(days=2)
    scene.sync()
    assert asked[-1] == f"{scene.lms.url}/changes?since=2"
    scene.clock.forward(days=5)
    scene.sync()
    assert asked[-1].endswith(path), "the whole list"


def test_a_platform_that_forgot_our_differences_is_asked_for_the_whole_list(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/services/CourseSection/1/bindings/1/memberships"
    ids = [scene.lms.user_id(login) for login in EVERYBODY]
    given = {path: (listed(*ids), '</changes>; rel="differences"'), "/changes": 404}
    asked = with_answers(scene, monkeypatch, given)
    scene.sync()
    scene.clock.forward(hours=27)
    assert scene.sync() == 2
    assert [url.removeprefix(scene.lms.url) for url in asked] == [path, "/changes", path]
    assert scene.state().problem is None


def test_members_told_twice_and_in_one_huge_page_are_kept_in_pieces(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SOME", 2)
    path = "/services/CourseSection/1/bindings/1/memberships"
    ids = [scene.lms.user_id(login) for login in EVERYBODY]
    with_answers(scene, monkeypatch, {path: (listed(*ids, *ids), None)})
    scene.sync()
    assert len(scene.here()) == 5


def test_pauses_grow_up_to_six_hours() -> None:
    found = [roster.pause(n, 0.5, None) for n in range(15)]
    assert found == sorted(found)
    assert found[0] >= timedelta(minutes=1) and found[-1] <= timedelta(hours=9)
    assert roster.pause(0, 0, timedelta(minutes=10)) == timedelta(minutes=10)


def test_without_an_address_there_is_nothing_to_ask(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        course = people.course(conn, 1, "c", clock()).id
        assert not store.ask(conn, course, clock())
        assert store.state(conn, course, clock()) is None
        assert store.claim(conn, "w", clock()) is None


def test_who_is_inactive_left_when_they_did_whatever_is_told_of_them_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/services/CourseSection/1/bindings/1/memberships"
    anna: dict[str, Any] = {"user_id": scene.lms.user_id("anna"), "roles": ["Learner"], "name": "Anna"}
    teacher = {"user_id": scene.lms.user_id("teacher"), "roles": ["Instructor"]}
    with_answers(scene, monkeypatch, {path: ({"members": [teacher, anna]}, None)})
    scene.sync()
    left = scene.clock.forward(hours=1)
    for name in ("Anna", "Anna B."):
        with_answers(
            scene, monkeypatch, {path: ({"members": [teacher, {**anna, "status": "Inactive", "name": name}]}, None)}
        )
        scene.ask()
        scene.sync()
        scene.clock.forward(hours=1)
    member = scene.members()["anna"]
    assert (member.left_at, member.account.name) == (left, "Anna B.")
