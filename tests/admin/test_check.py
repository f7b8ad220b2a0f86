"""The check of a platform: what each answer means, and the whole against the practice LMS and its faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.admin import check_lines as lines
from lti_tool.admin import checks
from lti_tool.admin.check import LABEL, check
from lti_tool.admin.check_cli import platform_check
from lti_tool.admin.check_lines import Line, Tried
from lti_tool.admin.check_words import TITLES, WORDS, said
from lti_tool.db import reading, writing
from lti_tool.errors import NotFound
from lti_tool.gradebook import store as gradebook
from lti_tool.gradebook.membership import Told
from lti_tool.gradebook.roster import ListRefused, Page
from lti_tool.gradebook.tokens import TokenRefused
from lti_tool.launch import claims, platforms
from lti_tool.launch.addresses import AddressError, FetchError
from lti_tool.launch.claims import SCOPE_LINE_ITEM, SCOPE_ROSTER, SCOPE_SCORE, Registration
from lti_tool.launch.fetch import Answer
from lti_tool.launch.keys import jwk_of
from lti_tool.practice import tools
from tests.admin.conftest import make
from tests.builders import rsa_key
from tests.gradebook.roster_scene import Scene, key_folder, roster_scene

NOW = datetime(2022, 10, 13, 9, 30, tzinfo=UTC)
DOWN = FetchError("down")


def answer(status: int = 200, body: Any = None, **headers: str) -> Answer:
    return Answer("https://lms.example/x", status, headers, json.dumps(body).encode())


KEY = jwk_of(rsa_key().public_key())


@pytest.mark.parametrize(
    ("got", "light", "code"),
    [
        (answer(body={"keys": [KEY, {"kty": "EC"}]}), "good", "keys"),
        (answer(body={"keys": [{**KEY, "use": "enc"}]}), "bad", "keys_none"),
        (answer(body={"keys": []}), "bad", "keys_none"),
        (answer(body=[]), "bad", "keys_format"),
        (Answer("https://lms.example/x", 200, {}, b"<html>"), "bad", "keys_format"),
        (answer(404), "bad", "keys_status"),
        (DOWN, "bad", "keys_unreachable"),
        (AddressError("private"), "bad", "keys_address"),
    ],
)
def test_keys(got: Answer | FetchError, light: str, code: str) -> None:
    line = lines.keys(got)
    assert (line.light, line.code) == (light, code)


@pytest.mark.parametrize(
    ("off", "light", "code"),
    [(0, "good", "clock"), (5, "good", "clock"), (-5, "good", "clock"), (40, "warn", "clock_ahead"),
     (-40, "warn", "clock_behind"), (61, "bad", "clock_ahead"), (-7200, "bad", "clock_behind")],
)  # fmt: skip
def test_clock(off: int, light: str, code: str) -> None:
    got = answer(Date=format_datetime(NOW + timedelta(seconds=off), usegmt=True))
    line = lines.clock(got, NOW, NOW)
    assert (line.light, line.code) == (light, code)


@given(st.integers(-300, 300), st.integers(0, 20), st.floats(0, 0.999))
def test_the_time_that_an_answer_takes_is_no_fault_of_the_clock(off: int, took: int, part: float) -> None:
    # The platform read its clock at some moment in between, and cut the part of a second off.
    before = NOW + timedelta(seconds=part)
    told = (before + timedelta(seconds=off + took * part)).replace(microsecond=0)
    line = lines.clock(answer(Date=format_datetime(told, usegmt=True)), before, before + timedelta(seconds=took))
    if abs(off) <= 5:
        assert line.light == "good"
    if abs(off) > 67 + took:
        assert line.light == "bad"


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_a_clock_that_is_not_told(date: str | None) -> None:
    got = answer(Date=date) if date is not None else answer()
    assert lines.clock(got, NOW, NOW).code == "clock_untold"
    assert lines.clock(DOWN, NOW, NOW).light == "waiting"


@pytest.mark.parametrize(
    ("scope", "got", "light", "code"),
    [
        (SCOPE_SCORE, None, "good", "token"),
        (SCOPE_SCORE, TokenRefused("", final=True, status=400, error="invalid_scope"), "bad", "token_scope"),
        (SCOPE_ROSTER, TokenRefused("", final=True, status=400, error="invalid_scope"), "warn", "token_scope"),
        (SCOPE_SCORE, TokenRefused("", final=True, status=400, error="invalid_client"), "bad", "token_client"),
        (SCOPE_SCORE, TokenRefused("", final=True, status=401), "bad", "token_client"),
        (SCOPE_SCORE, TokenRefused("", final=False, status=503), "warn", "token_busy"),
        (SCOPE_SCORE, TokenRefused("", final=True, status=404), "bad", "token_refused"),
        (SCOPE_SCORE, TokenRefused("", final=False, status=200), "bad", "token_refused"),
        (SCOPE_SCORE, DOWN, "bad", "token_unreachable"),
    ],
)
def test_tokens(scope: str, got: TokenRefused | FetchError | None, light: str, code: str) -> None:
    line = lines.token(scope, got)
    assert (line.light, line.code) == (light, code)


@pytest.mark.parametrize(
    ("got", "light", "code"),
    [
        (None, "waiting", "roster_unknown"),
        (Page((Told("7", "learner"),), None, None, 1), "good", "roster"),
        (Page((), None, None, 1), "warn", "roster_empty"),
        (ListRefused("ROSTER-FORBIDDEN", ""), "bad", "roster_forbidden"),
        (ListRefused("ROSTER-GONE", ""), "bad", "roster_gone"),
        (ListRefused("ROSTER-UNREACHABLE", "", passing=True), "bad", "roster_unreachable"),
        (ListRefused("ROSTER-LIMIT", "", passing=True), "warn", "roster_busy"),
        (ListRefused("ROSTER-FORMAT", ""), "bad", "roster_refused"),
    ],
)
def test_rosters(got: Page | ListRefused | None, light: str, code: str) -> None:
    line = lines.roster(got)
    assert (line.light, line.code) == (light, code)


@pytest.mark.parametrize(
    ("tried", "codes"),
    [
        (Tried(answer(201), answer(400), answer(204)), ["score_refused", "column"]),
        (Tried(answer(201), answer(404), answer(404)), ["score_refused", "column"]),
        (Tried(answer(201), answer(200), answer(204)), ["score_taken", "column"]),
        (Tried(answer(201), answer(401), answer(204)), ["score_closed", "column"]),
        (Tried(answer(201), DOWN, DOWN), ["score_closed", "column_left"]),
        (Tried(answer(201)), ["column_left"]),
        (Tried(answer(403)), ["gradebook_closed"]),
        (Tried(DOWN), ["gradebook_closed"]),
        (None, ["gradebook_untried"]),
    ],
)
def test_gradebooks(tried: Tried | None, codes: list[str]) -> None:
    assert [line.code for line in lines.gradebook(tried, known=True, allowed=True)] == codes
    assert [line.code for line in lines.gradebook(tried, known=True, allowed=False)] == ["gradebook_fixed"]
    assert [line.code for line in lines.gradebook(tried, known=False, allowed=True)] == ["gradebook_unknown"]


def test_moodle_and_canvas_are_told_where() -> None:
    line = Line("score", "bad", "token_scope", {"status": 400})
    assert "Manage tools" in said(line, "moodle").do
    assert "Developer Keys" in said(line, "Canvas").do
    assert "Moodle" not in said(line, "").do and said(line, "").do


def test_every_line_that_is_not_good_says_what_to_do() -> None:
    fine = {"keys", "clock", "token", "roster", "column", "score_refused", "after_keys", "after_token"}
    for code in WORDS:
        shown = said(Line("keys", "bad", code, {"status": 1, "count": 2, "seconds": 3}), "moodle")
        assert "%" not in shown.what
        assert bool(shown.do) != (code in fine), code
    assert set(lines.TOPICS.values()) <= set(TITLES)


# The whole, against the practice LMS


@pytest.fixture
def scene(engine: sa.Engine, tmp_path: Path) -> Iterator[Scene]:
    with roster_scene(engine, tmp_path) as found:
        yield found


def graded(scene: Scene) -> None:
    """A graded activity was opened: its gradebook is known."""
    link = scene.lms.graded_activity()
    column = scene.lms.column(link)["url"]
    with writing(scene.wiring.engine) as conn:
        gradebook.place(
            conn,
            platform_id=scene.platform,
            course_id=scene.course,
            link_id=link,
            activity="tag:example,2022:m",
            label="M01",
            url=column,
            items_url=column.split("/lineitems")[0] + "/lineitems?" + column.split("?")[1],
            scopes=[SCOPE_SCORE, SCOPE_LINE_ITEM],
            now=scene.clock(),
        )


def registered(scene: Scene) -> Registration:
    with reading(scene.wiring.engine) as conn:
        found = platforms.get(conn, scene.platform)
    assert found is not None
    return found


def checked(scene: Scene, *, write: bool = False) -> list[Line]:
    # The server tells the real time; the scene's clock stands still.
    scene.clock.now = datetime.now(UTC)
    return check(scene.wiring, registered(scene), scene.keys.sign, write=write)


def lights(found: list[Line]) -> dict[str, str]:
    return {line.code if line.topic == "gradebook" else line.topic: line.light for line in found}


ALL_GOOD = dict.fromkeys(
    ("keys", "clock", "score", "result", "columns", "columns_read", "roster_token", "roster"), "good"
)


def test_all_is_green_and_nothing_was_written(scene: Scene) -> None:
    graded(scene)
    before = scene.lms.state()["line_items"]
    assert lights(checked(scene)) == {**ALL_GOOD, "gradebook_untried": "waiting"}
    assert scene.lms.state()["line_items"] == before


def test_a_column_is_made_takes_no_score_for_nobody_and_is_gone_again(scene: Scene) -> None:
    graded(scene)
    before = scene.lms.state()["line_items"]
    assert lights(checked(scene, write=True)) == {**ALL_GOOD, "score_refused": "good", "column": "good"}
    assert scene.lms.state()["line_items"] == before
    assert [call.status for call in scene.calls("lineitems")] == [201, 204]
    assert [call.status for call in scene.calls("score")] == [400]


def test_before_the_first_launch_there_is_less_to_check(scene: Scene) -> None:
    with writing(scene.wiring.engine) as conn:
        conn.execute(sa.text("UPDATE courses SET roster_url = NULL"))
    found = checked(scene, write=True)
    assert lights(found)["roster"] == lights(found)["gradebook_unknown"] == "waiting"


def test_a_gradebook_that_only_a_launch_told_is_found(scene: Scene) -> None:
    from lti_tool.launch.store import launches

    graded(scene)
    with writing(scene.wiring.engine) as conn:
        url = conn.scalar(sa.select(gradebook.line_items.c.items_url))
        conn.execute(gradebook.line_items.delete())
        row = {
            "platform_id": scene.platform,
            "deployment_id": "1",
            "subject": "4",
            "message": "resource",
            "role": "learner",
            "claims": {claims.AGS: {"lineitems": url, "scope": [SCOPE_LINE_ITEM]}},
            "created_at": scene.clock(),
            "sid": "a",
        }
        conn.execute(sa.insert(launches), [row])
    assert lights(checked(scene, write=True))["column"] == "good"


@pytest.mark.parametrize(
    ("endpoint", "kind", "expected"),
    [
        ("jwks", "500", {"keys": "bad"}),
        ("jwks", "drop", {"keys": "bad", "clock": "waiting"}),
        ("token", "503", {"score": "warn", "roster": "waiting", "after_token": "waiting"}),
        ("token", "drop", {"score": "bad", "result": "waiting", "roster": "waiting"}),
        ("memberships", "503", {"roster": "warn"}),
        ("memberships", "drop", {"roster": "bad"}),
        ("lineitems", "503", {"gradebook_closed": "bad"}),
        ("scores", "503", {"score_closed": "bad", "column": "good"}),
        ("memberships", "slow", {"roster": "good"}),
    ],
)
def test_each_fault_is_seen_at_its_line(scene: Scene, endpoint: str, kind: str, expected: dict[str, str]) -> None:
    graded(scene)
    scene.lms.fail(endpoint, kind, seconds=1)
    found = lights(checked(scene, write=True))
    assert {name: found.get(name) for name in expected} == expected


def test_a_column_that_could_not_be_deleted_is_named(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    graded(scene)
    from lti_tool.admin import check as module

    real = module._call

    def no_delete(services: Any, kind: Any, method: str, *rest: Any) -> Any:
        return DOWN if method == "DELETE" else real(services, kind, method, *rest)

    monkeypatch.setattr(module, "_call", no_delete)
    assert lights(checked(scene, write=True))["column_left"] == "bad"
    assert LABEL in [item["label"] for item in scene.lms.state()["line_items"]]


def test_a_permission_that_was_taken_away_is_seen(scene: Scene) -> None:
    graded(scene)
    tool = scene.lms.tool
    assert tool is not None
    kept = tuple(scope for scope in tool.configuration.scopes if scope != SCOPE_ROSTER)
    with scene.lms.lms.store.transaction() as db:
        tools.update_tool(db, tool.id, replace(tool.configuration, scopes=kept))
    found = lights(checked(scene))
    assert (found["roster_token"], found["roster"], found["score"]) == ("warn", "waiting", "good")


def test_a_clock_that_is_off_is_seen(scene: Scene) -> None:
    scene.clock.now = datetime.now(UTC) - timedelta(minutes=10)
    found = check(scene.wiring, registered(scene), scene.keys.sign)
    assert lights(found)["clock"] == "bad"


def test_the_button_shows_the_lines_and_writes_only_when_asked(scene: Scene) -> None:
    graded(scene)
    scene.clock.now = datetime.now(UTC)
    admin = make(scene.wiring)
    root, client = admin.administrator(), admin.client()
    assert "Check now" in client.get(root).text
    page = client.post(f"{root}/platforms/{scene.platform}/check").text
    assert "Everything that was checked is in order" in page
    assert "Check the gradebook by making a column" in page
    assert scene.calls("lineitems") == []
    page = client.post(f"{root}/platforms/{scene.platform}/check", data={"write": "yes"}).text
    assert "A column was made and deleted again." in page
    scene.lms.fail("jwks", "500")
    page = client.post(f"{root}/platforms/{scene.platform}/check").text
    assert "1 thing is not in order" in page
    assert "The LMS answered 500 instead of its keys." in page
    assert client.post(f"{root}/platforms/999/check").status_code == 404


def test_the_last_check_stands_in_the_list_with_a_light_for_each_thing(scene: Scene) -> None:
    graded(scene)
    scene.clock.now = datetime.now(UTC)
    admin = make(scene.wiring)
    root, client = admin.administrator(), admin.client()
    assert "in order" not in client.get(root).text, "what was never checked is not called good"
    again = client.get(f"{root}/platforms/{scene.platform}/check")
    assert (again.status_code, again.location) == (303, root)
    client.post(f"{root}/platforms/{scene.platform}/check")
    page = client.get(root).text
    for words in ("Keys: in order", "Clock: in order", "Permissions: in order", "Gradebook: not checked yet"):
        assert words in page, words
    assert "List of learners: in order" in page
    scene.lms.fail("jwks", "500")
    client.post(f"{root}/platforms/{scene.platform}/check", data={"write": "yes"})
    page = client.get(root).text
    assert "Keys: not in order" in page
    assert "Gradebook: in order" in page
    scene.lms.recover()
    assert "The LMS answered 500 instead of its keys." in client.get(f"{root}/platforms/{scene.platform}/check").text
    assert client.get(f"{root}/platforms/999/check").status_code == 404
    assert client.get(f"{admin.session_of()}/admin/platforms/{scene.platform}/check").status_code == 403


def test_the_check_by_command_stands_in_the_list_too(scene: Scene, database_url: str) -> None:
    settings = replace(scene.wiring.settings, database_url=database_url, keys_dir=key_folder())
    scene.lms.fail("jwks", "500")
    CliRunner().invoke(platform_check, [str(scene.platform)], obj=settings)
    with reading(scene.wiring.engine) as conn:
        assert checks.last(conn)[scene.platform].lights["keys"] == "bad"
        assert checks.last(conn, scene.platform + 1) == {}


@given(st.lists(st.builds(Line, st.sampled_from(sorted(TITLES)), st.sampled_from(["good", "warn", "bad", "waiting"]),
                          st.just("x"))))  # fmt: skip
def test_a_light_is_the_worst_of_its_lines(found: list[Line]) -> None:
    shown = checks.Checked(NOW, tuple(found)).lights
    assert set(shown) == {"keys", "clock", "token", "gradebook", "roster"}
    assert ("bad" in shown.values()) is any(line.light == "bad" for line in found)
    assert set(shown.values()) <= {"waiting"} or any(line.light != "waiting" for line in found)
    assert {topic for of in checks.LAMPS.values() for topic in of} == set(TITLES), "every line has its light"


def test_the_command_says_no_with_its_exit_status(scene: Scene, database_url: str) -> None:
    settings = replace(scene.wiring.settings, database_url=database_url, keys_dir=key_folder())
    run = CliRunner().invoke(platform_check, [str(scene.platform), "--json"], obj=settings)
    assert run.exit_code == 0, run.output
    assert {row["topic"]: row["light"] for row in json.loads(run.stdout)}["roster"] == "good"
    scene.lms.fail("token", "500")
    run = CliRunner().invoke(platform_check, [str(scene.platform)], obj=settings)
    assert run.exit_code == 0, "a fault that may pass is no 'no'"
    scene.lms.fail("token", "drop")
    run = CliRunner().invoke(platform_check, [str(scene.platform)], obj=settings)
    assert run.exit_code == 1
    assert "NO    Permission to send grades: The LMS can't be reached at its token address." in run.output
    assert isinstance(CliRunner().invoke(platform_check, ["999"], obj=settings).exception, NotFound)


def test_a_tool_without_keys_is_told_so(scene: Scene, database_url: str, tmp_path: Path) -> None:
    settings = replace(scene.wiring.settings, database_url=database_url, keys_dir=tmp_path / "none")
    run = CliRunner().invoke(platform_check, [str(scene.platform)], obj=settings)
    assert run.exit_code == 1
    assert "This tool has no key to sign with. Run on its server: lti-tool keys new" in run.output
