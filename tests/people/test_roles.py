"""Role × action, and where a grant reaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.people.roles import ROLES, Action, Grant, Role, may, reach

ALLOWED: dict[Role, set[Action]] = {
    "admin": {"administer", "see_cohort"},
    "coordinator": {"assess", "validate", "recognise", "award", "move", "join", "see_record", "see_cohort"},
    "assessor": {"assess", "see_record", "see_cohort"},
    "mentor": {"confirm_hours", "see_record"},
    "trainer": {"enter_attendance", "see_record", "see_cohort"},
    "moderator": {"see_cohort"},
    "institution_admin": {"grant_roles", "see_cohort"},
}
ACTIONS: tuple[Action, ...] = (
    "administer",
    "assess",
    "validate",
    "recognise",
    "award",
    "move",
    "join",
    "confirm_hours",
    "enter_attendance",
    "see_record",
    "see_cohort",
    "grant_roles",
)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_role_may_do_what_the_table_says_and_nothing_else(role: Role, action: Action) -> None:
    assert may([Grant(role)], action) is (action in ALLOWED[role])


@pytest.mark.parametrize(
    ("grant", "reached"),
    [
        (Grant("assessor", None, None), True),
        (Grant("assessor", "kisc", None), True),
        (Grant("assessor", None, "CECO"), True),
        (Grant("assessor", "kisc", "CECO"), True),
        (Grant("assessor", "hou", "CECO"), False),
        (Grant("assessor", "kisc", "DIGY"), False),
    ],
)
def test_a_grant_reaches_only_its_institution_and_programme(grant: Grant, reached: bool) -> None:
    assert may([grant], "assess", institution="kisc", programme="CECO") is reached


def test_a_bound_grant_does_not_answer_a_question_that_names_no_place() -> None:
    assert not may([Grant("assessor", "kisc", None)], "assess", programme="CECO")


places = st.sampled_from([None, "kisc", "hou"])
programmes = st.sampled_from([None, "CECO", "DIGY"])
grants = st.builds(Grant, st.sampled_from(ROLES), places, programmes)


@given(st.lists(grants, max_size=4), st.sampled_from(ACTIONS), places, programmes)
def test_more_grants_never_take_a_right_away(
    held: list[Grant], action: Action, institution: str | None, programme: str | None
) -> None:
    for grant in held:
        if may([grant], action, institution=institution, programme=programme):
            assert may(held, action, institution=institution, programme=programme)
    assert bool(reach(held, action)) is any(action in ALLOWED[grant.role] for grant in held)
