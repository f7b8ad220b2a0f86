"""The sentences of a check: what each line is about, what was found, what to do and where in that LMS.

English message ids, translated by the page; the command prints them as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lti_tool.admin.check_lines import Line, Topic
from lti_tool.errors import N_

TITLES: Final[dict[Topic, str]] = {
    "keys": N_("Keys of the LMS"),
    "clock": N_("Clock"),
    "score": N_("Permission to send grades"),
    "result": N_("Permission to read grades"),
    "columns": N_("Permission to make gradebook columns"),
    "columns_read": N_("Permission to see gradebook columns"),
    "roster_token": N_("Permission to read the list of learners"),
    "roster": N_("List of learners"),
    "gradebook": N_("Gradebook"),
}

_TOOL_IN_MOODLE = N_(
    "In Moodle: Site administration, Plugins, External tool, Manage tools; open this tool (cog wheel), Services."
)
_TOOL_IN_CANVAS = N_("In Canvas: Admin, Developer Keys; open the key of this tool and switch on what it asks for.")
_ACTIVE_IN_MOODLE = N_(
    "In Moodle: Site administration, Plugins, External tool, Manage tools. The tool must be active there, with the "
    "client id that stands here and the key set address of this tool."
)
_ACTIVE_IN_CANVAS = N_("In Canvas: Admin, Developer Keys. The key must be ON, and its JWK URL be that of this tool.")

# code: what was found, what to do, where in Moodle, where in Canvas
WORDS: Final[dict[str, tuple[str, str, str, str]]] = {
    "keys": (N_("The keys were fetched; %(count)s of them can be used."), "", "", ""),
    "keys_address": (
        N_("The address of the keys is one that this tool never asks."),
        N_("It must be a public https address. Register the LMS again with the right one."),
        "",
        "",
    ),
    "keys_unreachable": (
        N_("The keys can't be fetched."),
        N_("The server of this tool must reach the LMS: look at DNS, firewall and certificate."),
        "",
        "",
    ),
    "keys_status": (
        N_("The LMS answered %(status)s instead of its keys."),
        N_("Compare the key set address here with that in the LMS."),
        N_("In Moodle it ends in /mod/lti/certs.php."),
        N_("In Canvas it ends in /api/lti/security/jwks."),
    ),
    "keys_format": (
        N_("What the LMS answered is no key set."),
        N_("Compare the key set address here with that in the LMS."),
        N_("In Moodle it ends in /mod/lti/certs.php."),
        N_("In Canvas it ends in /api/lti/security/jwks."),
    ),
    "keys_none": (
        N_("The key set holds no key that launches could be signed with (RSA, 2048 bits or more)."),
        N_("Ask the administrator of the LMS to renew its keys."),
        "",
        "",
    ),
    "clock": (N_("The clocks of the LMS and of this tool agree."), "", "", ""),
    "clock_untold": (N_("The LMS does not tell its time."), N_("See that both servers keep time by NTP."), "", ""),
    "clock_behind": (
        N_("The clock of the LMS is %(seconds)s seconds behind ours."),
        N_("Set both clocks by NTP: launches are good for a minute only."),
        "",
        "",
    ),
    "clock_ahead": (
        N_("The clock of the LMS is %(seconds)s seconds ahead of ours."),
        N_("Set both clocks by NTP: launches are good for a minute only."),
        "",
        "",
    ),
    "token": (N_("The LMS gives it."), "", "", ""),
    "token_scope": (
        N_("The LMS does not allow this tool to do so."),
        N_("Ask the administrator of the LMS to allow it."),
        _TOOL_IN_MOODLE,
        _TOOL_IN_CANVAS,
    ),
    "token_client": (
        N_("The LMS does not know this tool, or can't check its signature (answer %(status)s)."),
        N_("The tool must be active in the LMS, and the LMS must be able to fetch the key set of this tool."),
        _ACTIVE_IN_MOODLE,
        _ACTIVE_IN_CANVAS,
    ),
    "token_busy": (N_("The LMS is busy or has a fault (answer %(status)s)."), N_("Check again in a while."), "", ""),
    "token_refused": (
        N_("The LMS refused (answer %(status)s)."),
        N_("Compare the token address and the client id here with those in the LMS."),
        _ACTIVE_IN_MOODLE,
        _ACTIVE_IN_CANVAS,
    ),
    "token_unreachable": (
        N_("The LMS can't be reached at its token address."),
        N_("The server of this tool must reach the LMS: look at DNS, firewall and certificate."),
        "",
        "",
    ),
    "own_key": (N_("This tool has no key to sign with."), N_("Run on its server: lti-tool keys new"), "", ""),
    "after_keys": (N_("Not checked: the keys come first."), "", "", ""),
    "after_token": (N_("Not checked: the permission comes first."), "", "", ""),
    "roster": (N_("The list of a course was read."), "", "", ""),
    "roster_empty": (N_("The list of a course names nobody."), N_("Look at the participants of the course."), "", ""),
    "roster_unknown": (
        N_("Not checked: no course is known yet."),
        N_("Open an activity of this tool in a course of the LMS, as its teacher."),
        "",
        "",
    ),
    "roster_forbidden": (
        N_("The LMS does not let this tool read the list."),
        N_("Ask the administrator of the LMS to allow names and roles."),
        _TOOL_IN_MOODLE,
        _TOOL_IN_CANVAS,
    ),
    "roster_gone": (
        N_("The course of the newest list is not there any more."),
        N_("Open an activity of this tool in another course, as its teacher, and check again."),
        "",
        "",
    ),
    "roster_unreachable": (
        N_("The list can't be reached."),
        N_("The server of this tool must reach the LMS: look at DNS, firewall and certificate."),
        "",
        "",
    ),
    "roster_busy": (N_("The LMS is busy or has a fault."), N_("Check again in a while."), "", ""),
    "roster_refused": (
        N_("What the LMS answered can't be read as a list."),
        N_("Look at the log of service calls here, and at the log of the LMS."),
        "",
        "",
    ),
    "gradebook_unknown": (
        N_("Not checked: no gradebook is known yet."),
        N_("Open a graded activity of this tool in a course of the LMS."),
        "",
        "",
    ),
    "gradebook_fixed": (
        N_("Not checked: the LMS lets this tool fill columns, but make none."),
        "",
        _TOOL_IN_MOODLE,
        _TOOL_IN_CANVAS,
    ),
    "gradebook_untried": (
        N_("Not checked: for that a column has to be made, which is deleted again at once."),
        N_("Ask for it where no teacher minds a column that comes and goes."),
        "",
        "",
    ),
    "gradebook_closed": (
        N_("No column could be made (answer %(status)s)."),
        N_("Ask the administrator of the LMS to allow the tool to manage gradebook columns."),
        _TOOL_IN_MOODLE,
        _TOOL_IN_CANVAS,
    ),
    "score_refused": (N_("Scores are received; one for nobody was refused, as it should be."), "", "", ""),
    "score_taken": (
        N_("A score for a person whom nobody knows was taken."),
        N_("Grades work, but mistakes in user ids would go unnoticed: tell the maker of the LMS."),
        "",
        "",
    ),
    "score_closed": (
        N_("The LMS does not take scores (answer %(status)s)."),
        N_("Ask the administrator of the LMS to allow the tool to send grades."),
        _TOOL_IN_MOODLE,
        _TOOL_IN_CANVAS,
    ),
    "column": (N_("A column was made and deleted again."), "", "", ""),
    "column_left": (
        N_("A column was made and could not be deleted."),
        N_("Delete it by hand in the gradebook: “Check of the connection”."),
        "",
        "",
    ),
}


@dataclass(frozen=True, slots=True)
class Said:
    """A line in words; `do` is empty where nothing is to be done."""

    light: str
    title: str
    what: str
    do: str


def said(line: Line, product: str, translate: Callable[[str], str] = str) -> Said:
    """The line in words. `product` is what the LMS calls itself ("moodle", "canvas", or anything)."""
    what, do, moodle, canvas = WORDS[line.code]
    name = product.lower()
    where = moodle if "moodle" in name else canvas if "canvas" in name else ""
    words = " ".join(translate(part) for part in (do, where) if part)
    return Said(line.light, translate(TITLES[line.topic]), translate(what) % dict(line.params), words)
