"""Assess, validate, recognise: in their order, by who may, with a reason, reversible by a new act alone."""

from __future__ import annotations

from typing import get_args

import pytest
import sqlalchemy as sa

from lti_tool.db import reading, writing
from lti_tool.ecvet import decisions, store
from lti_tool.ecvet.decisions import Kind, Wish
from lti_tool.ecvet.offline import trusted
from lti_tool.errors import BadInput, Conflict, Forbidden, NotFound, ToolError
from lti_tool.people.roles import Role
from tests.learning import BASE, Place, Somebody
from xapi import store as statements

RESULTS = {"assess": "achieved", "validate": "granted", "recognise": "granted"}
REACHED = {"assess": "assessed_achieved", "validate": "validated", "recognise": "recognised"}


def decide(
    place: Place,
    who: Somebody,
    learner: Somebody,
    kind: Kind,
    result: str = "",
    reason: str = "Seen at work.",
    outcomes: tuple[str, ...] = (),
    unit: str = "BIB-U1",
    programme: str = "CECO",
) -> str:
    with writing(place.engine) as conn:
        record = place.record_in(conn, learner, programme)
        wish = Wish(kind, result or RESULTS[kind], reason, outcomes)
        return decisions.decide(conn, record, unit, wish, place.by(who), place.clock.forward(minutes=1), BASE)


def withdraw(place: Place, who: Somebody, learner: Somebody, id: str, reason: str = "By mistake.") -> str:
    with writing(place.engine) as conn:
        record = place.record_in(conn, learner)
        return decisions.withdraw(conn, record, id, reason, place.by(who), place.clock.forward(minutes=1), BASE)


def count(place: Place) -> int:
    with reading(place.engine) as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(store.decisions)) or 0


def test_a_unit_is_assessed_validated_recognised_in_three_dated_acts_with_name_and_reason(place: Place) -> None:
    anna = place.learner("Anna", "CECO", institution="LV-KISC")
    place.demonstrates_u1(anna)
    assessor = place.holder("assessor", "CECO", "LV-KISC", "Maria Rossi")
    coordinator = place.holder("coordinator", name="Inga Niedra")
    for kind, who in (("assess", assessor), ("validate", coordinator), ("recognise", coordinator)):
        decide(place, who, anna, kind)
        assert place.state(anna) == REACHED[kind]
    record = place.record(anna)
    assert (record.awarded, record.judgement.points) == (1, 1)
    told = [(row.kind, row.result, row.by_name, row.institution, row.reason) for row in record.decisions]
    assert told == [
        ("assess", "achieved", "Maria Rossi", "LV-KISC", "Seen at work."),
        ("validate", "granted", "Inga Niedra", "LV-KISC", "Seen at work."),
        ("recognise", "granted", "Inga Niedra", "LV-KISC", "Seen at work."),
    ]
    assert record.decisions[0].at < record.decisions[1].at < record.decisions[2].at


@pytest.mark.parametrize("kind", decisions.KINDS)
@pytest.mark.parametrize("role", [*get_args(Role), None])
def test_only_the_roles_for_it_may_do_each_act(here: Place, role: Role | None, kind: Kind) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    coordinator = here.holder("coordinator")
    for before in decisions.KINDS[: decisions.KINDS.index(kind)]:
        decide(here, coordinator, anna, before)
    who = here.holder(role) if role else here.learner("Boris", "CECO")
    allowed = role == "coordinator" or (role, kind) == ("assessor", "assess")
    if allowed:
        decide(here, who, anna, kind)
        assert here.state(anna) == REACHED[kind]
    else:
        before = here.state(anna)
        with pytest.raises(Forbidden, match="PEOPLE-ROLE"):
            decide(here, who, anna, kind)
        assert here.state(anna) == before


@pytest.mark.parametrize(
    ("programme", "institution", "allowed"),
    [
        ("CECO", "LV-KISC", True),
        (None, "LV-KISC", True),
        ("CECO", None, True),
        ("CECO", "IT-UNIBA", False),
        ("DIGY", "LV-KISC", False),
    ],
)
def test_a_role_counts_at_its_institution_and_programme_alone(
    here: Place, programme: str | None, institution: str | None, allowed: bool
) -> None:
    anna = here.learner("Anna", "CECO", institution="LV-KISC")
    who = here.holder("assessor", programme, institution)
    if allowed:
        decide(here, who, anna, "assess")
    else:
        with pytest.raises(Forbidden):
            decide(here, who, anna, "assess")


def test_nobody_decides_about_themselves_under_any_of_their_accounts(here: Place) -> None:
    from xapi import personas

    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    other = here.holder("coordinator", name="Anna, coordinator")
    decide(here, other, anna, "assess")
    with writing(here.engine) as conn:
        personas.join(conn, anna.person, other.person, "test", here.clock())
    with pytest.raises(Forbidden, match="ECVET-SELF"):
        decide(here, other, anna, "validate")
    here.grant(anna, "coordinator")
    with pytest.raises(Forbidden, match="ECVET-SELF"):
        decide(here, anna, anna, "validate")
    with pytest.raises(Forbidden, match="ECVET-SELF"):
        withdraw(here, anna, anna, here.record(anna).decisions[0].id)


@pytest.mark.parametrize(
    ("done", "wanted", "result"),
    [
        ((), "validate", "granted"),
        ((), "validate", "refused"),
        ((), "recognise", "granted"),
        (("assess",), "recognise", "granted"),
        (("assess",), "recognise", "refused"),
        (("assess", "validate"), "assess", "not_yet"),
        (("assess", "validate"), "validate", "granted"),
        (("assess", "validate", "recognise"), "recognise", "granted"),
        (("assess", "validate", "recognise"), "validate", "refused"),
    ],
)
def test_an_act_out_of_turn_is_refused_and_leaves_no_row(
    here: Place, done: tuple[Kind, ...], wanted: Kind, result: str
) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    coordinator = here.holder("coordinator")
    for kind in done:
        decide(here, coordinator, anna, kind)
    before = here.state(anna)
    with pytest.raises(Conflict, match=r"ECVET-(ORDER|DONE-ALREADY)"):
        decide(here, coordinator, anna, wanted, result)
    assert (here.state(anna), count(here)) == (before, len(done))


def test_a_unit_assessed_without_all_evidence_is_not_validated(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.passes(anna, "M01")
    coordinator = here.holder("coordinator")
    decide(here, coordinator, anna, "assess")
    with pytest.raises(Conflict, match="Evidence for this unit is missing"):
        decide(here, coordinator, anna, "validate")
    here.demonstrates_u1(anna)
    decide(here, coordinator, anna, "validate")
    assert here.state(anna) == "validated"


def test_one_outcome_not_yet_achieved_keeps_the_unit_from_validation(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    coordinator = here.holder("coordinator")
    decide(here, coordinator, anna, "assess")
    decide(here, coordinator, anna, "assess", "not_yet", "The list of sources is missing.", ("BIB-U1-K1",))
    assert here.state(anna) == "assessed_not_yet"
    with pytest.raises(Conflict, match="ECVET-ORDER"):
        decide(here, coordinator, anna, "validate")
    decide(here, coordinator, anna, "assess", outcomes=("BIB-U1-K1",))
    decide(here, coordinator, anna, "validate")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "  \n "}, "ECVET-REASON"),
        ({"reason": "x" * 2001}, "ECVET-REASON"),
        ({"result": "perhaps"}, "ECVET-RESULT"),
        ({"result": "granted"}, "ECVET-RESULT"),
        ({"outcomes": ("BIB-U2-K1",)}, "ECVET-OUTCOME"),
        ({"unit": "DIGY-U5"}, "ECVET-UNIT"),
        ({"kind": "validate", "result": "granted", "outcomes": ("BIB-U1-K1",)}, "ECVET-WHOLE"),
    ],
)
def test_what_cannot_be_recorded_is_said_with_a_code(here: Place, changes: dict[str, object], code: str) -> None:
    anna = here.learner("Anna", "CECO")
    wish: dict[str, object] = {"kind": "assess", **changes}
    with pytest.raises((BadInput, NotFound)) as caught:
        decide(here, here.holder("coordinator"), anna, **wish)  # type: ignore[arg-type]  # bad on purpose
    assert caught.value.code == code
    assert count(here) == 0


def test_an_act_is_reversed_by_a_new_one_with_a_reason_and_both_stay_in_the_record(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    place.demonstrates_u1(anna)
    coordinator = place.holder("coordinator")
    assessed = decide(place, coordinator, anna, "assess")
    validated = decide(place, coordinator, anna, "validate")
    with pytest.raises(Conflict, match="ECVET-ORDER"):
        withdraw(place, coordinator, anna, assessed)
    with pytest.raises(BadInput, match="ECVET-REASON"):
        withdraw(place, coordinator, anna, validated, " ")
    withdraw(place, coordinator, anna, validated, "Wrong learner.")
    assert place.state(anna) == "assessed_achieved"
    with pytest.raises(Conflict, match="ECVET-WITHDRAWN"):
        withdraw(place, coordinator, anna, validated)
    rows = place.record(anna).decisions
    assert [(row.kind, row.supersedes, row.reason) for row in rows] == [
        ("assess", None, "Seen at work."),
        ("validate", None, "Seen at work."),
        ("withdraw", validated, "Wrong learner."),
    ]
    withdraw(place, coordinator, anna, assessed)
    assert place.state(anna) == "demonstrated"


def test_who_may_not_do_an_act_may_not_withdraw_it(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    decide(here, here.holder("coordinator"), anna, "assess")
    id = decide(here, here.holder("coordinator"), anna, "validate")
    with pytest.raises(Forbidden):
        withdraw(here, here.holder("assessor"), anna, id)
    with pytest.raises(NotFound):
        withdraw(here, here.holder("assessor"), anna, "00000000-0000-4000-8000-000000000000")


def test_the_copy_in_the_record_store_tells_of_the_act_and_is_never_read_back(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    place.demonstrates_u1(anna)
    coordinator = place.holder("coordinator", name="Inga")
    id = decide(place, coordinator, anna, "assess")
    with reading(place.engine) as conn:
        copy = statements.get(conn, id)
    assert copy is not None
    assert copy["actor"]["account"] == anna.actor["account"]
    assert copy["context"]["instructor"]["name"] == "Inga"
    assert copy["result"] == {"success": True, "response": "Seen at work."}
    sources = trusted(place.record(anna).programme, BASE).values()
    assert copy["authority"]["account"]["name"] not in {one["name"] for one in sources}
    # Without the row the copy alone makes nothing assessed.
    with writing(place.engine) as conn:
        conn.execute(store.decisions.delete())
    assert place.state(anna) == "demonstrated"


def test_a_withdrawn_act_has_a_void_copy(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    coordinator = here.holder("coordinator")
    id = decide(here, coordinator, anna, "assess")
    withdraw(here, coordinator, anna, id)
    with reading(here.engine) as conn:
        assert statements.get(conn, id) is None
        assert statements.get_voided(conn, id) is not None


@pytest.mark.parametrize("by", ["page", "credential:moodle", "lti-tool", "lti-tool-decisions"])
@pytest.mark.parametrize("verb", ["mastered", "satisfied", "scored", "passed", "completed"])
def test_no_statement_of_whomever_makes_a_unit_more_than_demonstrated(here: Place, verb: str, by: str) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    here.says(anna, verb, "unit/BIB-U1", by=by, scaled=1)
    assert here.state(anna) == "demonstrated"


def test_an_act_in_one_programme_says_nothing_in_another(here: Place) -> None:
    anna = here.learner("Anna", "CECO", "DIGY")
    here.demonstrates_u1(anna)
    decide(here, here.holder("coordinator", None), anna, "assess")
    assert (here.state(anna), here.state(anna, programme="DIGY")) == ("assessed_achieved", "demonstrated")


def test_only_acts_whose_turn_has_come_are_offered(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    coordinator = here.holder("coordinator")

    def offered(who: Somebody) -> tuple[str, ...]:
        record = here.record(anna)
        unit = record.unit("BIB-U1")
        assert unit is not None
        return decisions.open_to(record, unit, here.by(who), BASE)

    assert offered(coordinator) == ("assess",)
    decide(here, coordinator, anna, "assess")
    assert offered(coordinator) == ("assess", "validate")
    assert offered(here.holder("assessor")) == ("assess",)
    assert offered(here.holder("mentor")) == ()
    decide(here, coordinator, anna, "validate")
    assert offered(coordinator) == ("recognise",)
    assert offered(anna) == ()


def test_a_failed_act_leaves_no_copy_either(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    with pytest.raises(ToolError):
        decide(here, here.holder("coordinator"), anna, "validate")
    with reading(here.engine) as conn:
        assert statements.live(conn, [anna.key]) == []
