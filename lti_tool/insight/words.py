"""Codes of this folder's pages in the reader's words."""

from __future__ import annotations

from flask_babel import gettext as _

from lti_tool.ecvet.words import state_text


def state_word(code: str) -> str:
    """The word for a state."""
    return state_text(code, _)


def roster_problem(code: str) -> str:
    """Why the list of learners could not be read from the LMS, and what to do about it."""
    words = {
        "ROSTER-TOKEN": _("The LMS did not let this tool in. Ask your LMS administrator."),
        "ROSTER-FORBIDDEN": _("The LMS does not share its list of participants. Ask your LMS administrator."),
        "ROSTER-GONE": _("The LMS has no list for this course any more. Open an activity of the course from the LMS."),
        "ROSTER-LIMIT": _("The LMS was busy. It is tried again by itself."),
        "ROSTER-PLATFORM-ERROR": _("The LMS had a fault. It is tried again by itself."),
        "ROSTER-UNREACHABLE": _("The LMS could not be reached. It is tried again by itself."),
        "ROSTER-STOPPED": _("This tool was restarted. It is tried again by itself."),
        "ROSTER-PLATFORM-OFF": _("This LMS is switched off in this tool. Ask the administrator of the tool."),
        "ROSTER-SIZE": _("The list is longer than this tool takes."),
        "ROSTER-FAULT": _("This tool had a fault. Ask its administrator."),
    }
    return str(words.get(code, _("What the LMS answered could not be read. Ask the administrator of the tool.")))


def grade_problem(code: str | None) -> str:
    """Why a grade has not arrived, and what to do about it."""
    words = {
        "GRADE-FORBIDDEN": _("The LMS does not allow this tool to write grades. Ask your LMS administrator."),
        "GRADE-COLUMN-GONE": _("The column of this activity is not there any more. Add the activity again."),
        "GRADE-ACTIVITY-GONE": _("The activity is not in the LMS any more, so it has no column. Add it again."),
        "GRADE-NO-COLUMN": _("The LMS has no column for this activity."),
        "GRADE-LOCKED": _("The LMS did not accept it: the grade is locked there. Unlock it, then send it again."),
        "GRADE-LEARNER": _("The LMS does not take a grade for this person. Look whether they are still in the course."),
        "GRADE-LATER": _("Somebody gave a grade in the LMS itself. It stays."),
        "GRADE-LIMIT": _("The LMS was busy. It is tried again by itself."),
        "GRADE-PLATFORM-ERROR": _("The LMS had a fault. It is tried again by itself."),
        "GRADE-UNREACHABLE": _("The LMS could not be reached. It is tried again by itself."),
        "GRADE-PLATFORM-OFF": _("This LMS is switched off in this tool. Ask the administrator of the tool."),
        "GRADE-TOKEN": _("The LMS did not let this tool in. Ask your LMS administrator. It is tried again by itself."),
        "GRADE-MOVED": _("The LMS has moved. The grade goes there once the activity was opened from its new address."),
        "GRADE-REFUSED": _("The LMS did not take it."),
        "GRADE-FAULT": _("This tool had a fault. Ask its administrator."),
    }
    return str(words.get(code or "", words["GRADE-REFUSED"]))
