"""Groups of a course: what platforms say of them, and the whole against the practice LMS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.db import reading, writing
from lti_tool.gradebook import groups, membership
from lti_tool.launch.claims import SCOPE_GROUPS, SCOPES
from lti_tool.launch.configuration import Configuration, canvas_configuration, registration_request
from lti_tool.people import groups as store
from lti_tool.people.groups import Addresses
from lti_tool.practice import groups as practice
from lti_tool.practice import tools
from lti_tool.practice.claims import groups_url
from tests.gradebook.roster_scene import Scene, roster_scene


@pytest.fixture
def scene(engine: sa.Engine, tmp_path: Path) -> Iterator[Scene]:
    """A teacher's launch told of groups, which this tool may read."""
    with roster_scene(engine, tmp_path, groups=True) as made:
        allow(made)
        with writing(engine) as conn:
            store.offered(conn, made.course, addresses(made))
        yield made


def allow(scene: Scene, *, allowed: bool = True) -> None:
    from dataclasses import replace

    tool = scene.lms.tool
    assert tool is not None
    scopes = tuple(scope for scope in tool.configuration.scopes if scope != SCOPE_GROUPS)
    with scene.lms.lms.store.transaction() as db:
        tools.update_tool(
            db, tool.id, replace(tool.configuration, scopes=(*scopes, SCOPE_GROUPS) if allowed else scopes)
        )


def addresses(scene: Scene) -> Addresses:
    tool = scene.lms.tool
    assert tool is not None
    where = (scene.lms.url, 1, tool.id)
    return Addresses(groups_url(*where), groups_url(*where, "groupsets"))


def known(scene: Scene) -> dict[str, set[str]]:
    """Logins by the name of their group."""
    logins = {str(user["id"]): user["login"] for user in scene.lms.state()["users"]}
    with reading(scene.wiring.engine) as conn:
        return {
            f"{one.set_name}/{one.name}": {logins[id] for id in store.users_in(conn, scene.course, one.id)}
            for one in store.of_course(conn, scene.course)
        }


def test_groups_come_with_the_list_of_members(scene: Scene) -> None:
    scene.sync()
    assert known(scene) == {"Towns/Riga": {"karlis", "elena"}, "Towns/Athens": {"nikos"}}
    assert set(scene.here()) == {"teacher", "karlis", "elena", "nikos", "anna"}


def test_what_changes_there_changes_here(scene: Scene) -> None:
    scene.sync()
    karlis, anna, elena = (int(scene.lms.user_id(login)) for login in ("karlis", "anna", "elena"))
    with scene.lms.lms.store.transaction() as db:
        first, second = practice.list_groups(db, 1)
        db.execute("UPDATE groups SET name = 'Rīga' WHERE id = ?", (first.id,))
        practice.delete_group(db, second.id)
        practice.add_group(db, 1, "Reserve", [karlis, anna])
        db.execute("DELETE FROM group_people WHERE group_id = ? AND person_id = ?", (first.id, elena))
    scene.ask()
    scene.sync()
    assert known(scene) == {"Towns/Rīga": {"karlis"}, "/Reserve": {"karlis", "anna"}}


def test_many_groups_are_read_page_by_page(scene: Scene) -> None:
    with scene.lms.lms.store.transaction() as db:
        for number in range(60):
            practice.add_group(db, 1, f"Group {number}")
    where = addresses(scene)
    found = groups.read(scene.services(), Addresses(f"{where.groups}?limit=25", f"{where.sets}?limit=1"))
    assert len(found) == 62
    assert {one.set_name for one in found} == {"Towns", ""}
    assert len([call for call in scene.calls() if call.what.endswith("/groups")]) == 3


@pytest.mark.parametrize("kind", ["500", "403", "drop"])
def test_a_fault_of_the_groups_keeps_nobody_from_the_list(scene: Scene, kind: str) -> None:
    scene.sync()
    before = known(scene)
    scene.lms.fail("groups", kind)
    scene.ask()
    scene.sync()
    assert scene.state().problem is None
    assert known(scene) == before
    assert len(scene.here()) == 5


def test_without_permission_nothing_is_told_and_the_list_is_read(scene: Scene) -> None:
    allow(scene, allowed=False)
    scene.sync()
    assert known(scene) == {}
    assert len(scene.here()) == 5


def test_a_platform_without_groups_is_not_asked_for_any(scene: Scene) -> None:
    with writing(scene.wiring.engine) as conn:
        store.offered(conn, scene.course, None)
    scene.sync()
    assert len(scene.here()) == 5
    assert [call.what for call in scene.calls() if "group" in call.what] == []


ASKED = {
    "issuer": "https://lms.example",
    "auth_url": "https://lms.example/auth",
    "token_url": "https://lms.example/token",
    "jwks_url": "https://lms.example/jwks",
    "registration_url": "https://lms.example/register",
    "product": "",
    "version": "",
    "audience": None,
    "messages": (),
}


@pytest.mark.parametrize(
    ("offered", "asks"), [((*SCOPES, SCOPE_GROUPS), True), (SCOPES, False), ((), False)], ids=["yes", "no", "untold"]
)
def test_the_scope_is_asked_of_those_who_have_it(offered: tuple[str, ...], asks: bool) -> None:
    asked = registration_request(Configuration(scopes=offered, **ASKED), "https://tool.example", "")  # type: ignore[arg-type]
    assert (SCOPE_GROUPS in asked["scope"].split()) is asks
    assert SCOPE_GROUPS not in canvas_configuration("https://tool.example")["scopes"]


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(max_size=5),
            st.dictionaries(st.sampled_from(["group_id", "x"]), st.one_of(st.none(), st.integers(), st.text())),
        )
    )
)
def test_enrolments_of_any_shape_are_read(enrolments: list[object]) -> None:
    told = membership.read({"user_id": "7", "roles": ["Learner"], "group_enrollments": enrolments})
    assert told is not None
    assert told.groups is not None
    assert all(isinstance(one, str) and one for one in told.groups)
    assert len(set(told.groups)) == len(told.groups)


def test_a_member_without_enrolments_says_nothing_of_groups() -> None:
    told = membership.read({"user_id": "7", "roles": ["Learner"]})
    assert told is not None
    assert told.groups is None
