"""The log of launches and service calls, and its page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from lti_tool import calls
from lti_tool.admin import log_store
from lti_tool.calls import Call, noter, service_calls
from lti_tool.launch.store import launches
from lti_tool.wiring import Wiring
from tests.admin.conftest import Admin
from tests.admin.test_views import add
from tests.conftest import Clock
from xapi.database import reading, writing
from xapi.writer import Writer


def call(**changes: Any) -> Call:
    given: dict[str, Any] = {
        "kind": "score",
        "what": "POST https://lms.example/scores",
        "platform": 1,
        "status": 200,
        "code": "",
        "milliseconds": 12,
        **changes,
    }
    return Call(**given)


def rows(wiring: Wiring) -> list[Any]:
    with reading(wiring.engine) as conn:
        return list(conn.execute(sa.select(service_calls).order_by(service_calls.c.id)))


def let_in(wiring: Wiring, platform: int, sid: str = "a") -> None:
    row = {
        "platform_id": platform,
        "deployment_id": "1",
        "subject": "user-4",
        "message": "resource",
        "role": "learner",
        "claims": {},
    }
    with writing(wiring.engine) as conn:
        conn.execute(sa.insert(launches), [{**row, "sid": sid, "created_at": wiring.clock()}])


def test_queries_and_control_characters_are_not_kept(wiring: Wiring) -> None:
    note = noter(wiring.writer, wiring.clock)
    note(call(what="GET https://lms.example/m?token=secret#x"))
    note(call(what="GET https://lms.example/\nforged", user="u" * 300, code="c" * 100))
    note(call(what="x" * 1000))
    first, second, third = rows(wiring)
    assert first.what == "GET https://lms.example/m"
    assert second.what == "GET https://lms.example/?forged"
    assert (len(second.user_id), len(second.code), len(third.what)) == (255, 64, 300)


def test_a_log_that_cannot_be_written_keeps_nobody_from_anything(
    wiring: Wiring, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(wiring.engine) as conn:
        conn.execute(sa.text("ALTER TABLE service_calls RENAME TO away"))
    try:
        noter(wiring.writer, wiring.clock)(call())
    finally:
        with writing(wiring.engine) as conn:
            conn.execute(sa.text("ALTER TABLE away RENAME TO service_calls"))
    assert "could not be logged" in caplog.text
    # Called inside of a transaction of ours by mistake, it waits for nobody and breaks nothing.
    note = noter(wiring.writer, wiring.clock)
    wiring.writer.run(lambda conn: note(call()))
    assert rows(wiring) == []


def test_strangers_fill_no_disk(wiring: Wiring, clock: Clock) -> None:
    note = noter(wiring.writer, clock)
    for _launch in range(calls.STRANGERS + 5):
        note(call(kind="launch", platform=None))
    note(call())
    assert len(rows(wiring)) == calls.STRANGERS + 1
    clock.forward(minutes=1)
    note(call(kind="launch", platform=None))
    assert len(rows(wiring)) == calls.STRANGERS + 2


def test_lines_are_kept_for_thirty_days(wiring: Wiring, clock: Clock) -> None:
    note = noter(wiring.writer, clock)
    note(call(user="old"))
    clock.forward(days=29)
    note(call(user="new"))
    clock.forward(days=1, seconds=1)
    assert wiring.writer.run(lambda conn: calls.purge(conn, clock())) == 1
    assert [row.user_id for row in rows(wiring)] == ["new"]


def test_launches_that_were_let_in_and_those_refused_stand_together_newest_first(wiring: Wiring, clock: Clock) -> None:
    number = add(wiring, status="approved")
    note = noter(wiring.writer, clock)
    note(call(kind="launch", what="POST /lti/launch", platform=number, status=403, code="LTI-SIGNATURE"))
    clock.forward(seconds=1)
    let_in(wiring, number)
    clock.forward(seconds=1)
    note(call(platform=number, course=3, user="user-4"))
    note(call(platform=number + 1))
    with reading(wiring.engine) as conn:
        found = log_store.entries(conn, platform=number)
        assert [(one.kind, one.status, one.code, one.user, one.ok) for one in found] == [
            ("score", 200, "", "user-4", True),
            ("launch", 303, "", "user-4", True),
            ("launch", 403, "LTI-SIGNATURE", None, False),
        ]
        assert found[0].at - found[2].at == timedelta(seconds=2)
        assert [one.kind for one in log_store.entries(conn, platform=number, kind="launch")] == ["launch", "launch"]
        assert [one.platform for one in log_store.entries(conn, kind="score")] == [number + 1, number]


def test_the_page_filters_and_turns(admin: Admin, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    root, client = admin.administrator(), admin.client()
    assert "Nothing here" in client.get(f"{root}/log").text
    number = add(admin.wiring, "Zemgale <b>", status="approved")
    note = noter(admin.wiring.writer, clock)
    for n in range(5):
        clock.forward(seconds=1)
        note(call(platform=number, what=f"POST https://lms.example/s{n}"))
    note(call(kind="token", platform=None, status=None, code="UNREACHABLE", what="POST https://other.example/<i>"))
    let_in(admin.wiring, number)
    monkeypatch.setattr(log_store, "A_PAGE", 2)
    page = client.get(f"{root}/log?platform={number}&kind=score").text
    assert "/s4" in page and "/s3" in page and "/s2" not in page
    assert "page=1" in page
    page = client.get(f"{root}/log?platform={number}&kind=score&page=2").text
    assert "/s0" in page and "page=3" not in page
    monkeypatch.setattr(log_store, "A_PAGE", 100)
    page = client.get(f"{root}/log").text
    assert "UNREACHABLE" in page and "resource, learner" in page
    assert "<i>" not in page and "<b>" not in page
    for odd in ("platform=x", "platform=99999999999", "kind=nonsense", "page=-7", "page=99999999999", "page=x"):
        assert client.get(f"{root}/log?{odd}").status_code == 200


def test_one_note_is_one_transaction_of_its_own(wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []
    run = Writer.run

    def counted(self: Writer, work: Any) -> Any:
        ran.append(1)
        return run(self, work)

    monkeypatch.setattr(Writer, "run", counted)
    noter(wiring.writer, wiring.clock)(call())
    assert len(ran) == 1
