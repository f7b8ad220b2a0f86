"""What is kept of people. The parts: `accounts`, `courses`, `enrolments`, `grants`, `invitations`.

Who knows this module knows them all; each part has its own file.
"""

from __future__ import annotations

from lti_tool.people.accounts import (
    Account,
    account_by_email,
    accounts,
    accounts_of,
    arrive,
    choose_locale,
    keys_here,
    keys_of,
    person_here,
    same_person,
    short_tag,
)
from lti_tool.people.courses import (
    Course,
    CourseRole,
    Member,
    choose_content,
    course,
    course_by_id,
    courses,
    join_course,
    link_content,
    links,
    members,
    members_of,
    memberships,
)
from lti_tool.people.enrolments import (
    Enrolment,
    enrol,
    enrolled_in,
    enrolments,
    enrolments_of,
)
from lti_tool.people.grants import (
    grant,
    grants,
    grants_of,
    holders,
)
from lti_tool.people.invitations import (
    INVITATION_LIFE,
    MAIL_PAUSE,
    MAILED_LIFE,
    invitations,
    invite,
    invited,
    invited_lately,
    use_invitation,
    withdraw,
)

__all__ = [
    "INVITATION_LIFE",
    "MAILED_LIFE",
    "MAIL_PAUSE",
    "Account",
    "Course",
    "CourseRole",
    "Enrolment",
    "Member",
    "account_by_email",
    "accounts",
    "accounts_of",
    "arrive",
    "choose_content",
    "choose_locale",
    "course",
    "course_by_id",
    "courses",
    "enrol",
    "enrolled_in",
    "enrolments",
    "enrolments_of",
    "grant",
    "grants",
    "grants_of",
    "holders",
    "invitations",
    "invite",
    "invited",
    "invited_lately",
    "join_course",
    "keys_here",
    "keys_of",
    "link_content",
    "links",
    "members",
    "members_of",
    "memberships",
    "person_here",
    "same_person",
    "short_tag",
    "use_invitation",
    "withdraw",
]
