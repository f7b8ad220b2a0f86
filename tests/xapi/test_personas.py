"""Actors that are one person."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from tests.xapi.builders import an_id, learner
from xapi import Conflict, NotFound, Writer, personas, reading, tables, writing
from xapi.actors import storage_key
from xapi.database import stored_key

NOW = datetime(2022, 10, 7, 9, 30, tzinfo=UTC)


def test_a_person_is_made_once_and_without_a_name(engine: Engine) -> None:
    with writing(engine) as conn:
        assert personas.find_persona(conn, learner()) is None
        one = personas.persona_of(conn, {**learner(), "name": "Anna"}, NOW)
        assert personas.persona_of(conn, learner(), NOW) == one == personas.find_persona(conn, learner())
        assert personas.actors_of(conn, one) == [learner()]
        assert personas.actors_of(conn, an_id(1)) == []


def test_joined_actors_are_one_person_until_it_is_undone(engine: Engine) -> None:
    with writing(engine) as conn:
        a, b = (personas.persona_of(conn, learner(name), NOW + timedelta(seconds=n)) for n, name in enumerate("ab"))
        made = personas.join(conn, a, b, "coordinator", NOW)
        assert personas.find_persona(conn, learner("b")) == a
        assert personas.persona_of(conn, learner("b"), NOW) == a
        both = [learner("a"), learner("b")]
        assert personas.actors_of_many(conn, [a, b]) == {a: both, b: both}
        assert personas.personas_of(conn, b) == [a, b]
        with pytest.raises(Conflict):
            personas.join(conn, b, a, "again", NOW)
        personas.undo(conn, made, NOW + timedelta(days=1), "coordinator")
        assert personas.actors_of_many(conn, [a, b]) == {a: [learner("a")], b: [learner("b")]}
        with pytest.raises(Conflict):
            personas.undo(conn, made, NOW)
        [told] = personas.joins_of(conn, b)
    assert (told.into, told.other, told.by, told.undone_by) == (a, b, "coordinator", "coordinator")
    assert (told.made, told.undone) == (NOW, NOW + timedelta(days=1))


@pytest.mark.parametrize("undone_first", [0, 1])
def test_joins_are_undone_in_any_order(engine: Engine, undone_first: int) -> None:
    with writing(engine) as conn:
        a, b, c = (personas.persona_of(conn, learner(name), NOW) for name in "abc")
        joins = [personas.join(conn, a, b, "x", NOW), personas.join(conn, c, b, "x", NOW)]
        assert {personas.find_persona(conn, learner(name)) for name in "abc"} == {c}
        personas.undo(conn, joins[undone_first], NOW)
        left = {name: personas.find_persona(conn, learner(name)) for name in "abc"}
        assert left == ({"a": c, "b": b, "c": c} if undone_first == 0 else {"a": a, "b": a, "c": c})
        personas.undo(conn, joins[1 - undone_first], NOW)
        assert [personas.find_persona(conn, learner(name)) for name in "abc"] == [a, b, c]


def test_unknown_ones_are_told(engine: Engine) -> None:
    with writing(engine) as conn:
        a = personas.persona_of(conn, learner(), NOW)
        with pytest.raises(NotFound):
            personas.join(conn, a, an_id(1), "x", NOW)
        with pytest.raises(NotFound):
            personas.undo(conn, an_id(1), NOW)


def test_many_at_once_make_one_person(engine: Engine) -> None:
    writer = Writer(engine)
    found: list[str] = []

    def appear() -> None:
        found.append(writer.run(lambda conn: personas.persona_of(conn, learner(), NOW)))

    threads = [threading.Thread(target=appear) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    with reading(engine) as conn:
        assert personas.personas_of(conn, found[0]) == [found[0]]


def test_changes_tell_that_a_person_has_other_actors_than_before(engine: Engine) -> None:
    """Whoever is joined, or parted, by one or by many, has another number afterwards; nobody else has."""

    def changes(conn: Connection) -> dict[str, int]:
        return {row.id: row.changes for row in conn.execute(sa.select(tables.personas))}

    with writing(engine) as conn:
        one, other, third, alone = (personas.persona_of(conn, learner(name), NOW) for name in "abcd")
        before = changes(conn)
        first = personas.join(conn, other, third, "test", NOW)
        (second,) = personas.join_many(conn, [(one, other)], "test", NOW)
        joined = changes(conn)
        assert joined[one] != before[one] and joined[other] != before[other]
        personas.undo(conn, second, NOW)
        parted = changes(conn)
        assert parted[one] != joined[one] and parted[other] != before[other]
        personas.undo_many(conn, [first], NOW)
        apart = changes(conn)
        assert apart[other] != parted[other] and apart[third] != before[third]
        assert apart[one] == parted[one] and apart[alone] == before[alone]


def test_a_key_is_stored_in_sql_as_it_is_in_python(engine: Engine) -> None:
    with reading(engine) as conn:
        for text in ("account:https://lms.example|7", "ā" * 125, "ā" * 125 + "b", "x" * 251, ""):
            assert conn.scalar(sa.select(stored_key(sa.literal(text)))) == storage_key(text)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=5), st.sets(st.integers(0, 5), max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_many_joins_and_their_undoing_are_those_made_one_by_one(
    sqlite_engine: Engine, before: list[tuple[int, int]], others: set[int]
) -> None:
    """Whatever was joined before and after: the same people are one, and are two again."""
    with writing(sqlite_engine) as conn:
        actors = [
            {"objectType": "Agent", "account": {"homePage": "https://x.example", "name": str(uuid4())}}
            for _n in range(7)
        ]
        ids = [personas.persona_of(conn, actor, NOW) for actor in actors]

        def groups() -> set[frozenset[str]]:
            return {frozenset(personas.personas_of(conn, one)) for one in ids}

        for into, other in before:
            with suppress(Conflict):
                personas.join(conn, ids[into], ids[other], "x", NOW)
        first = groups()
        target = personas.root_of(conn, ids[6])
        pairs = [(target, root) for root in sorted({personas.root_of(conn, ids[n]) for n in others} - {target})]
        made = personas.join_many(conn, pairs, "x", NOW)
        assert len(made) == len(pairs)
        assert {personas.root_of(conn, other) for _into, other in pairs} <= {target}
        joined = groups()
        assert any(frozenset([target, *(other for _into, other in pairs)]) <= group for group in joined)
        assert personas.undo_many(conn, made, NOW, "x") == len(made)
        assert groups() == first
        assert personas.undo_many(conn, made, NOW, "x") == 0


def test_many_joins_are_refused_as_a_whole_where_one_makes_no_sense(sqlite_engine: Engine) -> None:
    with writing(sqlite_engine) as conn:
        actors = [
            {"objectType": "Agent", "account": {"homePage": "https://x.example", "name": str(n)}} for n in range(4)
        ]
        one, two, three, four = (personas.persona_of(conn, actor, NOW) for actor in actors)
        personas.join(conn, one, two, "x", NOW)
        for pairs in ([(one, three), (one, two)], [(one, three), (three, four)], [(one, four), (three, four)]):
            with pytest.raises(Conflict):
                personas.join_many(conn, pairs, "x", NOW)
        assert personas.root_of(conn, three) == three
