"""Awards: issued by an act of a competent person alone, never changed, superseded by newer ones, withdrawn."""

from __future__ import annotations

from typing import get_args

import pytest

from lti_tool.db import reading, writing
from lti_tool.ecvet import store
from lti_tool.errors import BadInput, Conflict, Forbidden, NotFound, ToolError
from lti_tool.papers import issue as issuing
from lti_tool.papers import register
from lti_tool.papers.award import LIST_LENGTH, digest
from lti_tool.papers.issue import Request
from lti_tool.people import store as people
from lti_tool.people.roles import Role
from tests.ecvet.test_decisions import decide
from tests.ecvet.test_decisions import withdraw as withdraw_decision
from tests.learning import Place
from tests.papers.conftest import anna, award, awards, issue, validated, withdraw


def test_a_validated_unit_is_awarded_on_request_with_all_that_it_rests_on(place: Place) -> None:
    learner, coordinator = anna(place)
    assert awards(place, learner) == []
    made = issue(place, coordinator, learner)
    kept = award(place, made.number)
    assert (kept.state, kept.issued_by, kept.learner_name) == ("valid", "Inga Niedra", learner.name)
    (unit,) = kept.snapshot["units"]
    assert (unit["id"], unit["state"], unit["points"]["awarded"]) == ("BIB-U1", "validated", 1)
    assert [(one["kind"], one["by"], one["reason"]) for one in unit["decisions"]] == [
        ("assess", "Inga Niedra", "Seen at work."),
        ("validate", "Inga Niedra", "Seen at work."),
    ]
    assert kept.version == place.record(learner).programme.version
    assert kept.snapshot["institution"]["title"]["text"]["lv"] == "Kultūras informācijas sistēmu centrs"
    assert set(kept.title) == {"en", "lv", "bg", "el", "it"}


def test_what_is_reconstructed_is_marked_so_in_the_snapshot(here: Place) -> None:
    learner, coordinator = anna(here)
    made = issue(here, coordinator, learner).snapshot
    assert made["programme"]["title"]["status"] == {
        "en": "published",
        "it": "published",
        "lv": "draft",
        "bg": "draft",
        "el": "draft",
    }
    assert made["programme"]["eqf"] == {"value": 5, "status": "published"}
    assert {one["text"]["status"]["en"] for one in made["units"][0]["outcomes"]} == {"reconstructed"}
    assert made["points"]["status"] == "reconstructed"


def test_nothing_is_awarded_that_is_not_validated(place: Place) -> None:
    coordinator = place.holder("coordinator")
    learner = place.learner("Anna", "CECO")
    place.demonstrates_u1(learner)
    for kind in ("unit", "transcript"):
        with pytest.raises(Conflict):
            issue(place, coordinator, learner, kind)  # type: ignore[arg-type]  # both are kinds
    decide(place, coordinator, learner, "assess")
    with pytest.raises(Conflict, match="PAPERS-NOT-VALIDATED"):
        issue(place, coordinator, learner)
    assert issue(place, coordinator, learner, "transcript").state == "valid"


@pytest.mark.parametrize("role", get_args(Role))
def test_only_who_may_award_does(here: Place, role: Role) -> None:
    learner, coordinator = anna(here)
    somebody = here.holder(role, name="Somebody")
    number = issue(here, coordinator, learner, "transcript").number
    if role == "coordinator":
        issue(here, somebody, learner)
        withdraw(here, somebody, learner, number)
        return
    with pytest.raises(Forbidden, match="PEOPLE-ROLE"):
        issue(here, somebody, learner)
    with pytest.raises(Forbidden, match="PEOPLE-ROLE"):
        withdraw(here, somebody, learner, number)
    assert [one.state for one in awards(here, learner)] == ["valid"]


def test_nobody_awards_to_themselves(here: Place) -> None:
    learner, _coordinator = anna(here)
    here.grant(learner, "coordinator")
    with pytest.raises(Forbidden, match="ECVET-SELF"):
        issue(here, learner, learner)


def test_a_coordinator_of_one_institution_awards_in_its_name_alone(place: Place) -> None:
    abroad = place.learner("Nikos", "CECO", institution="EL-HOU")
    greek = place.holder("coordinator", "CECO", "EL-HOU", "Eleni")
    latvian = place.holder("coordinator", "CECO", "LV-KISC", "Laima")
    validated(place, abroad, greek)
    with pytest.raises(Forbidden, match="PEOPLE-ROLE"):
        issue(place, latvian, abroad, institution="LV-KISC")
    with pytest.raises(Forbidden, match="PAPERS-REACH"):
        issue(place, greek, abroad, institution="LV-KISC")
    made = issue(place, greek, abroad, institution="EL-HOU")
    assert made.institution == "EL-HOU"
    with pytest.raises(Forbidden):
        withdraw(place, latvian, abroad, made.number)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "\u200b \u202e"}, "PAPERS-NAME"),
        ({"name": "x" * 201}, "PAPERS-NAME"),
        ({"institution": "nobody"}, "PAPERS-INSTITUTION"),
        ({"institution": ""}, "PAPERS-INSTITUTION"),
        ({"unit": "no-unit"}, "ECVET-UNIT"),
        ({"unit": "BIB-U2"}, "PAPERS-NOT-VALIDATED"),
    ],
)
def test_what_can_not_be_issued_is_refused_with_a_reason(here: Place, changes: dict[str, str], code: str) -> None:
    learner, coordinator = anna(here)
    with pytest.raises(ToolError, match=code):
        issue(here, coordinator, learner, **changes)  # type: ignore[arg-type]  # fields of a request
    assert awards(here, learner) == []


def test_marks_that_hide_or_turn_writing_are_taken_out_of_a_name(here: Place) -> None:
    learner, coordinator = anna(here)
    assert issue(here, coordinator, learner, name=" Anna\u00ad\u202e  Bērza\n").learner_name == "Anna Bērza"


def test_a_newer_award_supersedes_the_older_of_the_same_thing_and_no_other(place: Place) -> None:
    learner, coordinator = anna(place)
    first, transcript = issue(place, coordinator, learner), issue(place, coordinator, learner, "transcript")
    second = issue(place, coordinator, learner, name="Anna Married")
    old = award(place, first.number)
    assert (old.state, old.acts[0].successor) == ("superseded", second.number)
    assert [award(place, one.number).state for one in (transcript, second)] == ["valid", "valid"]
    decide(place, coordinator, learner, "recognise")
    third = issue(place, coordinator, learner, name="Anna Married")
    assert third.snapshot["units"][0]["state"] == "recognised"
    assert [one.state for one in awards(place, learner) if one.kind == "unit"] == ["valid", "superseded", "superseded"]


def test_the_same_is_not_issued_twice(here: Place) -> None:
    learner, coordinator = anna(here)
    first = issue(here, coordinator, learner)
    with pytest.raises(Conflict, match="PAPERS-SAME"):
        issue(here, coordinator, learner)
    withdraw(here, coordinator, learner, first.number)
    assert issue(here, coordinator, learner).number != first.number


def test_an_award_is_withdrawn_once_with_a_reason_and_stays_in_the_register(place: Place) -> None:
    learner, coordinator = anna(place)
    number = issue(place, coordinator, learner).number
    with pytest.raises(BadInput, match="PAPERS-REASON"):
        withdraw(place, coordinator, learner, number, "  ")
    withdraw(place, coordinator, learner, number, "The wrong name.")
    gone = award(place, number)
    assert (gone.state, gone.acts[0].by, gone.acts[0].reason) == ("withdrawn", "Inga Niedra", "The wrong name.")
    with pytest.raises(Conflict, match="PAPERS-WITHDRAWN"):
        withdraw(place, coordinator, learner, number)
    with pytest.raises(NotFound):
        withdraw(place, coordinator, learner, "0" * 20)
    other = place.learner("Boris", "CECO")
    with pytest.raises(NotFound):
        withdraw(place, coordinator, other, number)


def test_a_superseded_award_can_still_be_withdrawn_and_then_says_so(here: Place) -> None:
    learner, coordinator = anna(here)
    first = issue(here, coordinator, learner)
    issue(here, coordinator, learner, name="Another")
    withdraw(here, coordinator, learner, first.number)
    assert award(here, first.number).state == "withdrawn"


def test_an_award_whose_ground_is_gone_is_pointed_out_and_not_withdrawn_by_itself(here: Place) -> None:
    learner, coordinator = anna(here)
    made = issue(here, coordinator, learner)
    page = f"/programme/CECO/learner/{learner.person}/papers"
    words = "A decision that this paper rests on was withdrawn"
    assert words not in here.browser(coordinator).text(page)
    validation = next(one["id"] for one in made.snapshot["units"][0]["decisions"] if one["kind"] == "validate")
    withdraw_decision(here, coordinator, learner, validation)
    assert award(here, made.number).state == "valid"
    assert words in here.browser(coordinator).text(page)


def test_a_changed_programme_or_name_alters_no_award(place: Place) -> None:
    learner, coordinator = anna(place)
    made = issue(place, coordinator, learner)
    with writing(place.engine) as conn:
        people.arrive(conn, learner.actor, place.clock(), name="Somebody else")
        conn.execute(store.programmes.update().values(current=False))
    kept = award(place, made.number)
    assert (kept.snapshot, kept.learner_name, kept.version) == (made.snapshot, made.learner_name, made.version)
    assert kept.digest == digest(made.snapshot)


def test_an_award_that_somebody_altered_in_the_database_is_not_shown(place: Place) -> None:
    learner, coordinator = anna(place)
    made = issue(place, coordinator, learner)
    forged = {**made.snapshot, "learner": {"name": "A forger"}}
    with writing(place.engine) as conn:
        conn.execute(register.awards.update().values(snapshot=forged))
    with pytest.raises(ToolError, match="PAPERS-ALTERED"):
        award(place, made.number)
    assert place.browser(None).get(f"/check/{made.number}").status_code == 500


def test_two_that_are_issued_at_once_leave_one_valid(place: Place) -> None:
    """Each request waits for its turn and reads the record only then (`take_turn`)."""
    learner, coordinator = anna(place)
    path, sent = (
        f"/programme/CECO/learner/{learner.person}/papers",
        {"thing": "unit:BIB-U1", "name": "Anna", "institution": "LV-KISC"},
    )
    first, second = place.browser(coordinator), place.browser(coordinator)
    assert first.post(path, sent).status_code == 303
    assert second.post(path, sent).status_code == 409
    assert [one.state for one in awards(place, learner)] == ["valid"]


def test_places_in_the_status_list_are_taken_once_and_not_in_order(place: Place) -> None:
    learner, coordinator = anna(place)
    made = [issue(place, coordinator, learner, name=f"Anna {number}").status_index for number in range(8)]
    assert len(set(made)) == 8
    assert made != sorted(made) or max(made) > 8
    assert all(0 <= index < LIST_LENGTH for index in made)
    with reading(place.engine) as conn:
        assert register.revoked_in(conn, 0) == sorted(made[:-1])  # each but the last is superseded
        assert register.has_list(conn, 0) and not register.has_list(conn, 1) and not register.has_list(conn, -1)


def test_a_request_for_a_learner_who_is_in_no_institution_names_one(here: Place) -> None:
    learner, coordinator = anna(here)
    record = here.record(learner)
    assert record.institution is None
    open_to = {one.id for one in issuing.institutions_for(record, here.by(coordinator))}
    assert open_to == {"LV-KISC", "BG-GLBF", "EL-HOU", "IT-UNIBA"}
    assert Request("unit", "BIB-U1", "A", "LV-KISC").quality == ""
