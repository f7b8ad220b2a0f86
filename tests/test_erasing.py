"""A person is forgotten: nothing names them any more, and what others rest on still stands."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

import lti_tool.db
import xapi.tables
from lti_tool import audit, calls, erasing
from lti_tool.cli import cli
from lti_tool.db import reading, writing
from lti_tool.ecvet import store as ecvet
from lti_tool.errors import ToolError
from lti_tool.evidence import files
from lti_tool.launch import platforms
from lti_tool.launch.platforms import NewPlatform
from lti_tool.launch.store import launches
from lti_tool.people import grants
from lti_tool.people import store as people
from lti_tool.people.find import find
from lti_tool.people.roles import Grant
from lti_tool.play import store as places
from lti_tool.settings import PREFIX
from tests.conftest import Clock
from xapi import personas
from xapi.access import Principal
from xapi.statement import actor_key
from xapi.store import Filter, add
from xapi.store import find as find_statements
from xapi.vocabulary import VERBS

HOME, OTHER, TOOL = "https://lms.example.lv", "https://two.example.lv", "http://127.0.0.1:8000"
PRINCIPAL = Principal(authority={"account": {"homePage": TOOL, "name": "lti-tool"}}, scopes=frozenset({"all"}))


def at(home: str, user: str, **more: Any) -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": home, "name": user}, **more}


ANNA, KARLIS = at(HOME, "u-anna-4711"), at(HOME, "u-karlis")


@dataclass
class Town:
    engine: sa.Engine
    clock: Clock
    person: str = ""

    def plan(self) -> erasing.Erasure:
        with reading(self.engine) as conn:
            return erasing.plan(conn, self.person)

    def erase(self) -> erasing.Erasure:
        with writing(self.engine) as conn:
            return erasing.erase(conn, self.person, "admin", "asked", self.clock(), TOOL)

    def decide(self) -> None:
        with writing(self.engine) as conn:
            ecvet.add_decision(
                conn,
                id=str(uuid4()),
                actor_key=actor_key(ANNA),
                programme="CECO",
                version="v1",
                unit="BIB-U1",
                kind="recognise",
                result="granted",
                reason="seen",
                by_key=actor_key(at(TOOL, "p")),
                by_name="Ilze",
                at=self.clock(),
            )

    def text(self) -> str:
        """Every row of tool and record store, but the history of joins."""
        tables = [*lti_tool.db.metadata.sorted_tables, *xapi.tables.metadata.sorted_tables]
        with reading(self.engine) as conn:
            return "\n".join(str(tuple(row)) for table in tables for row in conn.execute(sa.select(table)))

    def statements(self) -> list[dict[str, Any]]:
        with reading(self.engine) as conn:
            return [dict(one) for one in find_statements(conn, Filter(ascending=True)).statements]


@pytest.fixture
def town(engine: sa.Engine, clock: Clock) -> Iterator[Town]:
    made, now = Town(engine, clock), clock()
    with writing(engine) as conn:
        told = NewPlatform("LMS", HOME, "c", f"{HOME}/a", f"{HOME}/t", f"{HOME}/j", ("1",))
        platform = platforms.add(conn, told, "approved", now)
        assert platform is not None
        made.person = people.arrive(conn, ANNA, now, name="Anna Zīle", email="anna@zile.example")
        second = people.arrive(conn, at(OTHER, "u-anna-0815"), now, name="A. Zīle")
        people.arrive(conn, KARLIS, now, name="Kārlis")
        personas.join(conn, made.person, second, "coordinator", now)
        course = people.course(conn, platform, "7", now).id
        for actor, user in ((ANNA, "u-anna-4711"), (KARLIS, "u-karlis")):
            people.join_course(conn, course, actor, user, "learner", now)
            people.enrol(conn, actor, "CECO", "v1", now)
        people.enrol(conn, at(OTHER, "u-anna-0815"), "CECO", "v2", now)
        people.grant(conn, actor_key(ANNA), Grant("mentor"), "test", now)
        people.invite(conn, actor_key(ANNA), now)
        places.hold(conn, actor_key(ANNA), "M01", str(uuid4()), now)
        files.add(conn, files.Kept("ab" * 32, "anna-zile.pdf", "application/pdf", 5), actor_key(ANNA), now)
        row = {
            "sid": "s",
            "platform_id": platform,
            "deployment_id": "1",
            "subject": "u-anna-4711",
            "message": "resource",
        }
        conn.execute(launches.insert().values(**row, role="learner", claims={}, created_at=now))
        calls.add(conn, calls.Call("score", "POST x", platform, 200, "", 1, user="u-anna-4711"), now)
        said = [
            {"actor": {**ANNA, "name": "Anna Zīle"}, "verb": {"id": VERBS["passed"]}, "object": {"id": "https://x/m"}},
            {
                "actor": KARLIS,
                "verb": {"id": VERBS["passed"]},
                "object": {"id": "https://x/m"},
                "context": {"instructor": {**ANNA, "name": "Anna Zīle"}},
            },
            {"actor": KARLIS, "verb": {"id": VERBS["failed"]}, "object": {"id": "https://x/m"}},
        ]
        add(conn, PRINCIPAL, said, now)
    yield made


NAMES = ("Zīle", "anna@zile", "anna-zile", "u-anna-4711", "u-anna-0815")


def test_the_dry_run_tells_and_changes_nothing(town: Town) -> None:
    before = town.text()
    told = town.plan()
    assert (told.accounts, told.statements.removed, told.statements.rewritten) == (2, 1, 1)
    assert (told.gone["members"], told.gone["enrolments"], told.kept, told.files) == (1, 2, {}, ("ab" * 32,))
    assert town.text() == before


def test_nothing_names_them_any_more_and_others_are_untouched(town: Town) -> None:
    untouched = town.statements()[2]
    done = town.erase()
    text = town.text()
    assert [name for name in NAMES if name in text] == []
    assert "Kārlis" in text
    first, second = town.statements()
    assert second == untouched
    instructor = first["context"]["instructor"]
    assert instructor == at(TOOL, done.stand_in)
    with reading(town.engine) as conn:
        assert personas.find_persona(conn, ANNA) is None
        found = find_statements(conn, Filter(agent=instructor, related_agents=True)).statements
        assert [one["id"] for one in found] == [first["id"]]
        (act,) = audit.acts(conn)
    assert (act.kind, act.by, act.why, act.subject) == ("person_erased", "admin", "asked", done.stand_in)
    assert act.detail["statements_removed"] == 1


def test_what_was_decided_on_stays_under_an_account_that_nobody_knows(town: Town) -> None:
    town.decide()
    told = town.plan()
    assert told.decided and (told.kept["decisions"], told.kept["enrolments"]) == (1, 2)
    done = town.erase()
    text = town.text()
    assert [name for name in NAMES if name in text] == []
    mine = at(TOOL, done.stand_in)
    assert town.statements()[0]["actor"] == mine
    with reading(town.engine) as conn:
        keys = people.keys_of(conn, town.person)
        assert keys == [actor_key(mine)]
        assert [one.unit for one in ecvet.decisions_of(conn, keys)] == ["BIB-U1"]
        (enrolment,) = people.enrolments_of(conn, keys)
        assert enrolment.version == "v1"
        assert people.accounts_of(conn, keys)[keys[0]].name is None
        assert grants.history(conn, keys) == []


def test_whoever_comes_again_is_somebody_new(town: Town) -> None:
    town.decide()
    town.erase()
    with writing(town.engine) as conn:
        assert people.arrive(conn, ANNA, town.clock(), name="Anna") != town.person


def test_an_assessor_who_is_erased_keeps_the_name_of_that_day_in_what_they_decided_about_others(town: Town) -> None:
    assessor = at(TOOL, "p")
    with writing(town.engine) as conn:
        person = people.arrive(conn, assessor, town.clock(), name="Ilze")
    town.decide()
    with writing(town.engine) as conn:
        done = erasing.erase(conn, person, "admin", "", town.clock(), TOOL)
        (row,) = ecvet.decisions_of(conn, [actor_key(ANNA)])
    assert (row.by_name, row.by_key) == ("Ilze", actor_key(at(TOOL, done.stand_in)))


def test_who_is_meant_must_be_clear(town: Town) -> None:
    with reading(town.engine) as conn:
        for asked in (town.person, "Anna Zīle", "anna@zile.example", actor_key(ANNA), " Anna Zīle "):
            assert find(conn, asked) == town.person
        for asked in ("Nobody", "", str(uuid4())):
            with pytest.raises(ToolError, match="PEOPLE-WHO"):
                find(conn, asked)
    with writing(town.engine) as conn:
        people.arrive(conn, at(HOME, "9"), town.clock(), name="Anna Zīle")
        with pytest.raises(ToolError, match="Several"):
            find(conn, "Anna Zīle")


def test_the_commands(town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    url = town.engine.url.render_as_string(hide_password=False)
    for name, value in {"DATABASE_URL": url, "SECRET_KEY": "s" * 40, "DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(PREFIX + name, value)
    content = files.path(tmp_path / "files", "ab" * 32)
    content.parent.mkdir(parents=True)
    content.write_bytes(b"%PDF-")
    stray, fresh = (files.path(tmp_path / "files", letters * 32) for letters in ("cd", "ef"))
    for one in (stray, fresh):
        one.parent.mkdir()
        one.write_bytes(b"%PDF-")
    os.utime(stray, (stray.stat().st_mtime - 90_000,) * 2)

    def run(*words: str, typed: str = "") -> Any:
        return CliRunner().invoke(cli, ["people", *words], input=typed)

    (held,) = json.loads(run("roles", "Anna Zīle", "--json").stdout)
    assert (held["role"], held["by"], held["withdrawn"]) == ("mentor", "test", None)
    assert "PEOPLE-NO-ROLE" in str(run("withdraw", "Anna Zīle", "--role", "assessor").exception)
    assert "PEOPLE-NO-ROLE" in str(run("withdraw", "Anna Zīle", "--role", "mentor", "--programme", "CECO").exception)
    assert run("withdraw", "Anna Zīle", "--role", "mentor", "--why", "left").exit_code == 0
    assert "withdrawn" in run("roles", "Anna Zīle").stdout
    with reading(town.engine) as conn:
        assert people.grants_of(conn, people.keys_of(conn, town.person)) == []
        assert [act.kind for act in audit.acts(conn)] == ["role_withdrawn"]
    told = json.loads(run("erase", "Anna Zīle", "--dry-run", "--json").stdout)
    assert told["accounts"] == 2
    assert run("erase", "Anna Zīle", typed="n\n").exit_code == 1
    assert content.exists() and "Zīle" in town.text()
    assert run("erase", "Anna Zīle", "--yes", "--why", "asked").exit_code == 0
    assert not content.exists() and not stray.exists()
    assert fresh.exists(), "somebody may be about to hand it in"
    assert "Zīle" not in town.text()
