"""What a person may do here. Pure: roles are grants and course roles; permission is a table one can read.

A launch says Learner or Instructor *in that course* and nothing more: an LMS administrator is not an administrator
here, and nobody validates or recognises because an LMS says so (DESIGN, "Whose word counts"). All other roles are
granted here, each for an institution, a programme, both, or (left empty) for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

Role = Literal["admin", "coordinator", "assessor", "mentor", "trainer", "moderator", "institution_admin"]
Action = Literal[
    "administer",  # platforms, LRS credentials, grants
    "grant_roles",  # give and withdraw the roles in GIVEN, within an institution
    "assess",  # say of an outcome: achieved or not yet
    "validate",  # confirm that assessed outcomes meet the unit
    "recognise",  # award the unit
    "award",  # issue papers, withdraw them, read their register
    "agree",  # make, sign, end and withdraw memoranda and learning agreements
    "move",  # to another version of the programme
    "join",  # two learners who are one person
    "accept_prior",  # accept or refuse what was learnt before
    "confirm_hours",  # work-based hours and tasks of a learner
    "enter_attendance",  # who was at a seminar
    "see_record",  # a learner's record with its evidence
    "announce",  # a few words to all learners of a programme
    "see_cohort",  # figures over learners
]

ROLES: Final[tuple[Role, ...]] = get_args(Role)

_MAY: Final[dict[Role, frozenset[Action]]] = {
    "admin": frozenset({"administer", "see_cohort"}),
    "coordinator": frozenset(
        {
            "assess",
            "validate",
            "recognise",
            "accept_prior",
            "award",
            "agree",
            "move",
            "join",
            "announce",
            "see_record",
            "see_cohort",
        }
    ),
    "assessor": frozenset({"assess", "accept_prior", "see_record", "see_cohort"}),
    "mentor": frozenset({"confirm_hours", "see_record"}),
    "trainer": frozenset({"enter_attendance", "announce", "see_record", "see_cohort"}),
    "moderator": frozenset({"announce", "see_cohort"}),
    "institution_admin": frozenset({"grant_roles", "see_cohort"}),
}

GIVEN: Final[tuple[Role, ...]] = ("coordinator", "assessor", "mentor", "trainer", "moderator")
"""Roles that an institution's administrator gives and withdraws. Who administers an institution, or the tool, the
administrator of the tool says."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that somebody gave to a person. An empty institution or programme means: whichever."""

    role: Role
    institution: str | None = None
    programme: str | None = None

    def covers(self, institution: str | None, programme: str | None) -> bool:
        """True where this grant reaches the named institution and programme.

        A grant bound to an institution or programme does not reach a question that names none.
        """
        return (self.institution is None or self.institution == institution) and (
            self.programme is None or self.programme == programme
        )


def may(
    grants: Iterable[Grant], action: Action, *, institution: str | None = None, programme: str | None = None
) -> bool:
    """Whether one of `grants` lets its holder do `action` there."""
    return any(action in _MAY[grant.role] and grant.covers(institution, programme) for grant in grants)


def may_somewhere(grants: Iterable[Grant], action: Action) -> bool:
    """Whether one of `grants` allows `action` in at least one place: enough to show a link, never to act."""
    return any(action in _MAY[grant.role] for grant in grants)


def reach(grants: Iterable[Grant], action: Action) -> frozenset[tuple[str | None, str | None]]:
    """The (institution, programme) pairs in which `action` is allowed; None stands for all."""
    return frozenset((grant.institution, grant.programme) for grant in grants if action in _MAY[grant.role])
