"""Statements into the store and out of it, on both databases."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from tests.xapi.builders import (
    MODULE,
    PROGRAMME,
    REGISTRATION,
    an_id,
    full_statement,
    group,
    key_of,
    learner,
    page_of,
    principal,
    reference,
    statement,
    voiding,
)
from xapi import (
    VERBS,
    BadRequest,
    Bounds,
    Conflict,
    Filter,
    Forbidden,
    InvalidStatement,
    Principal,
    add,
    find,
    get,
    get_voided,
    live,
    live_many,
    reading,
    writing,
)
from xapi.definitions import find_definitions
from xapi.store import Added
from xapi.tables import statements as table

NOW = datetime(2022, 10, 7, 9, 30, tzinfo=UTC)


def keep(engine: Engine, *given: dict[str, Any], by: Principal | None = None, now: datetime = NOW) -> Added:
    with writing(engine) as conn:
        return add(conn, by or principal(), given, now)


def ids(engine: Engine, wanted: Filter | None = None, **asked: Any) -> list[int]:
    """The numbers of the statements that are found."""
    with reading(engine) as conn:
        return [int(one["id"][-12:]) for one in find(conn, wanted or Filter(**asked)).statements]


def test_a_statement_comes_back_whole(engine: Engine) -> None:
    added = keep(engine, full_statement())
    with reading(engine) as conn:
        found = get(conn, an_id(7).upper())
    assert added.ids == (an_id(7),)
    assert found == dict(added.stored[0].statement)
    assert found is not None
    assert found["stored"] == "2022-10-07T09:30:00.000000Z"
    assert found["result"] == full_statement()["result"]


def test_the_authority_is_the_principals_whatever_it_claims(engine: Engine) -> None:
    keep(engine, statement(id=1, authority=learner("lti-tool")), by=principal("page", "statements/write"))
    with reading(engine) as conn:
        found = get(conn, an_id(1))
    assert found is not None
    assert found["authority"]["account"] == {"homePage": "https://tool.example", "name": "page"}


def test_twice_is_once(engine: Engine) -> None:
    keep(engine, statement(id=1))
    again = keep(engine, statement(id=1), statement(id=2), now=NOW + timedelta(hours=1))
    assert again.ids == (an_id(1), an_id(2))
    assert [one.id for one in again.stored] == [an_id(2)]
    assert ids(engine) == [2, 1]


def test_another_statement_of_the_same_id_is_refused_and_nothing_of_its_batch_is_kept(engine: Engine) -> None:
    keep(engine, statement(id=1))
    with pytest.raises(Conflict) as caught:
        keep(engine, statement(id=2), statement("passed", id=1))
    assert caught.value.status == 409
    assert ids(engine) == [1]


def test_an_id_twice_in_a_batch_is_refused(engine: Engine) -> None:
    with pytest.raises(BadRequest, match="same id"):
        keep(engine, statement(id=1), {**statement(), "id": an_id(1).upper()})


def test_an_invalid_one_of_a_batch_is_named(engine: Engine) -> None:
    with pytest.raises(InvalidStatement) as caught:
        keep(engine, statement(id=1), {"verb": 1})
    assert caught.value.path == "$[1]"
    assert ids(engine) == []


def test_what_is_nested_too_deep_to_write_is_refused(engine: Engine) -> None:
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    with pytest.raises(InvalidStatement, match="stored"):
        keep(engine, statement(result={"extensions": {"a:b": deep}}))


def test_stored_rises_and_never_repeats_whatever_the_clock_says(engine: Engine) -> None:
    keep(engine, statement(id=1), statement(id=2))
    keep(engine, statement(id=3), now=NOW - timedelta(days=1))
    with reading(engine) as conn:
        stored = list(conn.execute(select(table.c.stored).order_by(table.c.position)).scalars())
    assert stored == [NOW, NOW + timedelta(microseconds=1), NOW + timedelta(microseconds=2)]
    assert ids(engine, since=NOW) == [3, 2]
    assert ids(engine, until=NOW) == [1]
    assert ids(engine, since=NOW, until=NOW + timedelta(microseconds=1)) == [2]
    assert ids(engine, since=NOW + timedelta(days=1)) == []
    assert ids(engine, until=NOW - timedelta(days=1)) == []


def test_filters(engine: Engine) -> None:
    boss = {"mbox": "mailto:boss@example.org"}
    keep(
        engine,
        statement(id=1),
        statement("passed", id=2),
        statement(id=3, who="boris", context={"registration": REGISTRATION, "instructor": boss}),
        statement(id=4, who="boris", what="a:other", context={"contextActivities": {"parent": {"id": MODULE}}}),
        statement(id=5, actor=group("anna", "clara")),
        statement(id=6, who="boris", object=learner("anna")),
        statement(
            id=7,
            who="boris",
            object={"objectType": "SubStatement", **statement(who="anna", what="a:inner")},
            context={"contextAgents": [{"objectType": "contextAgent", "agent": learner("dora")}]},
        ),
        statement(id=8, who="boris", what="a:other", object={"id": PROGRAMME}),
    )
    assert ids(engine, agent=learner("anna")) == [6, 5, 2, 1]
    assert ids(engine, agent=learner("anna"), related_agents=True) == [7, 6, 5, 2, 1]
    assert ids(engine, agent=learner("dora")) == []
    assert ids(engine, agent=learner("dora"), related_agents=True) == [7]
    assert ids(engine, agent=boss, related_agents=True) == [3]
    assert ids(engine, agent=principal().authority, related_agents=True, limit=2) == [8, 7]
    assert ids(engine, activity=MODULE) == [5, 3, 2, 1]
    assert ids(engine, activity=MODULE, related_activities=True) == [5, 4, 3, 2, 1]
    assert ids(engine, activity="a:inner") == []
    assert ids(engine, activity="a:inner", related_activities=True) == [7]
    assert ids(engine, verb=VERBS["passed"]) == [2]
    assert ids(engine, registration=REGISTRATION.upper()) == [3]
    assert ids(engine, agent=learner("anna"), activity=MODULE, verb=VERBS["completed"], ascending=True) == [1, 5]
    assert ids(engine, limit=3) == [8, 7, 6]
    assert ids(engine, limit=2, ascending=True) == [1, 2]


def test_very_long_keys_are_found(engine: Engine) -> None:
    long = "a:" + "ā" * 5000
    keep(engine, statement(id=1, who="x" * 5000, what=long))
    assert ids(engine, activity=long) == [1]
    assert ids(engine, agent=learner("x" * 5000)) == [1]
    with reading(engine) as conn:
        assert len(live(conn, [key_of("x" * 5000)])) == 1
        assert len(live_many(conn, [key_of("x" * 5000)])[key_of("x" * 5000)]) == 1


@pytest.mark.parametrize("ascending", [True, False])
def test_pages_do_not_change_while_statements_arrive(engine: Engine, ascending: bool) -> None:
    keep(engine, *(statement(id=number) for number in range(1, 8)))
    seen: list[int] = []
    cursor: int | None = None
    for arriving in itertools.count(100):
        with reading(engine) as conn:
            page = find(conn, Filter(agent=learner(), limit=3, ascending=ascending, cursor=cursor))
        seen += [int(one["id"][-12:]) for one in page.statements]
        if page.more_cursor is None or arriving > 110:
            break
        cursor = page.more_cursor
        if arriving < 102:
            keep(engine, statement(id=arriving))
    expected = [1, 2, 3, 4, 5, 6, 7, 100, 101] if ascending else [7, 6, 5, 4, 3, 2, 1]
    assert seen == expected


def test_a_voided_statement_is_only_found_as_such(engine: Engine) -> None:
    keep(engine, statement(id=1), statement(id=2))
    added = keep(engine, voiding(1, id=3))
    assert added.stored[0].voided is not None
    assert added.stored[0].voided.id == an_id(1)
    assert added.stored[0].voided.statement["actor"] == learner()
    with reading(engine) as conn:
        assert get(conn, an_id(1)) is None
        voided = get_voided(conn, an_id(1))
        assert voided is not None
        assert voided["id"] == an_id(1)
        assert get_voided(conn, an_id(2)) is None
        assert [one["id"] for one in live(conn, [key_of()])] == [an_id(2)]
    assert ids(engine) == [3, 2]
    # What voids is still found by what it voided (communication part, 2.1.4).
    assert ids(engine, activity=MODULE) == [3, 2]


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])))
@pytest.mark.parametrize("together", [True, False])
def test_voiding_in_any_order(sqlite_engine: Engine, order: tuple[int, ...], together: bool) -> None:
    # 2 voids 1; 3 would void 2, which can't be voided.
    made = {1: statement(id=1), 2: voiding(1, id=2), 3: voiding(2, id=3)}
    if together:
        keep(sqlite_engine, *(made[number] for number in order))
    else:
        for number in order:
            keep(sqlite_engine, made[number])
    assert sorted(ids(sqlite_engine)) == [2, 3]
    with reading(sqlite_engine) as conn:
        assert get_voided(conn, an_id(1)) is not None


def test_a_target_that_comes_later_is_voided(engine: Engine) -> None:
    assert keep(engine, voiding(1, id=2)).stored[0].voided is None
    keep(engine, statement(id=1))
    assert ids(engine) == [2]
    # The same once more changes nothing.
    keep(engine, statement(id=1))
    assert ids(engine) == [2]


def test_only_who_may_do_all_voids_what_others_wrote(engine: Engine) -> None:
    keep(engine, statement("passed", id=1))
    stranger = principal("credential:x", "statements/write")
    with pytest.raises(Forbidden) as caught:
        keep(engine, voiding(1, id=2), by=stranger)
    assert caught.value.status == 403
    # Voided beforehand, by a stranger: that has no effect either.
    keep(engine, voiding(5, id=6), by=stranger)
    keep(engine, statement("passed", id=5))
    assert sorted(ids(engine)) == [1, 5, 6]
    keep(engine, statement(id=7), by=stranger)
    keep(engine, voiding(7, id=8), by=stranger)
    assert sorted(ids(engine)) == [1, 5, 6, 8]


def test_chains_of_references_match_by_their_end(engine: Engine) -> None:
    keep(engine, statement(id=1), now=NOW)
    keep(engine, statement("commented", "boris", id=3, object=reference(2)), now=NOW + timedelta(hours=2))
    keep(engine, statement("commented", "clara", id=2, object=reference(1)), now=NOW + timedelta(hours=3))
    keep(engine, statement("commented", "dora", id=9, object=reference(8)), now=NOW + timedelta(hours=4))
    assert ids(engine, agent=learner("anna")) == [2, 3, 1]
    assert ids(engine, activity=MODULE, ascending=True) == [1, 3, 2]
    assert ids(engine, agent=learner("clara")) == [2, 3]
    assert ids(engine, agent=learner("anna"), verb=VERBS["commented"]) == []
    # since and until look at the referring statement's own time.
    assert ids(engine, agent=learner("anna"), since=NOW + timedelta(hours=1)) == [2, 3]
    assert ids(engine, agent=learner("anna"), until=NOW + timedelta(hours=1)) == [1]
    assert ids(engine, agent=learner("anna"), limit=2) == [2, 3]


def test_references_in_a_circle_come_to_an_end(engine: Engine) -> None:
    keep(engine, statement(id=1, object=reference(2)), statement(id=2, who="boris", object=reference(1)))
    assert ids(engine, agent=learner("anna")) == [2, 1]


def test_live_statements_of_many(engine: Engine) -> None:
    keep(engine, statement(id=1), statement(id=2, who="boris"), statement(id=3), statement(id=4, actor=group("anna")))
    keep(engine, voiding(1, id=5))
    with reading(engine) as conn:
        assert [one["id"] for one in live(conn, [key_of(), key_of("boris")])] == [an_id(2), an_id(3)]
        many = live_many(conn, [key_of(), key_of("boris"), key_of("nobody")])
    assert {key: [one["id"] for one in found] for key, found in many.items()} == {
        key_of(): [an_id(3)],
        key_of("boris"): [an_id(2)],
        key_of("nobody"): [],
    }


def test_a_page_reads_only_its_own(engine: Engine) -> None:
    about = {"context": {"registration": REGISTRATION}}
    keep(engine, statement("answered", id=1, what=f"{MODULE}/p1", **about), by=page_of())
    keep(engine, statement("answered", id=2, who="boris", **about), by=page_of("boris"))
    keep(engine, statement("passed", id=3, **about))
    bounds = Bounds.of(page_of())
    assert ids(engine, bounds=bounds) == [1]
    assert ids(engine, agent=learner("boris"), bounds=bounds) == []
    assert ids(engine, bounds=Bounds.of(page_of(activity="a:else"))) == []
    assert ids(engine, bounds=Bounds.of(page_of(registration=an_id(1)))) == []
    with reading(engine) as conn:
        assert get(conn, an_id(1), bounds) is not None
        assert get(conn, an_id(2), bounds) is None


def test_definitions_are_joined_language_by_language(engine: Engine) -> None:
    def define(**definition: Any) -> dict[str, Any]:
        return statement(object={"id": MODULE, "definition": definition})

    keep(engine, define(name={"en": "Searching", "lv": "Meklēt"}, type="a:old"), define(name={"lv": "Meklēšana"}))
    keep(engine, define(type="a:new"))
    keep(engine, define(name={"en": "Forged"}), by=principal("page", "statements/write"))
    with reading(engine) as conn:
        found = find_definitions(conn, [MODULE, "a:unknown"])
    assert found == {MODULE: {"name": {"en": "Searching", "lv": "Meklēšana"}, "type": "a:new"}}


STATEMENTS = st.lists(
    st.integers(1, 4).flatmap(
        lambda number: st.sampled_from(
            [
                statement(id=number),
                statement("passed", id=number),
                *(voiding(other, id=number) for other in (1, 2, 3)),
            ]
        )
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=STATEMENTS, data=st.data())
def test_any_order_and_any_repeat_ends_alike(sqlite_engine: Engine, first: list[Any], data: st.DataObject) -> None:
    by_id: dict[str, Any] = {}
    for one in first:
        by_id.setdefault(one["id"], one)
    unique = list(by_id.values())
    second = data.draw(st.permutations(unique + unique[:2]))
    ends = []
    for order in (unique, second):
        with sqlite_engine.connect() as conn:
            for number, one in enumerate(order):
                add(conn, principal(), [one], NOW + timedelta(seconds=number))
            rows = conn.execute(select(table.c.id, table.c.voided).order_by(table.c.id)).all()
            ends.append([tuple(row) for row in rows])
            conn.rollback()
    assert ends[0] == ends[1]
