"""Prints what judging costs: one core, a teacher's course page, and a coordinator's pages over many learners.

python -m tests.bench.bench_judge [learners] [postgresql://…]

`learners` is the size of the coordinator's programme (500; 10000 takes a quarter of an hour and 6 GB of disk), each
with 300 statements. It is filled by SQL from one learner's statements, so that filling is not what takes the time.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from lti_tool import db
from lti_tool.db import open_engine, reading, writing
from lti_tool.ecvet import settling
from lti_tool.ecvet.judge import judge
from lti_tool.ecvet.offline import trusted
from lti_tool.ecvet.record import authority
from tests import services
from tests.conftest import Clock
from tests.learning import BASE, IRI, MOODLE, Place, Somebody, _read, open_place
from xapi.access import Principal
from xapi.store import add
from xapi.vocabulary import VERBS

LEARNERS = 500
STATEMENTS = 300
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STEPS = ("initialized", "experienced", "interacted", "answered", "progressed", "terminated")


def whole_way(actor: dict[str, object], count: int = STATEMENTS) -> list[tuple[str, dict[str, object]]]:
    """(authority, statement): a learner goes through all modules again and again, and passes each."""
    programme, _texts = _read("ceco")
    modules = [one.id for one in programme.modules]
    found: list[tuple[str, dict[str, object]]] = []

    def say(by: str, verb: str, about: str, **result: object) -> None:
        found.append(
            (
                by,
                {
                    "actor": actor,
                    "verb": {"id": VERBS[verb], "display": {"en": verb}},
                    "object": {"objectType": "Activity", "id": IRI + about},
                    "timestamp": (NOW - timedelta(minutes=10 * (count - len(found)))).isoformat(),
                    "context": {"contextActivities": {"grouping": [{"id": programme.activity}]}, "platform": "Moodle"},
                    **({"result": result} if result else {}),
                },
            )
        )

    for one in modules:
        say("lti-tool", "passed", f"module/{one}", score={"scaled": 0.9}, success=True)
    say("lti-tool", "attended", "unit/BIB-U1/face_to_face/seminar", duration="PT2H")
    turn = 0
    while len(found) < count:
        module, step = modules[turn // len(STEPS) % len(modules)], STEPS[turn % len(STEPS)]
        say("page", step, f"module/{module}")
        turn += 1
    return found


def one_core() -> None:
    programme, _texts = _read("ceco")
    learner = {"objectType": "Agent", "account": {"homePage": MOODLE, "name": "1"}}
    statements = [
        {"id": str(uuid4()), **one, "authority": authority(BASE, by), "stored": NOW.isoformat()}
        for by, one in whole_way(learner)
    ]
    believed = trusted(programme, BASE)
    begun, done = time.process_time(), 0
    while time.process_time() - begun < 3:
        judge(programme, statements, (), NOW, believed)
        done += 1
    print(
        f"judge: {done / (time.process_time() - begun):.0f} learners a second of one core, {STATEMENTS} statements each"
    )


def fill(place: Place, learners: int) -> None:
    """So many learners of CECO, each with STATEMENTS statements."""
    first = place.learner("l0", "CECO", institution="LV-KISC")
    for by in ("lti-tool", "page"):
        principal = Principal(authority=authority(BASE, by), scopes=frozenset({"all"}))
        with writing(place.engine) as conn:
            add(conn, principal, [one for it, one in whole_way(dict(first.actor)) if it == by], NOW)
    with writing(place.engine) as conn:
        run = conn.execute
        numbers = {"last": learners - 1, "n": STATEMENTS}
        new = "replace({}, '|l0', '|l' || i)"
        series = "generate_series(1, :last) AS i"
        run(sa.text("SET LOCAL synchronous_commit = off"))
        run(
            sa.text(
                f"INSERT INTO accounts (actor_key, actor, name, created_at, seen_at) SELECT {new.format('actor_key')},"
                f" replace(actor, '\"l0\"', '\"l' || i || '\"'), 'Learner ' || i, created_at, seen_at"
                f" FROM accounts, {series} WHERE name = 'l0'"
            ),
            numbers,
        )
        run(
            sa.text(
                f"INSERT INTO enrolments (actor_key, programme, version, institution, since) SELECT"
                f" {new.format('actor_key')}, programme, version, institution, since FROM enrolments, {series}"
            ),
            numbers,
        )
        person = "overlay(md5('p' || i) placing '-' from 9 for 1)"
        run(
            sa.text(f"INSERT INTO xapi_persona (id, root, created) SELECT {person}, {person}, now() FROM {series}"),
            numbers,
        )
        run(
            sa.text(
                f"INSERT INTO xapi_persona_actor (key, persona, actor, created) SELECT {new.format('key')}, {person},"
                f" replace(actor, '\"l0\"', '\"l' || i || '\"'), now() FROM xapi_persona_actor, {series}"
                " WHERE key LIKE '%|l0'"
            ),
            numbers,
        )
        id = "overlay(overlay(md5(i || ':' || position) placing '-' from 9 for 1) placing '-' from 14 for 1)"
        run(
            sa.text(
                "INSERT INTO xapi_statement (position, id, stored, timestamp, verb, actor, object, authority, version,"
                f" voided, voids_any, document) SELECT :n * i + position, {id}, stored + i * interval '1 second',"
                f" timestamp, verb, {new.format('actor')}, object, authority, version, voided, voids_any,"
                f" replace(replace(document, '\"l0\"', '\"l' || i || '\"'), id, {id}) FROM xapi_statement, {series}"
            ),
            numbers,
        )
        run(sa.text("UPDATE xapi_head SET position = :n * (:last + 1)"), numbers)
    with writing(place.engine) as conn:
        conn.execute(sa.text("ANALYZE"))


def seconds(place: Place, who: Somebody, path: str) -> float:
    """Of the fastest of three."""
    best = 1e9
    for _turn in range(3):
        begun = time.perf_counter()
        answer = place.browser(who).get(path)
        best = min(best, time.perf_counter() - begun)
        assert answer.status_code == 200, answer.text
    return best


def course_page(place: Place) -> None:
    course = place.course()
    them = [place.learner(f"c{number}", "CECO", course=course) for number in range(30)]
    for one in them:
        for by in ("lti-tool", "page"):
            principal = Principal(authority=authority(BASE, by), scopes=frozenset({"all"}))
            with writing(place.engine) as conn:
                add(conn, principal, [it for its, it in whole_way(dict(one.actor)) if its == by], NOW)
    spent = seconds(place, place.teacher(course), "/course")
    print(f"course page of 30 learners with {STATEMENTS} statements each, judged on read: {spent:.2f} s")


def pages(place: Place, learners: int) -> None:
    begun = time.perf_counter()
    fill(place, learners)
    with reading(place.engine) as conn:
        count = conn.scalar(sa.text("SELECT count(*) FROM xapi_statement"))
    print(f"{learners} learners, {count} statements on PostgreSQL, filled in {time.perf_counter() - begun:.0f} s")
    begun, work = time.perf_counter(), time.process_time()
    while settling.settle(place.wiring):
        pass
    spent = time.perf_counter() - begun
    print(f"all judged for the first time in {spent:.0f} s ({time.process_time() - work:.0f} s of CPU)")
    coordinator = place.holder("coordinator", None)
    for path in (
        "/programme?programme=CECO",
        f"/programme?programme=CECO&from={learners - 50}",
        "/programme?programme=CECO&q=77",
        "/programme?programme=CECO&unit=BIB-U1&state=demonstrated",
        "/insight",
        "/to-do",
    ):
        print(f"{path:<60}{seconds(place, coordinator, path):>7.2f} s")
    changed = [f"l{number}" for number in range(0, learners, max(1, learners // 20))][:20]
    actors: list[dict[str, object]] = [
        {"objectType": "Agent", "account": {"homePage": MOODLE, "name": name}} for name in changed
    ]
    principal = Principal(authority=authority(BASE), scopes=frozenset({"all"}))
    with writing(place.engine) as conn:
        add(conn, principal, [whole_way(one)[0][1] for one in actors], NOW)
    begun = time.perf_counter()
    place.browser(coordinator).get("/insight")
    print(f"/insight right after {len(changed)} learners did something: {time.perf_counter() - begun:.2f} s")
    compared = wrong = 0
    begun = time.perf_counter()
    for some, _waiting, found in settling.verify(place.wiring, 100, lambda pairs, n: pairs[:: max(1, len(pairs) // n)]):
        compared, wrong = compared + some, wrong + len(found)
    print(f"verify: {compared} compared with the judge, {wrong} different, in {time.perf_counter() - begun:.1f} s")


def main(learners: int, url: str) -> None:
    one_core()
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"lti_tool_bench_{uuid4().hex[:8]}"
    with admin.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
    address = sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    try:
        db.upgrade(address)
        engine = open_engine(address)
        place = open_place(engine, Clock(NOW))
        pages(place, learners)
        course_page(place)
        engine.dispose()
    finally:
        with admin.connect() as conn:
            conn.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


if __name__ == "__main__":
    given = sys.argv[1:]
    wanted = int(given.pop(0)) if given and given[0].isdigit() else LEARNERS
    main(wanted, given[0] if given else services.postgres())
