"""What is kept for pages over many learners: it says what the judge says, whatever happens and in whatever order."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_tool.db import reading, writing
from lti_tool.ecvet import enrolled, learners, settling, store, summary_rows
from lti_tool.ecvet.summary import judge_version
from lti_tool.ecvet.summary_rows import summaries, summary_units, summary_waits
from lti_tool.errors import Conflict
from lti_tool.people import store as people
from tests.ecvet.test_decisions import decide
from tests.learning import BASE, Place, Somebody
from xapi import personas
from xapi.vocabulary import VERBS

PERFORMED = "http://id.tincanapi.com/verb/performed-offline"


def settle(place: Place) -> None:
    """Everything that can be known is known."""
    for _round in range(20):
        if settling.settle(place.wiring) == 0:
            return
    raise AssertionError("there is no end of it")


def differences(place: Place) -> tuple[int, int, list[settling.Difference]]:
    compared, waiting, found = 0, 0, []
    for some, late, differ in settling.verify(place.wiring, None, lambda pairs, n: pairs[:n]):
        compared, waiting, found = compared + some, waiting + late, found + differ
    return compared, waiting, found


def stale(place: Place) -> set[str]:
    """Persons who would be judged again now, once the log was read."""
    with writing(place.engine) as conn:
        summary_rows.follow(conn)
    with reading(place.engine) as conn:
        one = enrolled.enrolled()
        where = enrolled.stale(one, place.clock(), judge_version(BASE))
        return set(conn.scalars(sa.select(one.c.person).select_from(enrolled.with_summaries(one)).where(where)))


class Acts:
    """Things that happen to a few learners, drawn by numbers."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.said: list[str] = []
        self.joined: list[str] = []
        self.people = [
            place.learner(name, "CECO", home=f"https://{name}.example") for name in ("anna", "boris", "chloe")
        ]
        self.people.append(place.learner("dita", home="https://dita.example"))
        self.coordinator = place.holder("coordinator")

    def __getitem__(self, number: int) -> Somebody:
        return self.people[number % len(self.people)]

    def passes(self, who: int, what: int) -> None:
        self.said.append(self.place.says(self[who], "passed", f"module/M0{what % 9 + 1}", scaled=0.9))

    def attends(self, who: int, what: int) -> None:
        self.said.append(self.place.says(self[who], "attended", f"unit/BIB-U1/face_to_face/{what}", hours=2))

    def logs(self, who: int, what: int) -> None:
        self.said.append(self.place.says(self[who], PERFORMED, f"unit/CECO-U8/work_based/{what}", by="page", hours=1))

    def demonstrates(self, who: int, _what: int) -> None:
        self.place.demonstrates_u1(self[who])

    def will_pass(self, who: int, what: int) -> None:
        """By a clock that runs ahead."""
        later = self.place.clock() + timedelta(minutes=what % 90 + 1)
        one = {**self.place._statement(self[who], "passed", "module/M01", 0.9), "timestamp": later.isoformat()}
        self.said += self.place._store("lti-tool", [one])

    def voids(self, _who: int, what: int) -> None:
        if self.said:
            target = {"objectType": "StatementRef", "id": self.said[what % len(self.said)]}
            by = {"objectType": "Agent", "account": {"homePage": BASE, "name": "lti-tool"}}
            voiding: dict[str, Any] = {"actor": by, "verb": {"id": VERBS["voided"]}, "object": target}
            self.place._store("lti-tool", [voiding])

    def decides(self, who: int, what: int) -> None:
        kind, result = (
            ("assess", "achieved"),
            ("assess", "not_yet"),
            ("validate", "granted"),
            ("recognise", "granted"),
        )[what % 4]
        with suppress(Conflict, StopIteration):  # out of turn, or in no programme: nothing is written
            decide(self.place, self.coordinator, self[who], kind, result)

    def joins(self, who: int, what: int) -> None:
        with writing(self.place.engine) as conn:
            one, other = (personas.root_of(conn, self[number].person) for number in (who, what))
            if one != other:
                self.joined.append(personas.join(conn, one, other, "test", self.place.clock()))

    def parts(self, _who: int, what: int) -> None:
        if self.joined:
            with writing(self.place.engine) as conn:
                personas.undo(conn, self.joined.pop(what % len(self.joined)), self.place.clock())

    def enrols(self, who: int, what: int) -> None:
        programme = ("CECO", "DIGY")[what % 2]
        with writing(self.place.engine) as conn:
            found = store.get(conn, programme)
            assert found is not None
            people.enrol(conn, self[who].actor, programme, found.version, self.place.clock())

    def leaves(self, who: int, _what: int) -> None:
        with writing(self.place.engine) as conn:
            mine = people.enrolments.c.actor_key == self[who].key
            conn.execute(people.enrolments.update().where(mine).values(left_at=self.place.clock()))

    def moves(self, who: int, what: int) -> None:
        """To a version that was never imported (then the current one counts), or back."""
        with writing(self.place.engine) as conn:
            found = store.get(conn, "CECO")
            assert found is not None
            mine = sa.and_(people.enrolments.c.actor_key == self[who].key, people.enrolments.c.programme == "CECO")
            version = (found.version, "000000000000")[what % 2]
            conn.execute(people.enrolments.update().where(mine).values(version=version))

    def waits(self, _who: int, what: int) -> None:
        self.place.clock.forward(minutes=what % 60)

    def looks(self, _who: int, _what: int) -> None:
        settling.settle(self.place.wiring, 10)


ACTS = sorted(name for name in vars(Acts) if not name.startswith("_"))
# What is forgotten shows only where it was judged before: so they look often, and what shows much happens more.
ACTS += ["looks"] * 8 + ["demonstrates", "voids", "joins", "parts", "waits"] * 2


def clear(place: Place) -> None:
    with writing(place.engine) as conn:
        for table in (summary_units, summary_waits, summaries, summary_rows.summary_cursor):
            conn.execute(table.delete())
        conn.execute(people.enrolments.delete())


def test_what_is_kept_and_the_judge_always_agree_after_settling(place: Place) -> None:
    """Random acts in random order; in between some summaries are judged, so that marks meet judgements."""

    @settings(max_examples=6, database=None, derandomize=True)
    @given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 99), st.integers(0, 99)), min_size=8, max_size=16))
    def run(acts: list[tuple[str, int, int]]) -> None:
        clear(place)
        it = Acts(place)
        settle(place)
        for name, who, what in acts:
            getattr(it, name)(who, what)
            if name == "looks":
                _compared, _waiting, differ = differences(place)
                assert not differ, (acts, differ)
        settle(place)
        compared, waiting, differ = differences(place)
        assert (waiting, differ) == (0, []) and compared > 0

    run()


def test_each_thing_that_changes_a_judgement_makes_just_that_learner_stale(place: Place) -> None:
    it = Acts(place)
    settle(place)
    anna, boris = it.people[0], it.people[1]
    assert stale(place) == set()
    it.passes(0, 0)
    assert stale(place) == {anna.person}
    settle(place)
    it.voids(0, 0)
    assert stale(place) == {anna.person}, "the statement that voids is about somebody else"
    settle(place)
    it.demonstrates(1, 0)
    settle(place)
    it.decides(1, 0)
    assert stale(place) == {boris.person}
    settle(place)
    it.joins(0, 3)
    assert stale(place) == {anna.person}
    settle(place)
    it.parts(0, 0)
    assert stale(place) == {anna.person}
    settle(place)
    it.moves(2, 1)
    assert stale(place) == set(), "the version that is judged is the same"
    it.will_pass(2, 59)
    settle(place)
    assert stale(place) == set()
    place.clock.forward(hours=1)
    assert stale(place) == {it.people[2].person}


def test_a_new_import_makes_everybody_of_the_programme_stale(place: Place) -> None:
    """Those on the current version are judged by it; the others may have awards that name a version known since."""
    it = Acts(place)
    it.moves(0, 1)
    settle(place)
    with writing(place.engine) as conn:
        row = conn.execute(sa.select(store.programmes).where(store.programmes.c.id == "CECO")).one()
        texts = {name: text.replace("version:", "version:") + "\n" for name, text in row.texts.items()}
        values = {**row._mapping, "version": "111111111111", "texts": texts}
        conn.execute(store.programmes.update().where(store.programmes.c.id == "CECO").values(current=False))
        conn.execute(store.programmes.insert().values(**values))
    assert stale(place) == {one.person for one in it.people[:-1]}  # Dita is in none


def test_what_happens_while_one_is_judged_is_never_lost(place: Place) -> None:
    it = Acts(place)
    anna = it.people[0]
    settle(place)
    it.passes(0, 0)
    with writing(place.engine) as conn:
        summary_rows.follow(conn)
    with reading(place.engine) as conn:
        (was,) = settling.judged(conn, [(anna.person, "CECO")], place.clock(), BASE)
    it.passes(0, 1)  # the judge has not heard of this
    with writing(place.engine) as conn:
        summary_rows.follow(conn)
        assert summary_rows.save(conn, *was.pair, was.summary, was.basis)
    assert stale(place) == {anna.person}
    settle(place)
    with writing(place.engine) as conn:  # and what was judged earlier never replaces what was judged later
        assert not summary_rows.save(conn, *was.pair, was.summary, was.basis)
    assert differences(place) == (3, 0, [])


def test_two_who_settle_at_once_take_different_learners_until_the_lease_is_over(place: Place) -> None:
    Acts(place)
    now, judge = place.clock(), judge_version(BASE)
    with writing(place.engine) as conn:
        summary_rows.follow(conn)
        first = settling._stale(conn, now, judge, 2)
        summary_rows.make(conn, first)
        summary_rows.claim(conn, first, now)
        second = settling._stale(conn, now, judge, 10)
    assert len(first) == 2 and len(second) == 1 and not set(first) & set(second)
    place.clock.forward(seconds=61)
    settle(place)
    assert differences(place) == (3, 0, [])


def test_planted_differences_are_found(place: Place) -> None:
    it = Acts(place)
    it.demonstrates(0, 0)
    settle(place)
    with writing(place.engine) as conn:
        mine = summary_units.c.person == it.people[0].person
        conn.execute(summary_units.update().where(mine, summary_units.c.unit == "BIB-U1").values(state="validated"))
    _compared, _waiting, (found,) = differences(place)
    assert found.kept is not None
    assert dict(found.kept.states)["BIB-U1"] == "validated"
    assert dict(found.judged.states)["BIB-U1"] == "demonstrated"
    with writing(place.engine) as conn:
        conn.execute(summary_waits.delete())
    (found,) = differences(place)[2]
    assert found.kept is not None and replace(found.kept, states=()) != replace(found.judged, states=())


def test_the_question_to_the_database_gives_what_the_list_of_learners_gives(place: Place) -> None:
    it = Acts(place)
    long = place.learner("x" * 300, "CECO", institution="LV-KISC")
    it.joins(0, 1)
    it.enrols(2, 1)
    it.leaves(2, 0)
    it.moves(0, 1)
    with reading(place.engine) as conn:
        for programme in ("CECO", "DIGY"):
            one = enrolled.enrolled(programme)
            found = {(row.person, row.institution, row.since) for row in conn.execute(sa.select(one))}
            wanted = learners.enrolled(conn, programme)
            assert found == {(learner.person, its.institution, its.since) for learner, its in wanted}
    assert long.person in {person for person, _institution, _since in found} or programme == "DIGY"


def test_nothing_is_kept_about_who_has_left(place: Place) -> None:
    it = Acts(place)
    settle(place)
    it.leaves(0, 0)
    it.joins(1, 2)
    with writing(place.engine) as conn:
        assert settling.tidy(conn) == 2
        assert set(conn.scalars(sa.select(summaries.c.person))) == {personas.root_of(conn, it.people[1].person)}


def test_the_planner_learns_how_much_is_kept(place: Place) -> None:
    """Without that, and without autovacuum, a list over thousands of learners took minutes."""
    anna = place.learner("Anna", "CECO")
    settle(place)
    with writing(place.engine) as conn:
        assert not summary_rows.measure(conn), "a few rows need no plan"
        row = dict(conn.execute(sa.select(summaries).where(summaries.c.person == anna.person)).one()._mapping)
        many = [{**row, "person": f"p{number}"} for number in range(summary_rows.FEW + 1)]
        conn.execute(summaries.insert(), many)
    with writing(place.engine) as conn:
        assert summary_rows.measure(conn) == (place.engine.dialect.name == "postgresql")
    with writing(place.engine) as conn:
        assert not summary_rows.measure(conn), "it knows by now"
