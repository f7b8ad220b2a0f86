"""An LMS that moved goes on under its new name, everything with it; and all of it can be taken back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

import lti_tool.db
import xapi.tables
from lti_tool import anonymity, audit, merging
from lti_tool.choose import store as chosen
from lti_tool.choose.items import Pick
from lti_tool.db import reading, writing
from lti_tool.errors import ToolError
from lti_tool.gradebook import store as grades
from lti_tool.gradebook.marking import marker
from lti_tool.gradebook.pace import pause
from lti_tool.gradebook.score import Score
from lti_tool.gradebook.tokens import access_tokens
from lti_tool.launch import merges, platforms
from lti_tool.launch.claims import SCOPE_SCORE
from lti_tool.launch.platforms import NewPlatform
from lti_tool.people import store as people
from lti_tool.people.joining import Twin, joins
from lti_tool.play import store as places
from tests.conftest import Clock
from xapi import personas
from xapi.access import Principal
from xapi.recording import record
from xapi.statement import actor_key
from xapi.vocabulary import VERBS
from xapi.writer import Writer

OLD, NEW = "https://moodle.example.lv", "https://learn.example.lv"
M01 = "tag:biblio-project.eu,2022:module/M01"
WHY = "the site has a new name"


def at(home: str, user: str) -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": home, "name": user}}


@dataclass
class Move:
    """Two platforms, of which the first has a course with a graded module, and people."""

    engine: sa.Engine
    clock: Clock
    old: int = 0
    new: int = 0
    course: int = 0
    item: int = 0
    issuers: dict[int, str] = field(default_factory=dict)

    def write(self) -> Any:
        return writing(self.engine)

    def register(self, home: str, client: str = "client") -> int:
        with self.write() as conn:
            told = NewPlatform("LMS", home, client, f"{home}/auth", f"{home}/token", f"{home}/jwks", ("1",))
            number = platforms.add(conn, told, "approved", self.clock())
        assert number is not None
        self.issuers[number] = home
        return number

    def launch(self, platform: int, user: str, context: str = "7", link: str = "l1", role: Any = "learner") -> int:
        """What the launch of an activity leaves behind; the id of its gradebook column."""
        now, home = self.clock(), self.issuers[platform]
        with self.write() as conn:
            people.arrive(conn, at(home, user), now, name=f"Name of {user}", email=f"{user}@example.lv")
            course = people.course(conn, platform, context, now, title="Library", label="B1").id
            people.join_course(conn, course, at(home, user), user, role, now)
            item = grades.place(
                conn,
                platform_id=platform,
                course_id=course,
                link_id=link,
                activity=M01,
                label="M01",
                url=f"{home}/item/{link}",
                items_url=f"{home}/items",
                scopes=[SCOPE_SCORE],
                now=now,
            )
            if role == "learner":
                grades.mark_new(conn, item, user, actor_key(at(home, user)), now)
        return item

    def sent(self, item: int, user: str, given: int) -> None:
        """The worker has sent this grade, and the platform took it."""
        now = self.clock()
        with self.write() as conn:
            rows = [row for row in grades.claim(conn, "w", now, 50) if (row.item.id, row.user_id) == (item, user)]
            score = Score(Decimal(given), Decimal(100), True, now)
            assert grades.plan(conn, [(row, score) for row in rows], "w", now)
            grades.settle(conn, [grades.done(row, "sent") for row in rows], "w", now)

    def row(self, platform: int, user: str, link: str = "l1") -> grades.Delivery:
        with reading(self.engine) as conn:
            found = grades.select(
                conn, sa.and_(grades.line_items.c.platform_id == platform, grades.line_items.c.link_id == link)
            )
        (row,) = [one for one in found if one.user_id == user]
        return row

    def person(self, platform: int, user: str) -> str | None:
        with reading(self.engine) as conn:
            return personas.find_persona(conn, at(self.issuers[platform], user))

    def merge(self) -> merges.Merge:
        with self.write() as conn:
            return merging.merge(conn, self.old, self.new, "admin", WHY, self.clock())

    def undo(self, number: int) -> Any:
        with self.write() as conn:
            return merging.undo(conn, number, "admin", "it was another site", self.clock())

    def plan(self) -> merging.Plan:
        with reading(self.engine) as conn:
            return merging.plan(conn, self.old, self.new)

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of the tool, but for what is told of merges themselves and what belongs to a connection alone."""
        apart = {"platform_merges", "admin_acts", "journal_entries", "access_tokens", "platform_pace", "platform_slots"}
        with reading(self.engine) as conn:
            found = {
                table.name: sorted((tuple(row) for row in conn.execute(sa.select(table))), key=str)
                for table in lti_tool.db.metadata.sorted_tables
                if table.name not in apart | {"logins"}
            }
            people_of = conn.execute(
                sa.select(xapi.tables.persona_actors.c.key, xapi.tables.personas.c.root).join(xapi.tables.personas)
            )
            homes = tuple(f"account:{self.issuers[self.new]}|")
            found["who is who"] = sorted(tuple(row) for row in people_of if not row.key.startswith(homes))
        return found


@pytest.fixture
def move(engine: sa.Engine, clock: Clock) -> Iterator[Move]:
    made = Move(engine, clock)
    made.old, made.new = made.register(OLD), made.register(NEW)
    made.item = made.launch(made.old, "anna")
    made.launch(made.old, "teacher", role="instructor")
    made.launch(made.old, "karlis")
    with made.write() as conn:
        course = people.course(conn, made.old, "7", clock(), title="Library", label="B1").id
        made.course = course
        people.enrol(conn, at(OLD, "anna"), "CECO", "v1", clock())
        people.choose_content(conn, made.old, "l9", "module/M02", "CECO", "teacher", clock())
        chosen.remember(conn, course, [Pick("module/M01", "CECO")], clock())
        conn.execute(access_tokens.insert().values(platform_id=made.old, scopes="s", token="t", expires_at=clock()))
        pause(conn, made.old, clock(), "GRADE-UNREACHABLE", "gone", clock())
        key = actor_key(at(OLD, "anna"))
        places.hold(conn, key, "M01", str(uuid4()), clock())
        places.change(conn, key, "M01", {"place": "quiz", "seen": ["one"]})
    made.sent(made.item, "anna", 85)
    clock.forward(minutes=5)
    yield made


def test_names_that_the_lms_told_under_its_old_address_are_blanked_with_those_of_the_new(move: Move) -> None:
    def names() -> set[str]:
        with reading(move.engine) as conn:
            return {name for name in conn.scalars(sa.select(people.accounts.c.name)) if name}

    move.merge()
    assert "Name of anna" in names()
    with move.write() as conn:
        assert anonymity.switch(conn, move.new, True, "admin", "a contract says so", move.clock()) >= 3
    assert names() == set()


def test_the_dry_run_tells_what_will_happen_and_does_nothing(move: Move) -> None:
    before = move.everything()
    told = move.plan()
    assert (told.people, told.joined, told.already, told.clashes) == (3, 3, 0, ())
    assert (told.courses, told.shared_courses, told.waiting) == (1, 0, 1)
    assert move.everything() == before


def test_after_a_merge_everything_is_reached_from_the_new_platform(move: Move, clock: Clock) -> None:
    merge = move.merge()
    assert merge.counts["people"] == merge.counts["joined"] == 3
    assert move.person(move.new, "anna") == move.person(move.old, "anna") is not None
    with reading(move.engine) as conn:
        course = conn.scalar(sa.select(people.courses.c.id).where(people.courses.c.platform_id == move.new))
        assert course is not None
        members = {one.user_id: one for one in people.members_of(conn, course)}
        assert {user: one.role for user, one in members.items()} == {
            "anna": "learner",
            "karlis": "learner",
            "teacher": "instructor",
        }
        assert members["anna"].account.name == "Name of anna"
        assert members["anna"].account.actor["account"]["homePage"] == NEW
        assert all(one.left_at for one in people.members_of(conn, move.course))
        keys = people.keys_here(conn, at(NEW, "anna"))
        assert [one.version for one in people.enrolments_of(conn, keys)] == ["v1"]
        assert people.link_content(conn, move.new, "l9") == ("module/M02", "CECO")
        assert chosen.known(conn, course).chosen.keys() == {Pick("module/M01", "CECO")}
        place = places.progress_of(conn, actor_key(at(NEW, "anna")), "M01")
        assert place is not None and (place.place, place.seen) == ("quiz", ("one",))
        assert platforms.get(conn, move.old).status == "disabled"  # type: ignore[union-attr]  # it is there
        assert conn.scalar(sa.select(sa.func.count()).select_from(access_tokens)) == 0
        (act,) = audit.acts(conn)
        assert (act.kind, act.by, act.why, act.at) == ("platform_merged", "admin", WHY, clock())
    assert move.launch(move.new, "anna") == move.row(move.new, "anna").item.id, "the column is met again, not made anew"


def test_no_grade_is_sent_twice_and_none_is_lost(move: Move, clock: Clock) -> None:
    """Anna's was sent and stays so. Karlis' waits: for his column, and then it is due at once."""
    principal = Principal(authority={"account": {"homePage": "x:y", "name": "lti-tool"}}, scopes=frozenset({"all"}))
    move.merge()
    anna, karlis = move.row(move.new, "anna"), move.row(move.new, "karlis")
    assert (anna.state, anna.last and anna.last.given, anna.confirmed) == ("sent", 85, True)
    assert (karlis.state, karlis.item.url, karlis.item.scopes) == ("waiting", None, frozenset())
    assert move.row(move.old, "karlis").state == "none"
    with move.write() as conn:
        assert [row.user_id for row in grades.claim(conn, "w", clock(), 50)] == ["karlis"]
        (due,) = grades.select(conn, grades.deliveries.c.leased_by == "w")
        later = clock() + grades.MOVED_WAIT
        grades.settle(conn, [grades.later(due, grades.MOVED, "", later, blamed=False)], "w", clock())
        assert grades.claim(conn, "w", clock(), 50) == []
    move.launch(move.new, "karlis")
    with move.write() as conn:
        (due,) = grades.claim(conn, "w", clock(), 50)
        assert (due.user_id, due.item.url) == ("karlis", f"{NEW}/item/l1")
        grades.settle(conn, [grades.done(due, "none")], "w", clock())
    # What is recorded from now on, even under the old account, is for the new platform alone.
    said = {"actor": at(OLD, "anna"), "verb": {"id": VERBS["passed"]}, "object": {"id": M01}}
    record(Writer(move.engine), principal, [said], marker(clock), clock())
    assert (move.row(move.new, "anna").state, move.row(move.old, "anna").state) == ("waiting", "sent")


def test_taking_it_back_leaves_everything_as_it_was(move: Move, clock: Clock) -> None:
    before = move.everything()
    merge = move.merge()
    assert move.everything() != before
    clock.forward(hours=1)
    done = move.undo(merge.id)
    assert done.stayed == 0
    assert move.everything() == before
    assert move.person(move.new, "anna") != move.person(move.old, "anna")
    with reading(move.engine) as conn:
        assert [act.kind for act in audit.acts(conn)] == ["platform_merge_undone", "platform_merged"]
        found = merges.get(conn, merge.id)
        assert found is not None and (found.undone_at, found.undone_by) == (clock(), "admin")
    with pytest.raises(ToolError, match="PLATFORM-MERGE-UNDONE"):
        move.undo(merge.id)
    again = move.merge()
    assert again.counts == merge.counts


def test_what_came_since_stays_with_the_new_platform_when_it_is_taken_back(move: Move, clock: Clock) -> None:
    before = move.everything()
    merge = move.merge()
    clock.forward(hours=1)
    item = move.launch(move.new, "karlis")
    move.launch(move.new, "nora")
    move.sent(item, "karlis", 40)
    clock.forward(hours=1)
    done = move.undo(merge.id)
    assert done.stayed > 0
    after = move.everything()
    old_rows = {name: [row for row in rows if row in before[name]] for name, rows in after.items()}
    assert old_rows == before, "the old platform has all that it had"
    assert move.row(move.new, "karlis").state == "sent"
    with reading(move.engine) as conn:
        course = conn.scalar(sa.select(people.courses.c.id).where(people.courses.c.platform_id == move.new))
        assert course is not None
        assert {one.user_id for one in people.members_of(conn, course)} == {"karlis", "nora"}
    assert move.person(move.new, "karlis") != move.person(move.old, "karlis")


def test_people_who_came_from_both_keep_what_they_did_on_both(move: Move, clock: Clock) -> None:
    item = move.launch(move.new, "anna")
    move.sent(item, "anna", 30)
    with move.write() as conn:
        people.choose_content(conn, move.new, "l9", "module/M05", "CECO", "teacher", clock())
        key = actor_key(at(NEW, "anna"))
        places.hold(conn, key, "M01", str(uuid4()), clock())
    before = move.everything()
    told = move.plan()
    assert (told.joined, told.shared_courses) == (3, 1)
    merge = move.merge()
    assert merge.counts["new_courses"] == 0
    anna = move.row(move.new, "anna")
    assert (anna.state, anna.last and anna.last.given) == ("waiting", 30), "both records together may be worth more"
    with reading(move.engine) as conn:
        assert people.link_content(conn, move.new, "l9") == ("module/M05", "CECO"), "the newer choice stays"
        place = places.progress_of(conn, actor_key(at(NEW, "anna")), "M01")
        assert place is not None and place.place == ""
    move.undo(merge.id)
    assert move.everything() == before


def test_whom_somebody_joined_already_are_left_joined_by_the_way_back(move: Move, clock: Clock) -> None:
    move.launch(move.new, "anna")
    one, other = move.person(move.old, "anna"), move.person(move.new, "anna")
    assert one and other
    with move.write() as conn:
        personas.join(conn, other, one, "coordinator", clock())
    told = move.plan()
    assert (told.already, told.joined) == (1, 2)
    merge = move.merge()
    move.undo(merge.id)
    assert move.person(move.old, "anna") == move.person(move.new, "anna") == other
    assert move.person(move.old, "karlis") != move.person(move.new, "karlis")


def test_two_people_of_the_old_lms_are_never_made_one(move: Move, clock: Clock) -> None:
    """Somebody has joined anna's old account with the new account that is karlis' by its number."""
    move.launch(move.new, "karlis")
    one, other = move.person(move.old, "anna"), move.person(move.new, "karlis")
    assert one and other
    with move.write() as conn:
        personas.join(conn, one, other, "coordinator", clock())
    assert move.plan().clashes == (("anna", "karlis"),)
    merge = move.merge()
    assert merge.counts["clashes"] == 1
    assert move.person(move.old, "anna") != move.person(move.old, "karlis")
    assert move.person(move.old, "teacher") == move.person(move.new, "teacher")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("old", "old", "PLATFORM-SAME"),
        ("none", "new", "PLATFORM-UNKNOWN"),
        ("old", "none", "PLATFORM-UNKNOWN"),
        ("old", "off", "PLATFORM-NOT-APPROVED"),
    ],
)
def test_what_makes_no_sense_is_refused(move: Move, clock: Clock, old: str, new: str, code: str) -> None:
    off = move.register("https://off.example")
    with move.write() as conn:
        platforms.set_status(conn, off, "pending", clock())
    numbers = {"old": move.old, "new": move.new, "off": off, "none": 999}
    before = move.everything()
    with pytest.raises(ToolError, match=code), move.write() as conn:
        merging.merge(conn, numbers[old], numbers[new], "admin", WHY, clock())
    assert move.everything() == before


def test_who_comes_new_after_a_merge_begins_where_the_old_lms_said_unless_the_new_one_says_other(
    move: Move, clock: Clock
) -> None:
    def at(*said: str | None) -> str | None:
        with move.write() as conn:
            for number, one in zip((move.old, move.new), said, strict=False):
                platforms.set_institution(conn, number, one, clock())
            found = platforms.get(conn, move.new)
        return found.institution if found else None

    at("LV-KISC", None)
    merge = move.merge()
    assert at() == "LV-KISC"
    move.undo(merge.id)
    assert at() is None
    at("LV-KISC", "EL-HOU")
    move.merge()
    assert at() == "EL-HOU"


def test_a_merged_platform_is_merged_or_approved_no_more_until_that_is_taken_back(move: Move, clock: Clock) -> None:
    from lti_tool.admin.store import set_status

    third = move.register("https://third.example")
    first = move.merge()
    for act in (
        lambda conn: merging.merge(conn, move.old, third, "admin", WHY, clock()),
        lambda conn: merging.merge(conn, move.new, move.old, "admin", WHY, clock()),
        lambda conn: set_status(conn, move.old, "approved", clock()),
    ):
        with pytest.raises(ToolError, match="PLATFORM-MERGED"), move.write() as conn:
            act(conn)
    with move.write() as conn:
        second = merging.merge(conn, move.new, third, "admin", WHY, clock())
    with pytest.raises(ToolError, match="PLATFORM-MERGED"):
        move.undo(first.id)
    move.undo(second.id)
    assert move.undo(first.id).stayed == 0


def test_a_second_registration_of_the_same_lms_takes_the_courses_over(engine: sa.Engine, clock: Clock) -> None:
    move = Move(engine, clock)
    move.old, move.new = move.register(OLD, "a"), move.register(OLD, "b")
    move.launch(move.old, "anna")
    before = move.everything()
    merge = move.merge()
    assert (merge.counts["joined"], merge.counts["members"], merge.counts["grades"]) == (0, 1, 1)
    assert move.row(move.new, "anna").state == "waiting"
    move.undo(merge.id)
    assert move.everything() == before


def test_of_an_issuer_that_many_share_only_the_platforms_own_people_are_joined(move: Move) -> None:
    move.register(OLD, "another customer")
    with move.write() as conn:
        people.arrive(conn, at(OLD, "stranger"), move.clock())
    assert move.plan().people == 3


def test_a_score_that_was_on_its_way_is_repeated_as_it_was_and_the_late_answer_changes_nothing(
    move: Move, clock: Clock
) -> None:
    now = clock()
    score = Score(Decimal(50), Decimal(100), True, now)
    with move.write() as conn:
        (row,) = grades.claim(conn, "slow worker", now, 50)
        assert grades.plan(conn, [(row, score)], "slow worker", now)
    move.merge()
    moved = move.row(move.new, "karlis")
    assert (moved.state, moved.last, moved.confirmed) == ("waiting", score, False)
    before = move.row(move.old, "karlis")
    with move.write() as conn:
        grades.settle(conn, [grades.later(row, "GRADE-UNREACHABLE", "", now, blamed=True)], "slow worker", now)
    assert move.row(move.old, "karlis") == before


def test_a_statement_that_is_stored_while_platforms_are_merged_marks_the_grade_that_counts(
    move: Move, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has found out which courses to mark, and marks only after the merge has begun: the merge waits for it."""
    principal = Principal(authority={"account": {"homePage": "x:y", "name": "lti-tool"}}, scopes=frozenset({"all"}))
    knows, merged = threading.Event(), threading.Event()
    problems: list[Exception] = []
    mark = grades.mark

    def slowly(*given: Any) -> None:
        knows.set()
        for _look in range(600):
            if merged.wait(0.05) or somebody_waits(move.engine):
                break
        mark(*given)

    monkeypatch.setattr(grades, "mark", slowly)

    def learn() -> None:
        try:
            said = {"actor": at(OLD, "anna"), "verb": {"id": VERBS["passed"]}, "object": {"id": M01}}
            record(Writer(move.engine), principal, [said], marker(clock), clock())
        except Exception as error:  # noqa: BLE001  # told below
            problems.append(error)

    learner = threading.Thread(target=learn)
    learner.start()
    assert knows.wait(30)
    Writer(move.engine).run(lambda conn: merging.merge(conn, move.old, move.new, "admin", WHY, clock()))
    merged.set()
    learner.join(60)
    assert problems == []
    old, new = move.row(move.old, "anna"), move.row(move.new, "anna")
    assert (old.state, new.state) == ("sent", "waiting")


def somebody_waits(engine: sa.Engine) -> bool:
    """Whether a transaction waits for another one's lock. Who waits for SQLite's can't be seen: taken for granted."""
    if engine.dialect.name == "sqlite":
        return True
    with engine.connect() as conn:
        return bool(conn.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


PEOPLE = st.sampled_from(["p", "q", "r", "s"])


@given(st.lists(st.tuples(PEOPLE, PEOPLE), max_size=6))
def test_joins_make_one_of_nobody_who_was_two(pairs: list[tuple[str, str]]) -> None:
    twins = [Twin(str(n), old, new) for n, (old, new) in enumerate(pairs)]
    told = joins(twins)
    root = {person: person for pair in pairs for person in pair}
    for into, other in told.pairs:
        assert root[other] == other and root[into] == into and into != other
        root = {person: into if one == other else one for person, one in root.items()}
    olds = {one.old for one in twins}
    assert len({root[person] for person in olds}) == len(olds), "old persons stay apart"
    for one in twins:
        assert root[one.old] == root[one.new] or one.user in told.doubtful
        assert one.user not in told.already or one.old == one.new
