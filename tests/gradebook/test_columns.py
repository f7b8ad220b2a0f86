"""Columns of the LMS: found again, made once, renamed; against the practice LMS."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from lti_tool.db import reading, writing
from lti_tool.ecvet import load
from lti_tool.ecvet import store as programmes
from lti_tool.ecvet.terms import Text
from lti_tool.gradebook import columns, store
from lti_tool.gradebook.ags import Gradebook
from lti_tool.gradebook.titles import renamed, title_of
from lti_tool.gradebook.upkeep import Upkeep
from lti_tool.launch import platforms
from lti_tool.launch.claims import SCOPE_LINE_ITEM_READ, SCOPE_RESULT, SCOPE_SCORE
from tests.conftest import unwritable
from tests.gradebook.grade_scene import M01, Scene, grade_scene

ROOT = Path(__file__).parents[2]


class Thing:
    """A module in some version."""

    def __init__(self, **titles: str) -> None:
        self.id = "M01"
        self.title = Text(titles)


@pytest.fixture
def scene(engine: sa.Engine, tmp_path: Path) -> Iterator[Scene]:
    with grade_scene(engine, tmp_path) as made:
        yield made


def test_of_a_column_that_is_known_nothing_is_written_until_the_lms_tells_news(scene: Scene) -> None:
    """A class that comes at once must not queue for the lock of the column's row."""
    url = scene.lms.column(scene.link)["url"]
    before = known(scene)
    with unwritable(scene.wiring.engine) as conn:
        assert scene.placed(conn, url) == before.id
        assert scene.placed(conn, None, items_url=None) == before.id, "a launch that names no column is no news"
        with pytest.raises(sa.exc.DBAPIError):
            scene.placed(conn, url, label="M01 Meklēšana")
    scene.place(url + "2", resource_id="module/M01")
    scene.place(None)
    assert (known(scene).url, known(scene).resource_id) == (url + "2", "module/M01")


def remove_columns(scene: Scene) -> None:
    with scene.lms.lms.store.transaction() as db:
        db.execute("DELETE FROM line_items")


def columns_of(scene: Scene) -> list[dict[str, Any]]:
    return [one for one in scene.lms.state()["line_items"] if one["resource_link_id"] == scene.link]


def known(scene: Scene) -> store.LineItem:
    with reading(scene.wiring.engine) as conn:
        (item,) = store.items_for(conn, M01, [scene.course])
    return item


def forget(scene: Scene, **values: Any) -> None:
    with writing(scene.wiring.engine) as conn:
        conn.execute(store.line_items.update().values(**values))


def set_product(scene: Scene, product: str) -> None:
    with writing(scene.wiring.engine) as conn:
        conn.execute(platforms.platforms.update().values(product=product))


def book(scene: Scene) -> Gradebook:
    with reading(scene.wiring.engine) as conn:
        registration = platforms.get(conn, scene.platform)
    assert registration is not None
    return Gradebook(scene.wiring, registration, scene.keys.sign)


def test_a_deleted_column_is_made_again_for_the_same_activity(scene: Scene) -> None:
    remove_columns(scene)
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    (column,) = columns_of(scene)
    assert (column["label"], column["resource_id"], column["tag"]) == ("M01", "module/M01", "ecvet")
    assert scene.grade() == 90
    assert scene.row().state == "sent"


def test_learners_who_finish_at_once_get_one_column_by_whatever_worker(scene: Scene) -> None:
    remove_columns(scene)
    logins = ("karlis", "elena", "nikos", "anna")
    for login in logins:
        scene.learner(login)
        scene.say(login, "passed", 0.8)
    workers = [scene.worker(name=f"w{n}") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda worker: worker.run_due(), workers))
    scene.clock.forward(seconds=5)
    scene.deliver()
    assert len(columns_of(scene)) == 1
    assert {login: scene.grade(login) for login in logins} == dict.fromkeys(logins, 80)


def test_two_who_look_at_once_never_make_two(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the claim both would have seen no column before either made one."""
    remove_columns(scene)
    item, both, real = known(scene), threading.Barrier(2), Gradebook.columns

    def slow(self: Gradebook, item: store.LineItem, **wanted: str) -> Any:
        found = real(self, item, **wanted)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return found

    monkeypatch.setattr(Gradebook, "columns", slow)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda name: columns.recover(scene.wiring, book(scene), item, name).kind, ("a", "b")))
    assert sorted(found) == ["busy", "found"]
    assert len(columns_of(scene)) == 1


def test_a_column_that_is_there_under_another_address_is_taken_and_none_is_made(scene: Scene) -> None:
    url = scene.lms.column(scene.link)["url"]
    forget(scene, url=url.replace("/lineitems/", "/lineitems/99"))
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    assert scene.grade() == 90
    assert known(scene).url == url
    assert len(columns_of(scene)) == 1


def test_an_activity_that_is_gone_gets_no_column_and_its_teacher_is_told(scene: Scene) -> None:
    with scene.lms.lms.store.transaction() as db:
        db.execute("DELETE FROM activities")
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    assert (scene.row().state, scene.row().problem) == ("refused", "GRADE-ACTIVITY-GONE")
    assert scene.lms.state()["line_items"] == []


def test_where_columns_may_only_be_read_a_lost_one_is_told(scene: Scene) -> None:
    scene.place(scene.lms.column(scene.link)["url"], scopes=[SCOPE_SCORE, SCOPE_RESULT, SCOPE_LINE_ITEM_READ])
    remove_columns(scene)
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    assert (scene.row().state, scene.row().problem) == ("refused", "GRADE-COLUMN-GONE")
    assert columns_of(scene) == []


def test_a_launch_without_column_makes_one_when_the_first_score_comes(scene: Scene) -> None:
    remove_columns(scene)
    forget(scene, url=None, known_at=None)
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    assert scene.grade() == 90


def test_on_moodle_no_column_is_forced_on_an_activity_that_never_had_one(scene: Scene) -> None:
    set_product(scene, "moodle")
    remove_columns(scene)
    forget(scene, url=None, known_at=None)
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    assert columns_of(scene) == []
    assert (scene.row().state, scene.row().problem) == ("none", "GRADE-NO-COLUMN")


def test_the_column_of_another_activity_with_the_same_module_is_left_alone(scene: Scene) -> None:
    other = scene.lms.graded_activity("M01 again")
    with scene.lms.lms.store.transaction() as db:
        db.execute("UPDATE line_items SET resource_id = 'module/M01', tag = 'ecvet'")
        db.execute("DELETE FROM line_items WHERE activity_id = ?", (scene.link,))
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    assert scene.grade() == 90
    assert scene.lms.grades(other) == {}


def test_where_the_column_is_there_the_404_was_about_the_learner(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Brightspace says "does not exist" of a learner."""
    real = "lti_tool.gradebook.ags.scores_url"
    monkeypatch.setattr(real, lambda url: url.replace("/lineitem?", "/lineitem/nobody?"))
    scene.say("karlis", "passed", 0.9)
    scene.deliver()
    assert (scene.row().state, scene.row().problem) == ("refused", "GRADE-LEARNER")


def test_pages_of_columns_are_followed_without_asking_for_a_limit(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform that pages by itself, as Brightspace does at 200."""
    for number in range(5):
        scene.lms.graded_activity(f"M{number}")
    item = known(scene)
    forget(scene, items_url=f"{item.items_url}&limit=2")
    found = book(scene).columns(known(scene))
    assert len(found) == len({one.url for one in found}) == 6
    asked = [c["address"] for c in requests.get(f"{scene.lms.url}/calls.json", timeout=10).json()]
    assert len([one for one in asked if "/lineitems?" in one]) == 3
    forget(scene, items_url=item.items_url)
    book(scene).columns(known(scene), resource_link_id=scene.link)
    asked = [c["address"] for c in requests.get(f"{scene.lms.url}/calls.json", timeout=10).json()]
    assert "limit" not in asked[0]


def test_the_token_goes_to_no_other_site(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lti_tool.gradebook.links.find", lambda *_asked: "http://127.0.0.1:9/lineitems")
    assert len(book(scene).columns(known(scene))) == 1


OLD, NEW = Thing(en="Searching", lv="Meklēšana"), Thing(en="Finding", lv="Atrašana")


def change(scene: Scene) -> list[columns.Change]:
    return columns.outdated([known(scene)], {M01: NEW}, {M01: [OLD]})


def test_a_renamed_module_renames_its_column_once_and_keeps_all_else(scene: Scene) -> None:
    with scene.lms.lms.store.transaction() as db:
        db.execute(
            "UPDATE line_items SET label = 'M01 Meklēšana', resource_id = 'module/M01', tag = 'ecvet', maximum = 40"
        )
    scene.place(scene.lms.column(scene.link)["url"], label="M01 Meklēšana")
    (wanted,) = change(scene)
    assert columns.bring_up_to_date(scene.wiring, book(scene), wanted, "w")
    (column,) = columns_of(scene)
    assert {name: column[name] for name in ("label", "resource_id", "tag", "maximum")} == {
        "label": "M01 Atrašana",
        "resource_id": "module/M01",
        "tag": "ecvet",
        "maximum": 40,
    }
    assert change(scene) == []
    scene.place(column["url"], label="M01 Meklēšana")  # the activity itself keeps its name in the LMS
    assert change(scene) == []


def test_a_name_that_a_teacher_gave_in_the_gradebook_stays(scene: Scene) -> None:
    scene.place(scene.lms.column(scene.link)["url"], label="M01 Searching")
    (wanted,) = change(scene)
    with scene.lms.lms.store.transaction() as db:
        db.execute("UPDATE line_items SET label = 'Week 1'")
    assert columns.bring_up_to_date(scene.wiring, book(scene), wanted, "w")
    assert columns_of(scene)[0]["label"] == "Week 1"
    assert change(scene) == []


def test_a_new_maximum_is_told(scene: Scene) -> None:
    scene.place(scene.lms.column(scene.link)["url"], maximum=Decimal(50))
    (wanted,) = change(scene)
    assert columns.bring_up_to_date(scene.wiring, book(scene), wanted, "w")
    assert columns_of(scene)[0]["maximum"] == 50
    assert change(scene) == []


@pytest.mark.parametrize(
    ("label", "becomes"),
    [
        pytest.param("M01 Searching", "M01 Finding", id="ours, English"),
        pytest.param("M01 Meklēšana", "M01 Atrašana", id="ours, Latvian"),
        pytest.param("M01 Finding", None, id="new already"),
        pytest.param("Searching, week 1", None, id="the teacher's"),
        pytest.param("", None, id="none"),
    ],
)
def test_only_names_of_ours_are_changed(label: str, becomes: str | None) -> None:
    assert renamed(label, NEW, [OLD]) == becomes
    assert title_of(OLD, "el") == "M01 Searching"


def test_a_new_version_of_a_programme_renames_its_columns_in_the_lms(scene: Scene) -> None:
    name = "ceco.yaml"
    texts = dict(load.texts(ROOT / "config" / "programmes" / name))
    with writing(scene.wiring.engine) as conn:
        title = programmes.import_programme(conn, name, texts, scene.clock()).programme.module("M01")
    assert title is not None
    old = title_of(title, "en")
    with scene.lms.lms.store.transaction() as db:
        db.execute("UPDATE line_items SET label = ?", (old,))
    scene.place(scene.lms.column(scene.link)["url"], label=old)
    upkeep = Upkeep(scene.wiring, scene.keys.sign)
    assert upkeep.run_due() == 0
    words = title.title.in_("en")
    changed = {file: text.replace(words, "Finding what one needs") for file, text in texts.items()}
    assert changed != texts
    with writing(scene.wiring.engine) as conn:
        assert programmes.import_programme(conn, name, changed, scene.clock()).new
    scene.lms.fail("lineitems", "503", seconds=60)
    upkeep.run_due()
    assert columns_of(scene)[0]["label"] == old
    scene.lms.recover()
    scene.clock.forward(minutes=10)
    assert upkeep.run_due() == 1
    assert columns_of(scene)[0]["label"] == "M01 Finding what one needs"
    assert upkeep.run_due() == 0


M02 = "tag:biblio-project.eu,2022:module/M02"


def second(scene: Scene, **more: Any) -> store.LineItem:
    """A launch by the same link opened M02, and named the line item of the link."""
    number = scene.place(
        scene.lms.column(scene.link)["url"], activity=M02, label="M02", resource_id="module/M02", **more
    )
    with reading(scene.wiring.engine) as conn:
        (found,) = store.items_for(conn, M02, [scene.course])
    assert found.id == number
    return found


def test_contents_of_one_link_have_a_column_each_where_the_platform_opens_several(scene: Scene) -> None:
    set_product(scene, "openedx")
    first, other = known(scene), second(scene, several=True)
    assert (first.url, other.url) == (scene.lms.column(scene.link)["url"], None)
    assert columns.recover(scene.wiring, book(scene), other, "w").kind == "found"
    made = second(scene, several=True)
    assert made.url not in (None, first.url)
    assert {one["resource_id"] for one in columns_of(scene)} >= {"module/M02"}
    # An address that leads nowhere any more is found again, each content's own.
    for item in (known(scene), made):
        with writing(scene.wiring.engine) as conn:
            conn.execute(store.line_items.update().where(store.line_items.c.id == item.id).values(url=None))
        lost = replace(item, url=None)
        assert columns.recover(scene.wiring, book(scene), lost, "w").kind == "found"
    with reading(scene.wiring.engine) as conn:
        assert {one.activity: one.url for one in store.columns(conn)} == {M01: first.url, M02: made.url}


def test_a_link_with_new_content_keeps_its_column(scene: Scene) -> None:
    before = known(scene)
    after = second(scene)
    assert (after.id, after.url) == (before.id, before.url)
    with reading(scene.wiring.engine) as conn:
        assert store.items_for(conn, M01, [scene.course]) == []


@pytest.mark.parametrize(
    ("product", "items_url", "several"),
    [
        ("openedx", None, True),
        ("", "https://lms.example/api/lti_consumer/v1/lti/4/lti-ags", True),
        ("", "https://lms.example/api/lti/courses/4/line_items", False),
        ("moodle", "https://lms.example/mod/lti/services.php/2/lineitems", False),
    ],
)
def test_which_platforms_open_several_contents_by_one_link(product: str, items_url: str | None, several: bool) -> None:
    assert columns.opens_several(product, items_url) is several
