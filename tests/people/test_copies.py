"""Hand-chosen content survives the copy of a course: by the history of links, or by the teacher's word."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.arrival import MOST_ANCESTORS, _ancestors
from lti_tool.db import reading, writing
from lti_tool.people import copies, store
from tests.conftest import Clock

M02 = ("module/M02", "CECO")


@pytest.fixture
def original(engine: sa.Engine, clock: Clock) -> store.Course:
    """A course whose teacher chose M02 for the activity "Searching"."""
    with writing(engine) as conn:
        course = store.course(conn, 1, "7", clock(), title="Library 2022")
        store.choose_content(conn, 1, "l1", *M02, "teacher", clock(), course_id=course.id, title="Searching")
    return course


def copied(engine: sa.Engine, clock: Clock, context: str = "8", history: tuple[str, ...] = ("7",)) -> store.Course:
    with writing(engine) as conn:
        return store.course(conn, 1, context, clock(), title="Library 2023", history=history)


def found(
    engine: sa.Engine, clock: Clock, course: store.Course, link: str, title: str, ancestors: tuple[str, ...] = ()
) -> tuple[str, str] | None:
    with writing(engine) as conn:
        fresh = store.course_by_id(conn, course.id)
        return copies.content_of(conn, 1, link, fresh, clock(), title=title, ancestors=ancestors)


def test_by_the_history_of_links_content_is_known_at_once_and_is_the_copys_own(
    engine: sa.Engine, clock: Clock, original: store.Course
) -> None:
    copy = copied(engine, clock)
    assert found(engine, clock, copy, "l5", "Searching", ("l4", "l1")) == M02
    with writing(engine) as conn:
        store.choose_content(conn, 1, "l1", "module/M09", "CECO", "teacher", clock())
        row = conn.execute(sa.select(store.links).where(store.links.c.link_id == "l5")).one()
        assert row.chosen_by == "copy of link l1"
    assert found(engine, clock, copy, "l5", "Searching", ("l1",)) == M02
    with writing(engine) as conn:
        assert copies.content_of(conn, 2, "l5", None, clock(), ancestors=("l1",)) is None, "another LMS's links"


def test_by_title_only_after_the_teacher_said_yes(engine: sa.Engine, clock: Clock, original: store.Course) -> None:
    copy = copied(engine, clock)
    assert found(engine, clock, copy, "l5", "Searching") is None
    with writing(engine) as conn:
        asked = copies.proposal(conn, copy)
        assert asked is not None
        assert (asked.ancestor.id, asked.titles) == (original.id, ("Searching",))
        copies.answer(conn, copy, asked.ancestor.id)
    assert found(engine, clock, copy, "l5", "Searching") == M02
    assert found(engine, clock, copy, "l6", "Something else") is None
    assert found(engine, clock, copy, "l7", "") is None
    with reading(engine) as conn:
        again = store.course_by_id(conn, copy.id)
        assert again is not None and copies.proposal(conn, again) is None, "asked once"


def test_no_is_a_word_too(engine: sa.Engine, clock: Clock, original: store.Course) -> None:
    copy = copied(engine, clock)
    with writing(engine) as conn:
        copies.answer(conn, copy, None)
        again = store.course_by_id(conn, copy.id)
        assert again is not None and copies.proposal(conn, again) is None
    assert found(engine, clock, copy, "l5", "Searching") is None


def test_a_title_that_means_two_things_means_nothing(engine: sa.Engine, clock: Clock, original: store.Course) -> None:
    copy = copied(engine, clock)
    with writing(engine) as conn:
        store.choose_content(
            conn, 1, "l2", "module/M03", "", "teacher", clock(), course_id=original.id, title="Searching"
        )
        copies.answer(conn, copy, original.id)
    assert found(engine, clock, copy, "l5", "Searching") is None


def test_the_nearest_ancestor_with_content_is_proposed_and_of_this_lms_alone(
    engine: sa.Engine, clock: Clock, original: store.Course
) -> None:
    with writing(engine) as conn:
        store.course(conn, 1, "9", clock(), title="without content")
        store.choose_content(conn, 2, "l1", "module/M03", "", "teacher", clock(), course_id=99, title="x")
    copy = copied(engine, clock, "10", ("9", "unknown", "7"))
    with reading(engine) as conn:
        asked = copies.proposal(conn, copy)
        assert asked is not None and asked.ancestor.id == original.id
        assert copies.proposal(conn, original) is None


def test_a_link_learns_its_title_and_course_at_its_next_launch(
    engine: sa.Engine, clock: Clock, original: store.Course
) -> None:
    """What was chosen before titles were kept can be found by title too, once it was opened again."""
    with writing(engine) as conn:
        store.choose_content(conn, 1, "old", "module/M04", "", "teacher", clock())
    assert found(engine, clock, original, "old", "Catalogue") == ("module/M04", "")
    copy = copied(engine, clock)
    with writing(engine) as conn:
        copies.answer(conn, copy, original.id)
    assert found(engine, clock, copy, "new", "Catalogue") == ("module/M04", "")


@pytest.mark.parametrize("literal", ["$ResourceLink.id.history", "$Context.id.history", "", ",", " , "])
def test_a_variable_that_the_lms_does_not_know_is_no_history(literal: str) -> None:
    assert _ancestors(literal, "own") == []


@given(st.text(alphabet="ab, $", max_size=30), st.sampled_from(["a", "b"]), st.none() | st.text(max_size=3))
def test_a_history_names_others_each_once(history: str, own: str, more: str | None) -> None:
    told = _ancestors(history, own, more)
    assert own not in told and "" not in told and len(set(told)) == len(told) <= MOST_ANCESTORS
