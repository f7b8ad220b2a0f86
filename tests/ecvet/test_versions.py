"""A changed programme never rewrites a past award; learners stay on their version until somebody moves them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.db import reading, writing
from lti_tool.ecvet import decisions, moves, store
from lti_tool.ecvet.check import check
from lti_tool.ecvet.decisions import Wish
from lti_tool.ecvet.move_cli import move_command
from lti_tool.ecvet.programme import Programme, read
from lti_tool.ecvet.terms import MODES, Unit, tidy
from lti_tool.ecvet.versions import Kept, changes, differs, personal
from lti_tool.errors import BadInput, NotFound
from lti_tool.gradebook.marking import marker
from lti_tool.papers import issue
from lti_tool.people.roles import Role
from tests.ecvet.builders import ceco, digy
from tests.ecvet.revised import HARDER, REWORDED, SHORTER, revise, texts
from tests.learning import BASE, Place, Somebody

U1 = "BIB-U1"


def decide(place: Place, by: Somebody, who: Somebody, kind: str, result: str, unit: str = U1) -> None:
    with writing(place.engine) as conn:
        record = place.record_in(conn, who)
        wish = Wish(kind, result, "seen")  # type: ignore[arg-type]  # kinds are said in full below
        decisions.decide(conn, record, unit, wish, place.by(by), place.clock(), BASE)
    place.clock.forward(minutes=1)


def awarded(place: Place, name: str = "Anna", *, upto: str = "validate") -> tuple[Somebody, Somebody]:
    """A learner whose first unit is assessed (and validated, and recognised), and the coordinator who did it."""
    anna, boss = place.learner(name, "CECO"), place.holder("coordinator")
    place.demonstrates_u1(anna)
    place.clock.forward(minutes=1)
    for kind, result in (("assess", "achieved"), ("validate", "granted"), ("recognise", "granted")):
        decide(place, boss, anna, kind, result)
        if kind == upto:
            break
    return anna, boss


def move(place: Place, by: Somebody, who: Somebody, version: str, reason: str = "The new one is out") -> bool:
    with writing(place.engine) as conn:
        record = place.record_in(conn, who)
        to = moves.target(conn, "CECO", version)
        done = moves.move(
            conn, record, to, reason, place.by(by), place.clock(), BASE, lambda _c, s: place.heard.extend(s)
        )
    place.clock.forward(minutes=1)
    return done


# What changed


def test_the_revisions_of_these_tests_are_sound() -> None:
    for edits in (HARDER, SHORTER, REWORDED):
        programme = read("ceco.yaml", texts(*edits))
        assert [one for one in check(programme) if one.severity == "error"] == []
        assert programme.version != ceco().version


def test_changes_are_told_by_what_a_learner_meets() -> None:
    found = changes(ceco(), read("ceco.yaml", texts(*HARDER)))
    assert [(one.kind, one.about, one.id, one.field, one.before, one.after) for one in found] == [
        ("changed", "programme", "CECO", "credit.points", "16", "17"),
        ("changed", "unit", U1, "points", "1", "2"),
        ("added", "outcome", "BIB-U1-N9", "", "", "Something new"),
        (
            "changed",
            "outcome",
            "BIB-U1-K1",
            "text",
            "Explain how search tools, algorithms and data sources shape the information that library users find",
            "Describe how search tools, algorithms and data sources shape the information that library users find",
        ),
    ]
    gone = changes(ceco(), read("ceco.yaml", texts(*SHORTER)))
    assert ("removed", "unit", U1) in {(one.kind, one.about, one.id) for one in gone}
    assert {one.id for one in gone if one.about == "module"} == {f"M0{number}" for number in range(1, 10)}


def test_what_no_learner_notices_is_no_change() -> None:
    other = read("ceco.yaml", texts(*REWORDED))
    assert changes(ceco(), other) == ()


@given(first=st.sampled_from([(), HARDER, SHORTER]), second=st.sampled_from([(), HARDER, SHORTER]))
def test_changes_back_are_the_changes_there_turned_round(
    first: tuple[tuple[str, str, str], ...], second: object
) -> None:
    old, new = _read(first), _read(second)  # type: ignore[arg-type]  # the same kind of tuple
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    there = {(one.kind, one.about, one.id, one.field, one.before, one.after) for one in changes(old, new)}
    back = {(turned[one.kind], one.about, one.id, one.field, one.after, one.before) for one in changes(new, old)}
    assert there == back
    assert (there == set()) == (old.version == new.version)


_READ: dict[object, Programme] = {}


def _read(edits: tuple[tuple[str, str, str], ...]) -> Programme:
    if edits not in _READ:
        _READ[edits] = read("ceco.yaml", texts(*edits))
    return _READ[edits]


# What is kept


@st.composite
def kept_units(draw: st.DrawFn) -> dict[str, Kept]:
    """Some units of CECO or DIGY, with other points and hours than they have in CECO now."""
    chosen = draw(st.lists(st.sampled_from([*ceco().units, *digy().units]), max_size=5, unique_by=lambda one: one.id))
    found = {}
    for unit in chosen:
        hours = type(unit.hours)({mode: draw(st.integers(0, 40)) for mode in MODES})
        changed: Unit = replace(unit, points=draw(st.integers(0, 9)), hours=hours)
        found[unit.id] = Kept(changed, digy() if digy().unit(unit.id) else ceco())
    return found


@given(kept=kept_units())
def test_who_keeps_units_has_each_once_as_it_was_and_the_sums_are_those_of_the_units(kept: dict[str, Kept]) -> None:
    own = personal(ceco(), kept)
    assert len({unit.id for unit in own.units}) == len(own.units)
    assert [unit.id for unit in own.units][: len(ceco().units)] == [unit.id for unit in ceco().units]
    for id, one in kept.items():
        unit = own.unit(id)
        assert unit is not None
        assert (unit.points, unit.hours, unit.outcomes) == (one.unit.points, one.unit.hours, one.unit.outcomes)
        assert all(own.module(module) for module in unit.modules)
    compulsory = [unit for unit in own.units if unit.compulsory]
    assert own.points == tidy(sum(unit.points for unit in compulsory))
    for mode in MODES:
        assert own.hours[mode] == tidy(sum(unit.hours[mode] for unit in compulsory))
    assert [unit.position for unit in own.units] == list(range(1, len(own.units) + 1))
    assert own.version == ceco().version


def test_without_anything_kept_the_programme_is_itself() -> None:
    assert personal(ceco(), {}) is ceco()
    unit = ceco().units[0]
    assert not differs(unit, replace(unit, position=7)) and differs(unit, replace(unit, points=7))


# Learners


def test_an_import_moves_nobody_and_new_learners_get_the_new_version(place: Place) -> None:
    anna, _boss = awarded(place)
    before = place.record(anna)
    new = revise(place, *HARDER)
    after = place.record(anna)
    assert after.programme.version == before.programme.version != new.version
    assert after.judgement == before.judgement
    assert place.record(place.learner("Boris", "CECO")).programme.version == new.version


def test_an_award_stays_as_it_was_whatever_the_new_version_asks(place: Place) -> None:
    anna, boss = awarded(place, upto="recognise")
    was = place.record(anna).unit(U1)
    old, new = place.record(anna).programme.version, revise(place, *HARDER)
    assert move(place, boss, anna, new.version)
    record = place.record(anna)
    now = record.unit(U1)
    assert was is not None and now is not None and record.enrolment is not None
    assert record.enrolment.version == record.programme.version == new.version
    assert (now.judged.state, now.judged.points, now.kept) == ("recognised", 1, old)
    assert now.unit == was.unit and len(now.outcomes) == 8
    assert record.programme.points == 16  # 17, less the point that the kept unit does not have
    assert place.record(place.learner("Boris", "CECO")).programme.points == 17
    said = f"Awarded under version {old} of the programme"
    assert said in place.browser(anna).text(f"/record/unit/{U1}")
    assert said in place.browser(boss).text(f"/programme/CECO/learner/{anna.person}/unit/{U1}")


def test_what_is_only_assessed_is_assessed_for_what_was_there_then(place: Place) -> None:
    anna, boss = awarded(place, upto="assess")
    new = revise(place, *HARDER)
    move(place, boss, anna, new.version)
    unit = place.record(anna).unit(U1)
    assert unit is not None and not unit.kept
    states = {outcome.id: judged.state for outcome, judged in unit.outcomes}
    assert states.pop("BIB-U1-N9") == "not_started"
    assert set(states.values()) == {"assessed_achieved"}
    assert unit.judged.state not in ("assessed_achieved", "demonstrated")


def test_a_unit_that_the_new_version_has_no_longer_stays_with_its_points(place: Place) -> None:
    anna, boss = awarded(place)
    new = revise(place, *SHORTER)
    move(place, boss, anna, new.version)
    record = place.record(anna)
    unit = record.unit(U1)
    assert unit is not None and unit.kept and not unit.unit.compulsory
    assert record.units[-1].unit.id == U1 and record.judgement.points == 1
    assert record.programme.points == 15


def test_what_is_decided_on_a_kept_unit_is_decided_under_its_version(place: Place) -> None:
    anna, boss = awarded(place)
    old, new = place.record(anna).programme.version, revise(place, *HARDER)
    move(place, boss, anna, new.version)
    decide(place, boss, anna, "recognise", "granted")
    with reading(place.engine) as conn:
        rows = store.decisions_of(conn, [anna.key])
    assert [(row.kind, row.version) for row in rows] == [
        ("assess", old),
        ("validate", old),
        ("recognise", old),
    ]
    assert place.state(anna) == "recognised"


def test_an_award_that_is_taken_back_is_kept_no_longer(place: Place) -> None:
    anna, boss = awarded(place)
    new = revise(place, *HARDER)
    move(place, boss, anna, new.version)
    with writing(place.engine) as conn:
        record = place.record_in(conn, anna)
        row = next(row for row in record.decisions if row.kind == "validate")
        decisions.withdraw(conn, record, row.id, "a mistake", place.by(boss), place.clock(), BASE)
    place.clock.forward(minutes=1)
    unit = place.record(anna).unit(U1)
    assert unit is not None and not unit.kept
    assert len(unit.outcomes) == 9 and unit.judged.points == 0


def test_an_award_under_the_new_version_is_of_the_new_version(place: Place) -> None:
    anna, boss = place.learner("Anna", "CECO"), place.holder("coordinator")
    new = revise(place, *HARDER)
    place.demonstrates_u1(anna)
    place.says(anna, "completed", "outcome/BIB-U1-N9")
    place.clock.forward(minutes=1)
    move(place, boss, anna, new.version)
    decide(place, boss, anna, "assess", "achieved")
    decide(place, boss, anna, "validate", "granted")
    unit = place.record(anna).unit(U1)
    assert unit is not None and not unit.kept
    assert (unit.judged.state, unit.judged.points, len(unit.outcomes)) == ("validated", 2, 9)
    # And back again: now the new form of the unit is the one that is kept.
    move(place, boss, anna, ceco().version)
    back = place.record(anna).unit(U1)
    assert back is not None
    assert (back.kept, back.judged.points, len(back.outcomes)) == (new.version, 2, 9)


def test_there_and_back_is_as_it_was(place: Place) -> None:
    anna, boss = awarded(place)
    before = place.record(anna)
    new = revise(place, *HARDER)
    move(place, boss, anna, new.version)
    move(place, boss, anna, before.programme.version)
    assert place.record(anna).judgement == before.judgement
    with reading(place.engine) as conn:
        rows = moves.moves_of(conn, [anna.key], "CECO")
    assert [(row.to_version, row.by_name, row.reason) for row in rows] == [
        (before.programme.version, boss.name, "The new one is out"),
        (new.version, boss.name, "The new one is out"),
    ]


def test_a_move_takes_all_accounts_of_the_person_and_is_told_to_the_record_store(place: Place) -> None:
    anna, boss = place.learner("Anna", "CECO"), place.holder("coordinator")
    new = revise(place, *HARDER)
    place.heard.clear()
    assert move(place, boss, anna, new.version)
    assert not move(place, boss, anna, new.version)
    told = [one.statement for one in place.heard]
    assert [(one["actor"], one["context"]["revision"]) for one in told] == [(told[0]["actor"], new.version)]
    assert told[0]["actor"]["account"]["name"] == "anna"
    assert told[0]["authority"]["account"]["name"] == "lti-tool-decisions"


def test_a_move_needs_a_reason_and_a_version_that_was_imported(place: Place) -> None:
    anna, boss = place.learner("Anna", "CECO"), place.holder("coordinator")
    new = revise(place, *HARDER)
    with pytest.raises(BadInput):
        move(place, boss, anna, new.version, " ")
    with pytest.raises(NotFound):
        move(place, boss, anna, "000000000000")
    assert place.record(anna).programme.version == ceco().version


# Every page judges by the learner's version


@pytest.fixture
def two_versions(here: Place) -> Iterator[tuple[Place, Somebody, Somebody, int]]:
    """Anna on the old version, which had BIB-U1; Boris on the new one, which has not."""
    course = here.course()
    anna = here.learner("Anna", "CECO", course=course)
    here.demonstrates_u1(anna)
    revise(here, *SHORTER)
    boris = here.learner("Boris", "CECO", course=course)
    here.passes(boris, "M10")
    here.clock.forward(minutes=1)
    yield here, anna, boris, course


def test_the_list_of_a_programme_shows_each_in_their_version(
    two_versions: tuple[Place, Somebody, Somebody, int],
) -> None:
    here, anna, boris, _course = two_versions
    page = here.browser(here.holder("coordinator")).get("/programme?programme=CECO").text
    assert f"/programme/CECO/learner/{anna.person}/unit/BIB-U1" in page
    assert f"/programme/CECO/learner/{boris.person}/unit/BIB-U1" not in page
    assert f"/programme/CECO/learner/{boris.person}/unit/BIB-U2" in page
    # Both rows have as many cells as there are columns, so that no state stands under another unit.
    rows = [row for row in page.split("<tr>")[1:] if "<td" in row]
    assert len(rows) == 2
    assert {row.count("<td") for row in rows} == {page.count('<th scope="col"') - 1}


def test_records_the_course_and_the_to_do_list_judge_each_in_their_version(
    two_versions: tuple[Place, Somebody, Somebody, int],
) -> None:
    here, anna, boris, course = two_versions
    assert "demonstrated" in here.browser(anna).text("/record/unit/BIB-U1")
    assert here.browser(boris).get("/record/unit/BIB-U1").status_code == 404
    table = here.browser(here.teacher(course)).text("/course")
    assert "BIB-U1" in table and "BIB-U2" in table
    todo = here.browser(here.holder("assessor")).text("/to-do")
    assert "Anna" in todo


# The page


def ticked(*persons: Somebody, to: str, reason: str = "The new one is out") -> dict[str, object]:
    return {"person": [one.person for one in persons], "to": to, "reason": reason}


def test_the_page_shows_what_changes_and_for_whom_before_anybody_moves(place: Place) -> None:
    anna, boss = awarded(place)
    boris = place.learner("Boris", "CECO")
    place.demonstrates_u1(boris)
    new = revise(place, *HARDER)
    place.clock.forward(minutes=1)
    browser = place.browser(boss)
    page = browser.text(f"/programme/CECO/move?to={new.version}")
    assert f"What changes from {ceco().version} to {new.version}" in page
    assert "Unit BIB-U1, Points: 1 → 2" in page and "Learning outcome BIB-U1-N9 is new: Something new" in page
    assert "Boris" in page and "BIB-U1: demonstrated → in progress" in page
    assert "1 of 16 → 1 of 16" in page
    assert place.record(anna).programme.version == place.record(boris).programme.version == ceco().version
    shown = browser.submit("/programme/CECO/move", ticked(anna, to=new.version))
    form, _head, past = shown.partition("Moved so far")
    assert "1 learner was moved." in form and "Anna" not in form and "Boris" in form
    assert f"Anna : {ceco().version} → {new.version}" in past and "The new one is out" in past and boss.name in past
    assert place.record(anna).programme.version == new.version
    assert place.record(boris).programme.version == ceco().version
    assert place.state(anna) == "validated"


def test_the_form_needs_somebody_and_a_reason_and_keeps_what_was_filled_in(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    new = revise(here, *HARDER)
    browser = here.browser(here.holder("coordinator"))
    nobody = browser.post("/programme/CECO/move", {"to": new.version, "reason": "because"})
    assert nobody.status_code == 400 and "Nobody is ticked" in nobody.text and "because" in nobody.text
    silent = browser.post("/programme/CECO/move", ticked(anna, to=new.version, reason=""))
    assert silent.status_code == 400 and "checked" in silent.text
    assert browser.post("/programme/CECO/move", ticked(anna, to="000000000000")).status_code == 404
    assert here.record(anna).programme.version == ceco().version


@pytest.mark.parametrize("role", [*get_args(Role), "learner", None])
def test_coordinators_move_and_nobody_else(here: Place, role: str | None) -> None:
    anna = here.learner("Anna", "CECO")
    new = revise(here, *HARDER)
    who = anna if role == "learner" else here.holder(role, "CECO") if role else None  # type: ignore[arg-type]  # a Role
    browser = here.browser(who)
    page, sent = browser.get("/programme/CECO/move"), browser.post("/programme/CECO/move", ticked(anna, to=new.version))
    if role == "coordinator":
        assert (page.status_code, sent.status_code) == (200, 303)
    else:
        assert page.status_code == sent.status_code == (401 if role is None else 403)
        assert f'value="{anna.person}"' not in page.text
    assert (here.record(anna).programme.version == new.version) is (role == "coordinator")


@pytest.mark.parametrize(("programme", "institution"), [("DIGY", None), ("CECO", "IT-UNIBA"), (None, "IT-UNIBA")])
def test_a_learner_out_of_reach_is_neither_shown_nor_moved(
    here: Place, programme: str | None, institution: str | None
) -> None:
    anna = here.learner("Anna", "CECO", institution="LV-KISC")
    new = revise(here, *HARDER)
    browser = here.browser(here.holder("coordinator", programme, institution))
    page = browser.get("/programme/CECO/move")
    assert page.status_code == (404 if programme == "DIGY" else 200) and "Anna" not in page.text
    assert browser.post("/programme/CECO/move", ticked(anna, to=new.version)).status_code == 404
    assert here.record(anna).programme.version == ceco().version


def test_nobody_moves_themselves(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.grant(anna, "coordinator")
    new = revise(here, *HARDER)
    browser = here.browser(anna)
    assert anna.person not in browser.get("/programme/CECO/move").text
    assert browser.post("/programme/CECO/move", ticked(anna, to=new.version)).status_code == 403
    assert here.record(anna).programme.version == ceco().version


# The command


@pytest.fixture
def command(here: Place, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("LTI_TOOL_DATABASE_URL", here.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LTI_TOOL_SECRET_KEY", "x" * 40)
    monkeypatch.setenv("LTI_TOOL_BASE_URL", BASE)
    return CliRunner()


def test_a_dry_run_shows_and_changes_nothing_and_all_moves_all(here: Place, command: CliRunner) -> None:
    anna, _boss = awarded(here)
    boris = here.learner("Boris", "CECO")
    new = revise(here, *HARDER)
    run = move_command(marker)
    dry = command.invoke(run, ["CECO", "--to", new.version, "--all", "--dry-run", "--json"])
    assert dry.exit_code == 0, dry.output
    answer = json.loads(dry.stdout)
    assert answer["moved"] is False and {one["name"] for one in answer["learners"]} == {"Anna", "Boris"}
    assert {one["id"] for one in answer["changes"][ceco().version]} == {"CECO", U1, "BIB-U1-N9", "BIB-U1-K1"}
    of_anna = next(one for one in answer["learners"] if one["name"] == "Anna")
    assert of_anna["planned_points"] == {"before": 16, "after": 16}
    assert next(one for one in of_anna["units"] if one["id"] == U1)["kept"] is True
    assert here.record(anna).programme.version == ceco().version
    done = command.invoke(run, ["CECO", "--to", "current", "--all", "--reason", "New year", "--by", "Ilze"])
    assert done.exit_code == 0 and "2 learners moved" in done.output
    assert {here.record(one).programme.version for one in (anna, boris)} == {new.version}
    with reading(here.engine) as conn:
        assert [(row.by_name, row.reason) for row in moves.moves_of(conn, [boris.key])] == [("Ilze", "New year")]
    again = command.invoke(run, ["CECO", "--to", "current", "--all", "--reason", "New year"])
    assert "0 learners moved" in again.output


def test_one_learner_is_moved_by_name_and_others_stay(here: Place, command: CliRunner) -> None:
    anna, boris = here.learner("Anna", "CECO"), here.learner("Boris", "CECO")
    here.learner("Chloe", "DIGY")
    new = revise(here, *HARDER)
    run = move_command(marker)
    assert command.invoke(run, ["CECO", "--to", "current", "--learner", "Anna", "--reason", "r"]).exit_code == 0
    assert here.record(anna).programme.version == new.version != here.record(boris).programme.version
    for words, error in (
        (["CECO", "--to", "current", "--learner", "Chloe", "--reason", "r"], "RECORD-LEARNER"),
        (["CECO", "--to", "current", "--learner", "Nobody", "--reason", "r"], "RECORD-LEARNER"),
        (["CECO", "--to", "current", "--learner", "Boris"], "ECVET-REASON"),
        (["NONE", "--to", "current", "--all", "--dry-run"], "ECVET-VERSION"),
        (["CECO", "--to", "000000000000", "--all", "--reason", "r"], "ECVET-VERSION"),
    ):
        found = command.invoke(run, words).exception
        assert getattr(found, "code", "") == error, (words, found)
    assert command.invoke(run, ["CECO", "--to", "current", "--reason", "r"]).exit_code == 2
    assert here.record(boris).programme.version == ceco().version


def test_grades_of_units_are_looked_at_again_after_a_move(here: Place, command: CliRunner) -> None:
    course = here.course()
    anna = here.learner("Anna", "CECO", course=course)
    column = here.column(course, "M01")
    with writing(here.engine) as conn:
        conn.execute(sa.text("UPDATE line_items SET programme = 'CECO' WHERE id = :id"), {"id": column})
    revise(here, *HARDER)
    done = command.invoke(move_command(marker), ["CECO", "--to", "current", "--all", "--reason", "r"])
    assert done.exit_code == 0, done.output
    with reading(here.engine) as conn:
        marked = conn.execute(sa.text("SELECT line_item_id, actor_key FROM deliveries")).all()
    assert [tuple(row) for row in marked] == [(column, anna.key)]


# Papers


def test_a_paper_of_a_kept_unit_names_the_version_of_the_award(here: Place) -> None:
    anna, boss = awarded(here)
    old, new = here.record(anna).programme.version, revise(here, *HARDER)
    move(here, boss, anna, new.version)
    with writing(here.engine) as conn:
        record = here.record_in(conn, anna)
        wanted = issue.Request("unit", U1, "Anna", "LV-KISC", "")
        award = issue.issue(conn, record, wanted, here.by(boss), here.clock(), issue.new_number())
    (unit,) = award.snapshot["units"]
    assert (award.version, unit["points"]["awarded"], len(unit["outcomes"])) == (old, 1, 8)
