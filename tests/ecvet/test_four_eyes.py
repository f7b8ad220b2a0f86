"""Where a programme asks for two persons, whoever assessed a unit does not validate it, or whoever validated it does
not recognise it: on the pages, in lists of what waits, and in whatever the judge is given."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from lti_tool.cli import cli
from lti_tool.db import reading, writing
from lti_tool.ecvet import decisions, settling, store
from lti_tool.ecvet.acts import Decision
from lti_tool.ecvet.decisions import Wish
from lti_tool.ecvet.programme import ProgrammeInvalid, read
from lti_tool.errors import Conflict
from lti_tool.insight import reminders, waiting
from lti_tool.people import store as people
from tests.ecvet.builders import act, ceco, enough, judged
from tests.ecvet.revised import revise
from tests.ecvet.small import SMALL, texts
from tests.learning import BASE, Place, Somebody
from xapi import personas


def decide(here: Place, learner: Somebody, by: Somebody, kind: str, result: str = "", *, four: bool = True) -> str:
    default = "achieved" if kind == "assess" else "granted"
    with writing(here.engine) as conn:
        decisions.take_turn(conn)
        record = here.record_in(conn, learner)
        record = replace(record, programme=replace(record.programme, four_eyes=four))
        wish = Wish(kind, result or default, "seen")  # type: ignore[arg-type]  # a Kind
        return decisions.decide(conn, record, "BIB-U1", wish, here.by(by), here.clock(), BASE)


def withdraw(here: Place, learner: Somebody, by: Somebody, decision: str) -> None:
    here.clock.forward(minutes=1)
    with writing(here.engine) as conn:
        decisions.withdraw(conn, here.record_in(conn, learner), decision, "erred", here.by(by), here.clock(), BASE)
    here.clock.forward(minutes=1)


def scene(here: Place) -> tuple[Somebody, Somebody, Somebody]:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    return anna, here.holder("coordinator", name="First"), here.holder("coordinator", name="Second")


def test_the_first_person_does_not_validate_and_the_second_does(place: Place) -> None:
    anna, first, second = scene(place)
    decide(place, anna, first, "assess")
    with pytest.raises(Conflict, match="ECVET-FOUR-EYES"):
        decide(place, anna, first, "validate")
    assert place.state(anna) == "assessed_achieved"
    decide(place, anna, second, "validate")
    assert place.state(anna) == "validated"


def test_where_the_programme_does_not_ask_one_person_is_enough(here: Place) -> None:
    anna, first, _second = scene(here)
    decide(here, anna, first, "assess", four=False)
    decide(here, anna, first, "validate", four=False)
    assert here.state(anna) == "validated"


def test_two_accounts_of_one_person_are_two_eyes(here: Place) -> None:
    anna, first, second = scene(here)
    decide(here, anna, first, "assess")
    with writing(here.engine) as conn:
        personas.join(conn, first.person, second.person, "test", here.clock())
    with pytest.raises(Conflict, match="ECVET-FOUR-EYES"):
        decide(here, anna, second, "validate")


def test_a_withdrawn_assessment_binds_nobody(here: Place) -> None:
    anna, first, second = scene(here)
    withdraw(here, anna, first, decide(here, anna, first, "assess"))
    decide(here, anna, second, "assess")
    decide(here, anna, first, "validate")
    assert here.state(anna) == "validated"


def test_the_first_person_may_still_refuse(here: Place) -> None:
    anna, first, _second = scene(here)
    decide(here, anna, first, "assess")
    decide(here, anna, first, "validate", "refused")
    assert here.state(anna) == "assessed_achieved"


def test_the_page_offers_the_act_to_the_second_alone(here: Place) -> None:
    anna, first, second = scene(here)
    decide(here, anna, first, "assess")
    record = here.record(anna)
    record = replace(record, programme=replace(record.programme, four_eyes=True))
    unit = record.unit("BIB-U1")
    assert unit is not None
    offered = [decisions.open_to(record, unit, here.by(who), BASE) for who in (first, second)]
    assert ["validate" in kinds for kinds in offered] == [False, True]


def test_the_first_person_reads_why_the_act_is_for_a_colleague(here: Place) -> None:
    anna, first, second = scene(here)
    four(here, "four_eyes")
    anna = moved(here, anna)
    decide(here, anna, first, "assess")
    page = f"/programme/CECO/learner/{anna.person}/unit/BIB-U1"
    told = ["You assessed this unit, so somebody else" in here.browser(who).text(page) for who in (first, second)]
    assert told == [True, False]
    assessor = here.holder("assessor")  # whose role does not validate in any case
    assert "somebody else validates it" not in here.browser(assessor).text(page)


def test_a_programme_says_so_in_its_file() -> None:
    asked = SMALL.replace("  id: P\n", "  id: P\n  four_eyes: true\n")
    assert read("small.yaml", texts(asked)).four_eyes is True
    assert read("small.yaml", texts()).four_eyes is False
    both = read("small.yaml", texts(asked.replace("four_eyes: true", "four_eyes_recognition: true")))
    assert both.two_persons == {"recognise"}
    with pytest.raises(ProgrammeInvalid):
        read("small.yaml", texts(asked.replace("four_eyes: true", "four_eyes: perhaps")))


def test_where_recognition_asks_for_it_whoever_validated_does_not_recognise(place: Place) -> None:
    anna, first, second = scene(place)
    four(place, "four_eyes_recognition")
    anna = moved(place, anna)
    decide(place, anna, first, "assess", four=False)
    decide(place, anna, first, "validate", four=False)
    with pytest.raises(Conflict, match="ECVET-FOUR-EYES"):
        decide(place, anna, first, "recognise", four=False)
    decide(place, anna, second, "recognise", four=False)
    assert place.state(anna) == "recognised"


def four(place: Place, *keys: str) -> str:
    """CECO asks for it from now on; the new version."""
    asked = "".join(f"  {key}: true\n" for key in keys)
    return revise(place, ("ceco.yaml", "\n  id: CECO\n", f"\n  id: CECO\n{asked}")).version


def moved(place: Place, who: Somebody) -> Somebody:
    """The learner is on the current version."""
    with writing(place.engine) as conn:
        found = store.get(conn, "CECO")
        assert found is not None
        mine = people.enrolments.c.actor_key == who.key
        conn.execute(people.enrolments.update().where(mine).values(version=found.version))
    return who


def todo(place: Place, who: Somebody) -> list[tuple[str, str]]:
    while settling.settle(place.wiring):
        pass
    with reading(place.engine) as conn:
        found = waiting.tasks(conn, place.by(who), place.clock(), BASE, 0, 50)
        counted = reminders.counts(conn, place.by(who), place.clock(), BASE)
    assert found.count == len(found.shown) == counted.total()
    return [(one.kind, one.unit) for one in found.shown]


def test_the_list_of_what_waits_offers_it_to_the_second_alone(place: Place) -> None:
    anna, first, second = scene(place)
    four(place, "four_eyes", "four_eyes_recognition")
    moved(place, anna)
    assert todo(place, first) == todo(place, second) == [("assess", "BIB-U1")]
    done = decide(place, anna, first, "assess")
    assert (todo(place, first), todo(place, second)) == ([], [("validate", "BIB-U1")])
    third = place.holder("coordinator", name="Third")
    with writing(place.engine) as conn:
        personas.join(conn, first.person, third.person, "test", place.clock())
    assert todo(place, third) == [], "two accounts of one person are one"
    assert todo(place, first) == []
    withdraw(place, anna, first, done)
    decide(place, anna, second, "assess")
    assert (todo(place, first), todo(place, second)) == ([("validate", "BIB-U1")], [])
    decide(place, anna, first, "validate")
    assert (todo(place, first), todo(place, second)) == ([], [("recognise", "BIB-U1")])


def test_a_version_that_does_not_ask_offers_it_to_the_first_as_well(place: Place) -> None:
    anna, first, _second = scene(place)
    four(place, "four_eyes")
    decide(place, anna, first, "assess", four=False)
    assert todo(place, first) == [("validate", "BIB-U1")]


def test_what_was_validated_before_a_programme_asked_for_it_stays_so(place: Place) -> None:
    anna, first, _second = scene(place)
    decide(place, anna, first, "assess", four=False)
    decide(place, anna, first, "validate", four=False)
    four(place, "four_eyes")
    assert place.state(moved(place, anna)) == "validated"


def test_a_row_that_breaks_it_counts_for_nothing_however_it_came_there(place: Place) -> None:
    anna, first, _second = scene(place)
    four(place, "four_eyes")
    moved(place, anna)
    decide(place, anna, first, "assess", four=False)
    decide(place, anna, first, "validate", four=False)
    found = place.record(anna).unit("BIB-U1")
    assert found is not None
    assert (found.judged.state, found.judged.points) == ("assessed_achieved", 0)
    assert [dict(one.params)["kind"] for one in found.judged.why if one.code == "four_eyes"] == ["validate"]


def by(name: str, one: Decision) -> Decision:
    return replace(one, by=name)


@pytest.mark.parametrize(
    ("assessor", "validator", "recogniser", "state"),
    [
        ("Anna", "Boris", "Anna", "recognised"),
        ("Anna", "Boris", "Boris", "validated"),
        ("Anna", "Anna", "Boris", "assessed_achieved"),
        ("Anna", " ANNA", "Boris", "assessed_achieved"),
        ("Anna", "", "Boris", "assessed_achieved"),
        ("", "Boris", "Anna", "assessed_achieved"),
    ],
)
def test_the_judge_itself_asks_for_two_persons(assessor: str, validator: str, recogniser: str, state: str) -> None:
    programme = replace(ceco(), four_eyes=True, four_eyes_recognition=True)
    names = {"assess": assessor, "validate": validator, "recognise": recogniser}
    acts = tuple(by(name, act(kind, "BIB-U1", day=day)) for day, (kind, name) in enumerate(names.items(), 1))
    unit = judged(programme, *enough(programme, "BIB-U1"), acts=acts).units[0]
    assert unit.state == state
    assert judged(ceco(), *enough(ceco(), "BIB-U1"), acts=acts).units[0].state == "recognised"
    codes = [one.code for one in unit.why]
    assert ("four_eyes" in codes) == (state != "recognised")


def test_an_account_tells_persons_apart_where_it_is_known() -> None:
    programme = replace(ceco(), four_eyes=True)
    one, other = act("assess", "BIB-U1", day=1), act("validate", "BIB-U1", day=2)
    for whose, state in ((("a", "b"), "validated"), (("a", "a"), "assessed_achieved")):
        acts = (replace(one, by="Anna", who=whose[0]), replace(other, by="Anna", who=whose[1]))
        assert judged(programme, *enough(programme, "BIB-U1"), acts=acts).units[0].state == state


def test_a_file_of_decisions_does_not_go_round_it(tmp_path: Path) -> None:
    asked = SMALL.replace("  id: P\n", "  id: P\n  four_eyes: true\n")
    for name, text in texts(asked).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    at = ["2026-03-03T10:00:00Z", "2026-03-04T10:00:00Z"]
    actor = {"mbox": "mailto:anna@example.org"}
    (tmp_path / "said.json").write_text(json.dumps([]))

    def judge(validator: str) -> dict[str, object]:
        acts = [
            {"kind": "assess", "unit": "U1", "result": "achieved", "by": "Anna", "at": at[0], "actor": actor},
            {"kind": "validate", "unit": "U1", "by": validator, "at": at[1], "actor": actor},
        ]
        (tmp_path / "acts.json").write_text(json.dumps(acts))
        files = [str(tmp_path / name) for name in ("small.yaml", "said.json", "acts.json")]
        done = CliRunner().invoke(cli, ["programme", "judge", *files[:2], "--decisions", files[2], "--json"])
        assert done.exit_code == 0, done.output
        (learner,) = json.loads(done.stdout)["learners"]
        (unit,) = learner["units"]
        return {"state": unit["state"], "points": unit["points"], "why": [one["text"] for one in unit["why"]]}

    refused = judge("Anna")
    assert (refused["state"], refused["points"]) == ("assessed_achieved", 0)
    assert "Anna assessed this too, and the programme asks for two persons." in str(refused["why"])
    assert judge("Boris")["state"] == "validated"
