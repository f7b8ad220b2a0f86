"""Columns of activities that nobody has opened yet, from the platform's list of columns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lti_tool.db import reading, writing
from lti_tool.ecvet import load
from lti_tool.ecvet import store as programmes
from lti_tool.gradebook.ags import Column, Gradebook, Trouble
from lti_tool.gradebook.answers import Verdict
from lti_tool.gradebook.discovering import unopened
from lti_tool.gradebook.items import of_this_course
from lti_tool.gradebook.roster import Rosters
from lti_tool.gradebook.rows import LineItem, line_items
from lti_tool.people import roster
from lti_tool.people import store as people
from lti_tool.practice.claims import memberships_url
from lti_tool.practice.seed import add_activity
from tests.gradebook.grade_scene import M01, Scene, grade_scene

PROGRAMME = Path(__file__).parents[2] / "config/programmes/ceco.yaml"
M02 = "tag:biblio-project.eu,2022:module/M02"


@pytest.fixture
def scene(engine: sa.Engine, tmp_path: Path) -> Iterator[Scene]:
    with grade_scene(engine, tmp_path, "moodle") as made:
        assert made.lms.tool is not None
        url = memberships_url(made.lms.url, 1, made.lms.tool.id)
        with writing(engine) as conn:
            people.course(conn, made.platform, "1", made.clock(), roster_url=url)
        texts = load.texts(PROGRAMME)
        made.wiring.writer.run(partial(programmes.import_programme, name=PROGRAMME.name, texts=texts, now=made.clock()))
        yield made


def added(scene: Scene, resource: str, tag: str = "ecvet") -> str:
    assert scene.lms.tool is not None
    item = {"scoreMaximum": 100, "resourceId": resource, "tag": tag}
    return str(add_activity(scene.lms.lms, scene.lms.tool, f"Activity {resource}", line_item=item).id)


def sync(scene: Scene) -> None:
    scene.wiring.writer.run(lambda conn: roster.ask(conn, scene.course, scene.clock()))
    assert Rosters(scene.wiring, scene.keys.sign, spread=lambda: 0.0).run_due() == 1


def columns(scene: Scene) -> dict[str, LineItem]:
    with reading(scene.wiring.engine) as conn:
        return {item.link_id: item for item in of_this_course(conn, scene.course)}


def test_what_was_added_and_not_opened_yet_is_known_and_takes_grades(scene: Scene) -> None:
    link = added(scene, "module/M02")
    assert set(columns(scene)) == {scene.link}
    sync(scene)
    found = columns(scene)[link]
    assert (found.activity, found.programme, found.label, found.known) == (M02, None, "Activity module/M02", True)
    assert found.url == scene.lms.column(link)["url"]
    before = columns(scene)
    sync(scene)
    assert columns(scene) == before, "once"


def test_what_is_not_of_a_module_of_ours_is_left_alone(scene: Scene) -> None:
    for resource, tag in (("module/M02", "other"), ("module/X99", "ecvet"), ("unit/BIB-U1", "ecvet"), ("", "ecvet")):
        added(scene, resource, tag)
    sync(scene)
    assert set(columns(scene)) == {scene.link}


def test_a_column_whose_lms_moved_is_known_again_before_it_is_opened(scene: Scene) -> None:
    link = added(scene, "module/M02")
    sync(scene)
    with writing(scene.wiring.engine) as conn:
        moved = {"url": None, "items_url": None, "scopes": []}
        conn.execute(line_items.update().where(line_items.c.link_id == link).values(moved))
    sync(scene)
    assert columns(scene)[link].url == scene.lms.column(link)["url"]
    assert columns(scene)[link].scopes == columns(scene)[scene.link].scopes


def test_a_list_that_cannot_be_had_changes_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    added(scene, "module/M02")

    def away(*_given: object, **_more: object) -> None:
        raise Trouble(Verdict("pause", "GRADE-UNREACHABLE"), "away")

    monkeypatch.setattr(Gradebook, "columns", away)
    sync(scene)
    assert set(columns(scene)) == {scene.link}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"resourceId": "module/M01", "tag": "ecvet", "resourceLinkId": "7"}, [M01]),
        ({"resourceId": "module/M01", "tag": "ecvet", "resourceLinkId": "8"}, []),
        ({"resourceId": "module/M01", "tag": "ecvet"}, []),
        ({"resourceId": "module", "tag": "ecvet", "resourceLinkId": "7"}, []),
        ({"resourceId": None, "tag": "ecvet", "resourceLinkId": "7"}, []),
        ({"tag": None, "resourceLinkId": "7"}, []),
    ],
)
def test_which_columns_are_of_modules_that_nobody_opened(body: dict[str, Any], expected: list[str]) -> None:
    assert [activity for _one, activity in unopened([Column("u", body)], {"8"}, {"M01": M01})] == expected
