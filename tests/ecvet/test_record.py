"""The record as values: one learner, many at once, the summary of a module, the command."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from lti_tool.db import reading, writing
from lti_tool.ecvet import learners, record, record_cli
from lti_tool.ecvet.learners import Learner
from lti_tool.errors import BadInput
from tests.learning import BASE, Place, Somebody
from xapi import personas


def learner(place: Place, conn: sa.Connection, who: Somebody) -> Learner:
    return learners.by_person(conn, [who.person])[who.person]


def test_many_records_are_what_each_is_alone(place: Place) -> None:
    people = [
        place.learner(name, *some) for name, some in (("Anna", ("CECO", "DIGY")), ("Boris", ("DIGY",)), ("C", ()))
    ]
    place.passes(people[0], "M01", "M02")
    place.demonstrates_u1(people[1])
    abroad = place.learner("Anna2", home="https://canvas.example.bg")
    place.passes(abroad, "M03")
    place.passes(people[0], "M04")
    with writing(place.engine) as conn:
        personas.join(conn, people[0].person, abroad.person, "test", place.clock())
    with reading(place.engine) as conn:
        them = [learner(place, conn, one) for one in people]
        found = record.many(conn, them, place.clock(), BASE)
        alone = {one.person: record.records(conn, one, place.clock(), BASE) for one in them}
        ceco = record.many(conn, them, place.clock(), BASE, "CECO")
    assert found == alone
    assert [len(found[one.person]) for one in them] == [2, 1, 0]
    assert [len(ceco[one.person]) for one in them] == [1, 0, 0]


def test_a_course_of_thirty_costs_as_many_queries_as_one_of_three(here: Place) -> None:
    def queries(count: int) -> int:
        people = [here.learner(f"L{count}-{number}", "CECO") for number in range(count)]
        asked = 0

        def counted(*_arguments: object) -> None:
            nonlocal asked
            asked += 1

        with reading(here.engine) as conn:
            them = list(learners.by_person(conn, [one.person for one in people]).values())
            sa.event.listen(here.engine, "before_cursor_execute", counted)
            record.many(conn, them, here.clock(), BASE, "CECO")
            sa.event.remove(here.engine, "before_cursor_execute", counted)
        return asked

    assert queries(30) == queries(3)


def test_the_summary_of_a_module_names_what_it_newly_demonstrated_and_what_is_next(place: Place) -> None:
    anna = place.learner("Anna", "CECO")

    def summary(code: str) -> record.ModuleSummary:
        with reading(place.engine) as conn:
            return record.summary(conn, [anna.key], code, "CECO", now=place.clock(), base_url=BASE)

    wanted = next(one for one in place.record(anna).programme.units[0].outcomes if len(one.modules) > 1)
    *first, last = wanted.modules
    place.passes(anna, *first)
    assert [wanted in new for _unit, new in summary(first[0]).units] == [False]
    place.passes(anna, last)
    ((unit, new),) = summary(last).units
    assert unit.unit.id == "BIB-U1" and wanted in new
    assert all(last in outcome.modules for outcome in new)
    assert unit.judged.next is not None and unit.judged.next.code == "module_left"
    left = next(id for id in unit.unit.modules if id not in wanted.modules)
    assert [new for _unit, new in summary(left).units] == [()]
    with reading(place.engine) as conn:
        assert record.summary(conn, [anna.key], "M01", "DIGY", now=place.clock(), base_url=BASE).units == ()


def run(place: Place, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setenv("LTI_TOOL_DATABASE_URL", place.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LTI_TOOL_BASE_URL", BASE)
    monkeypatch.setenv("LTI_TOOL_SECRET_KEY", "a secret for tests, thirty-two characters")
    done = CliRunner().invoke(record_cli.record, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_prints_the_record_as_json_and_as_a_page_of_its_own(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = place.learner("Anna", "CECO", "DIGY")
    place.passes(anna, "M01", scaled=0.86)
    (ceco, digy) = json.loads(run(place, monkeypatch, "Anna"))
    assert (ceco["programme"], digy["programme"]) == ("CECO", "DIGY")
    assert ceco["learner"]["person"] == anna.person
    assert ceco["units"][0]["state"] == "in_progress"
    assert ceco["hours"]["work_based"] == {
        "planned": 165,
        "recorded": 0,
        "excused": 0,
        "declared": 0,
        "waiting": 0,
    }
    html = run(place, monkeypatch, anna.person, "--format", "html", "--programme", "CECO", "--lang", "lv")
    assert '<html lang="lv">' in html
    assert "Kopienas iesaistes un komunikācijas speciālists" in html
    assert "<link" not in html and "<script" not in html and "86" in html


def test_a_learner_who_is_not_there_or_not_the_only_one_of_the_name_is_not_guessed(here: Place) -> None:
    here.learner("Anna", "CECO")
    here.learner("Anna2", "CECO", known_as="Anna")
    with reading(here.engine) as conn:
        for asked in ("Anna", "Nobody", "00000000-0000-4000-8000-000000000000"):
            with pytest.raises(BadInput, match="RECORD-LEARNER"):
                record_cli.find(conn, asked)
        assert record_cli.find(conn, "account:https://moodle.example.org|anna2").name == "Anna"
