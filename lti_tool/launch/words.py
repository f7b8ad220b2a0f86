"""What people read when a login or launch is refused: one entry for each code."""

from __future__ import annotations

from typing import Final

from lti_tool.errors import N_, ToolError, Whom
from lti_tool.launch.claims import Refusal

_AGAIN: Final = N_("Go back to your course and open the activity again.")
_SETUP: Final = N_("Ask the administrator of your LMS to check how this tool is set up there.")
_OURS: Final = N_("Ask the people who run this tool to look at the registration of your LMS.")

WORDS: Final[dict[str, tuple[int, str, str, Whom]]] = {
    # The login
    "LTI-LOGIN-ISSUER": (400, N_("Your LMS did not say who it is."), _SETUP, "administrator"),
    "LTI-LOGIN-HINT": (400, N_("Your LMS did not say who is signing in."), _AGAIN, "administrator"),
    "LTI-PLATFORM-UNKNOWN": (
        403,
        N_("This LMS is not registered with the tool."),
        N_("Ask the administrator of your LMS to register the tool; the address for it ends in /lti/register."),
        "administrator",
    ),
    "LTI-PLATFORM-PENDING": (
        403,
        N_("Your LMS is registered and waits for approval."),
        N_("Ask the people who run this tool to approve it."),
        "administrator",
    ),
    "LTI-PLATFORM-DISABLED": (403, N_("Your LMS is switched off in this tool."), _OURS, "administrator"),
    "LTI-PLATFORM-ERROR": (400, N_("Your LMS could not sign you in."), _AGAIN, "administrator"),
    "LTI-TARGET-MISSING": (400, N_("Your LMS did not say what to open."), _SETUP, "administrator"),
    "LTI-TARGET-FOREIGN": (
        400,
        N_("Your LMS asked for a page that is not part of this tool."),
        _SETUP,
        "administrator",
    ),
    # The request
    "LTI-METHOD": (405, N_("This page is opened by an LMS."), _AGAIN, "teacher"),
    "LTI-FORM": (400, N_("What your LMS sent can't be read."), _AGAIN, "administrator"),
    "LTI-SIZE": (413, N_("Your LMS sent more than this tool takes."), _SETUP, "administrator"),
    "LTI-TOKEN-MISSING": (400, N_("Your LMS did not send a launch."), _AGAIN, "administrator"),
    "LTI-TOKEN-FORMAT": (400, N_("The launch from your LMS can't be read."), _SETUP, "administrator"),
    "LTI-TOKEN-TEXT": (
        400,
        N_("The launch from your LMS holds characters or numbers that can't be kept."),
        _SETUP,
        "administrator",
    ),
    # State and browser
    "LTI-STATE-MISSING": (400, N_("The launch does not belong to a login."), _AGAIN, "teacher"),
    "LTI-STATE-UNKNOWN": (403, N_("The launch does not belong to a login that this tool knows."), _AGAIN, "teacher"),
    "LTI-STATE-USED": (403, N_("This launch was used already."), _AGAIN, "teacher"),
    "LTI-STATE-OLD": (403, N_("Signing in took too long."), _AGAIN, "teacher"),
    "LTI-BROWSER-UNBOUND": (
        401,
        N_("Your browser does not let this page keep you signed in inside your LMS."),
        N_("Continue in a new tab."),
        "teacher",
    ),
    "LTI-BROWSER-OTHER": (403, N_("The launch was begun in another browser."), _AGAIN, "teacher"),
    # Keys and signature
    "LTI-ALGORITHM": (403, N_("The launch is not signed in the way that LTI asks for."), _SETUP, "administrator"),
    "LTI-KID-MISSING": (403, N_("The launch does not name the key that it is signed with."), _SETUP, "administrator"),
    "LTI-KEY-UNKNOWN": (
        403,
        N_("The launch is signed with a key that your LMS does not publish."),
        _SETUP,
        "administrator",
    ),
    "LTI-KEYS-UNREACHABLE": (
        424,
        N_("The keys of your LMS can't be fetched at the moment."),
        N_("Try again in a minute. If it goes on, tell the administrator of your LMS."),
        "administrator",
    ),
    "LTI-SIGNATURE": (403, N_("The signature of the launch is wrong."), _SETUP, "administrator"),
    # The claims
    "LTI-TIME-MISSING": (
        403,
        N_("The launch does not say when it was made and when it ends."),
        _SETUP,
        "administrator",
    ),
    "LTI-TIME-ABSURD": (403, N_("The launch names times that can't be."), _SETUP, "administrator"),
    "LTI-TIME-EXPIRED": (403, N_("The launch has expired."), _AGAIN, "administrator"),
    "LTI-TIME-AHEAD": (403, N_("The clock of your LMS is ahead."), _SETUP, "administrator"),
    "LTI-NONCE-MISSING": (403, N_("The launch lacks its one-time number."), _SETUP, "administrator"),
    "LTI-NONCE-OTHER": (403, N_("The launch answers another login."), _AGAIN, "teacher"),
    "LTI-ISSUER": (403, N_("The launch comes from another LMS than the login."), _SETUP, "administrator"),
    "LTI-AUDIENCE": (403, N_("The launch is meant for another tool."), _SETUP, "administrator"),
    "LTI-AZP-MISSING": (
        403,
        N_("The launch names several tools and does not say which one it is for."),
        _SETUP,
        "administrator",
    ),
    "LTI-AZP-OTHER": (403, N_("The launch was made for another tool."), _SETUP, "administrator"),
    "LTI-VERSION": (400, N_("The launch is not of LTI version 1.3."), _SETUP, "administrator"),
    "LTI-MESSAGE-TYPE": (400, N_("This tool does not know this kind of launch."), _SETUP, "administrator"),
    "LTI-DEPLOYMENT-MISSING": (403, N_("The launch does not name its deployment."), _SETUP, "administrator"),
    "LTI-DEPLOYMENT-UNKNOWN": (403, N_("The tool does not know this deployment."), _OURS, "administrator"),
    "LTI-DEPLOYMENT-PENDING": (403, N_("This deployment waits for approval."), _OURS, "administrator"),
    "LTI-DEPLOYMENT-DISABLED": (403, N_("This deployment is switched off in this tool."), _OURS, "administrator"),
    "LTI-USER-MISSING": (
        403,
        N_("Your LMS did not say who you are."),
        N_("Sign in to your LMS and open the activity again. Guests can't use it."),
        "teacher",
    ),
    "LTI-USER-SHAPE": (400, N_("Your LMS names you in a way that this tool can't keep."), _SETUP, "administrator"),
    "LTI-ROLES-MISSING": (400, N_("The launch does not say what you are in the course."), _SETUP, "administrator"),
    "LTI-ROLES-SHAPE": (400, N_("The launch names roles in a way that is not LTI's."), _SETUP, "administrator"),
    "LTI-CLAIM-SHAPE": (400, N_("A part of the launch has not the shape that LTI asks for."), _SETUP, "administrator"),
    "LTI-LINK-MISSING": (400, N_("The launch does not say from which activity it comes."), _SETUP, "administrator"),
    "LTI-LINK-SHAPE": (
        400,
        N_("The launch names its activity in a way that this tool can't keep."),
        _SETUP,
        "administrator",
    ),
    "LTI-DEEP-LINKING-SETTINGS": (
        400,
        N_("Your LMS asked for content and did not say how it takes it."),
        _SETUP,
        "administrator",
    ),
    "LTI-DEEP-LINKING-RETURN": (
        400,
        N_("Your LMS asked for content and did not say where to send it."),
        _SETUP,
        "administrator",
    ),
    "LTI-DEEP-LINKING-TYPES": (
        400,
        N_("Your LMS does not take activities at this place."),
        N_("Add the activity from the course page."),
        "teacher",
    ),
    "LTI-REVIEW-USER": (400, N_("Your LMS did not say whose work to show."), _SETUP, "administrator"),
    # The session of a page
    "LTI-SESSION-OVER": (401, N_("This session has ended."), _AGAIN, "teacher"),
    # Registration
    "LTI-REGISTER-CLOSED": (
        403,
        N_("This tool takes new LMSs by invitation only."),
        N_("Ask the people who run this tool for a registration link."),
        "administrator",
    ),
    "LTI-REGISTER-INVITATION": (
        403,
        N_("This registration link was used already or is too old."),
        N_("Ask the people who run this tool for a new one."),
        "administrator",
    ),
    "LTI-REGISTER-OPENED": (
        400,
        N_("This address is for your LMS."),
        N_("Paste it where your LMS asks for the registration address of a tool."),
        "administrator",
    ),
    "LTI-REGISTER-OLD": (
        400,
        N_("This registration page is too old."),
        N_("Begin the registration again in your LMS."),
        "administrator",
    ),
    "LTI-REGISTER-ADDRESS": (
        400,
        N_("The tool can't use the address that your LMS gave for its configuration."),
        N_("The LMS must be reached by https under a public address."),
        "administrator",
    ),
    "LTI-REGISTER-FETCH": (
        424,
        N_("The configuration of your LMS can't be fetched."),
        N_("See that your LMS can be reached from outside, then begin again."),
        "administrator",
    ),
    "LTI-REGISTER-CONFIGURATION": (
        400,
        N_("The configuration of your LMS lacks something or contradicts itself."),
        N_("Look at the log of this tool under the code below, or register the LMS by hand."),
        "administrator",
    ),
    "LTI-REGISTER-REFUSED": (
        424,
        N_("Your LMS refused the registration."),
        N_("Begin the registration again in your LMS. A registration link of an LMS works once."),
        "administrator",
    ),
    "LTI-REGISTER-KNOWN": (
        409,
        N_("An LMS is registered under this name already, with other addresses."),
        N_("Ask the people who run this tool to compare the two."),
        "administrator",
    ),
}


class Refused(ToolError):
    """A login, launch or registration that is not let in."""


def refused(refusal: Refusal) -> Refused:
    """The error that shows this refusal to people and puts its detail in the log."""
    status, what, do, whom = WORDS[refusal.code]
    headers = {"Allow": "POST"} if status == 405 else {}
    return Refused(refusal.code, what, do, whom=whom, status=status, detail=refusal.detail, headers=headers)
