"""No table is forgotten by an erasure: every column that could name somebody is filled, and looked at afterwards.

A new column with text must be named in `erasing_columns`, as one that names people or one that does not; or it fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal
from uuid import uuid4

import pytest
import sqlalchemy as sa

import xapi.tables
from lti_tool import erasing, tables
from lti_tool.db import JSONText, UTCDateTime, reading, writing
from lti_tool.launch import platforms
from lti_tool.launch.platforms import NewPlatform
from lti_tool.people import store as people
from tests.conftest import Clock
from tests.erasing_columns import (
    ACTS,
    ANNA,
    EMAIL,
    HOME,
    KARLIS,
    KEY,
    MARKS,
    NAME,
    NOTHING,
    NOTHING_AT,
    OTHER,
    OWN,
    PERSON,
    ROOM,
    SAID,
    STAYS,
    STORED,
    TOOL,
)
from xapi import personas
from xapi.access import Principal
from xapi.documents import Place, put
from xapi.store import add
from xapi.vocabulary import VERBS

Columns = Iterator[tuple[sa.Table, "sa.Column[Any]"]]


def everything() -> list[sa.Table]:
    return [*tables.every().sorted_tables, *xapi.tables.metadata.sorted_tables]


def texts() -> Columns:
    """Columns that could hold a name."""
    plain = (sa.Integer, sa.Float, sa.Boolean, sa.DateTime, UTCDateTime)
    for table in everything():
        for column in table.columns:
            if not isinstance(column.type, plain) and not _follows(column):
                yield table, column


def _follows(column: sa.Column[Any]) -> bool:
    """Whether it names a row of another table that is not about people: what it may hold is decided there."""
    return any(f"{key.column}" not in ("accounts.actor_key", "summaries.person") for key in column.foreign_keys)


def test_every_column_with_text_is_named_here() -> None:
    named = {*OWN, *ACTS, *STORED}
    forgotten = [
        str(column)
        for table, column in texts()
        if str(column) not in named
        and column.name not in NOTHING
        and column.name not in NOTHING_AT.get(table.name, "").split()
    ]
    assert forgotten == [], "say here whether these may name a person, and see that an erasure empties them"


def test_nothing_is_named_here_that_is_not_there() -> None:
    there = {str(column) for table in everything() for column in table.columns}
    listed = {*OWN, *ACTS, *STORED, *STAYS} | {
        f"{name}.{one}" for name, some in NOTHING_AT.items() for one in some.split()
    }
    assert listed - there == set()
    assert {one.rpartition(".")[2] for one in there} >= NOTHING


class Town:
    """A database in which every table has a row about Anna, and one in which she did something."""

    def __init__(self, engine: sa.Engine, clock: Clock, *, decided: bool) -> None:
        self.engine, self.clock, self.decided = engine, clock, decided
        self.made: dict[tuple[str, str], dict[str, Any]] = {}
        now = clock()
        with writing(engine) as conn:
            told = NewPlatform("LMS", HOME, "c", f"{HOME}/a", f"{HOME}/t", f"{HOME}/j", ("1",))
            platform = platforms.add(conn, told, "approved", now)
            assert platform is not None
            self.platform = platform
            self.person = people.arrive(conn, ANNA, now, name=NAME, email=EMAIL)
            self.other = people.arrive(conn, KARLIS, now, name="Kārlis")
            self._say(conn)
            for table in sorted(everything(), key=lambda one: one.name not in ROOM):
                for which in ("own", "acts"):
                    self._fill(conn, table, which)  # type: ignore[arg-type]  # one of two words

    def _say(self, conn: sa.Connection) -> None:
        """Statements, a document and an activity, as they come in."""
        now = self.clock()
        mine = {"id": "https://x.example/own", "definition": {"name": {"en": f"Work of {NAME}"}}}
        shared = {"id": "https://x.example/shared", "definition": {"name": {"en": "Shared"}}}
        file = {
            "usageType": "https://x.example/file",
            "display": {"en": SAID},
            "contentType": "text/plain",
            "length": 1,
        }
        said = [
            {
                "actor": ANNA,
                "verb": {"id": VERBS["passed"]},
                "object": mine,
                "result": {"response": SAID},
                "context": {"instructor": KARLIS, "contextActivities": {"parent": [shared]}},
                "attachments": [{**file, "sha2": "a" * 64}],
            },
            {"actor": KARLIS, "verb": {"id": VERBS["passed"]}, "object": shared, "context": {"instructor": ANNA}},
            {"actor": KARLIS, "verb": {"id": VERBS["passed"]}, "object": ANNA},
            {"actor": KARLIS, "verb": {"id": VERBS["passed"]}, "object": shared, "context": {"team": team()}},
        ]
        principal = Principal(authority={"account": {"homePage": TOOL, "name": "lti-tool"}}, scopes=frozenset({"all"}))
        (first, *_others) = add(conn, principal, said, now).ids
        other = Principal(authority=ANNA, scopes=frozenset({"all"}))
        add(conn, other, [{"actor": KARLIS, "verb": {"id": VERBS["passed"]}, "object": shared}], now)
        place = Place("agent", agent=KEY)
        put(conn, place, "cv", "text/plain", SAID.encode(), now, lambda _there: None)
        t = xapi.tables
        conn.execute(t.attachments.insert().values(sha2="a" * 64, content=SAID.encode(), stored=now))
        position = conn.scalar(sa.select(t.statements.c.position).where(t.statements.c.id == first))
        row = {"position": position, "sha2": "a" * 64, "content_type": "text/plain"}
        conn.execute(t.statement_attachments.insert().values(**row))

    def _fill(self, conn: sa.Connection, table: sa.Table, which: Literal["own", "acts"]) -> None:
        told = OWN if which == "own" else ACTS
        mine = {name for name in told if name.startswith(f"{table.name}.")}
        rests = table.name in ("awards", "decisions", "award_acts") and which == "own" and not self.decided
        if rests or not (mine or table.name in ROOM):
            return
        values = {
            column.name: told[str(column)] if str(column) in mine else self._other(table, column, which)
            for column in table.columns
            if str(column) in mine or not _numbered(column)
        }
        values = json.loads(json.dumps(values, default=str).replace(PERSON, self.person)) | {
            name: value for name, value in values.items() if not isinstance(value, (str, dict))
        }
        row = conn.execute(table.insert().returning(*table.c).values(**values)).one()
        self.made[table.name, which] = dict(row._mapping)

    def _other(self, table: sa.Table, column: sa.Column[Any], which: str) -> Any:
        """What else stands in such a row. Rows name rows of the same kind; the others are Kārlis'."""
        key = next(iter(column.foreign_keys), None)
        if column.name == "platform_id":
            return self.platform
        if key is not None and key.column.table is xapi.tables.personas:
            return self.other
        if str(column) == "prior_acts.claim":
            return self.made["prior_claims", which]["id"]
        if column.name in ("actor_key", "other_key", "by_key", "chosen_by", "granted_by"):
            return OTHER
        if key is not None:
            known = self.made.get((key.column.table.name, which)) or self.made.get((key.column.table.name, "acts"))
            return known[key.column.name] if known else None if column.nullable else str(uuid4())
        if str(column) == "seminars.trainer":
            return KARLIS
        if isinstance(column.type, UTCDateTime):
            return None if column.name in ("withdrawn_at", "revoked_at") else self.clock()
        if isinstance(column.type, sa.Boolean):
            return False
        if isinstance(column.type, sa.Float):
            return 1.0
        if isinstance(column.type, (sa.Integer, sa.BigInteger)):
            return {"own": 1, "acts": 2}[which]
        if isinstance(column.type, JSONText):
            return {}
        length = getattr(column.type, "length", None) or 36
        return f"{which}-{uuid4()}"[:length] if length > 8 else which[:length]

    def text(self) -> dict[str, str]:
        """Whatever stands in each column, where anything does."""
        found: dict[str, str] = {}
        with reading(self.engine) as conn:
            for table in everything():
                for row in conn.execute(sa.select(table)):
                    for name, value in row._mapping.items():
                        plain = value.decode(errors="replace") if isinstance(value, bytes) else value
                        told = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, default=str)
                        found[f"{table.name}.{name}"] = found.get(f"{table.name}.{name}", "") + "\n" + told
        return found

    def naming(self) -> set[str]:
        """The columns that name Anna."""
        return {
            column
            for column, text in self.text().items()
            if any(mark in text for mark in (*MARKS, EMAIL.upper(), self.person))
        }

    def erase(self) -> erasing.Erasure:
        with writing(self.engine) as conn:
            return erasing.erase(conn, self.person, "admin", f"{NAME} asked", self.clock(), TOOL)


def team() -> dict[str, Any]:
    return {"objectType": "Group", "member": [ANNA, KARLIS]}


def _numbered(column: sa.Column[Any]) -> bool:
    """Whether the database gives the number."""
    return column.name == "id" and isinstance(column.type, sa.Integer) and column.autoincrement is not False


@pytest.fixture(params=[True, False], ids=["decided", "undecided"])
def town(engine: sa.Engine, clock: Clock, request: pytest.FixtureRequest) -> Town:
    return Town(engine, clock, decided=request.param)


def test_nothing_names_an_erased_person_but_what_must(town: Town) -> None:
    before = town.naming()
    own = {name for name in OWN if town.decided or name.partition(".")[0] not in ("awards", "award_acts", "decisions")}
    assert (own | {*ACTS} | STORED) - before == set(), "these columns were not filled"
    town.erase()
    left = town.naming()
    assert left - set(STAYS) == set()
    if town.decided:
        assert set(STAYS) - left == set(), "these need no exception"


def test_others_keep_what_is_theirs(town: Town) -> None:
    town.erase()
    text = town.text()
    kept = ("accounts.actor_key", "decisions.actor_key", "observation_links.actor_key", "prior_claims.actor_key")
    assert [name for name in kept if OTHER not in text[name]] == []
    assert "Kārlis" in text["accounts.name"]


def test_a_seminar_whose_trainer_is_erased_takes_no_codes(town: Town) -> None:
    done = town.erase()
    with reading(town.engine) as conn:
        rows = conn.execute(sa.text("SELECT trainer, open_until FROM seminars")).all()
        person = personas.find_persona(conn, json.loads(rows[-1].trainer))
    trainers = [json.loads(row.trainer)["account"]["name"] for row in rows]
    assert trainers == ["u-karlis", done.stand_in] and rows[1].open_until is None
    assert person == (town.person if town.decided else None)
