"""Which rows of the table of rights try which form, by its endpoint."""

from __future__ import annotations

from typing import Final

_ADMIN = (
    "invite register new_client revoke_client send_again undo_merge set_status check_platform delete_platform "
    "merge_platform name_institution switch_names"
)
ROUTES: Final[dict[str, set[str]]] = {
    "agreements.agree": {"agree to one's own learning agreement"},
    "agreements.choose": {"choose what others see of one's own learning agreement"},
    "agreements.end": {"end an agreement early"},
    "agreements.make_learning": {"make a learning agreement"},
    "agreements.make_memorandum": {"make a memorandum of understanding"},
    "agreements.make_version": {"make the next version of an agreement"},
    "agreements.sign": {"sign an agreement for an institution", "record a signature on paper"},
    "agreements.withdraw": {"withdraw an agreement"},
    "evidence.decide_work": {
        "rate project work",
        "return project work with a comment",
        "withdraw a rating of project work",
    },
    "evidence.hand_in": {"hand in one's own project work"},
    "insight.announce": {"announce something to all learners"},
    "insight.take_announcement_back": {"take an announcement back"},
    "ecvet.take_back_self_study": {"take back what one declared"},
    "ecvet.confirm_hours": {
        "confirm hours that the learner entered",
        "take back hours that one confirmed",
        "undo a confirmation from the list of what waits",
    },
    "ecvet.decide": {"assess", "validate", "recognise"},
    "ecvet.declare_self_study": {"declare one's own self-study"},
    "ecvet.do_join": {"join two learners who are one person"},
    "ecvet.do_part": {"part learners who were joined"},
    "ecvet.enter_done": {"enter as done what was seen"},
    "ecvet.enter_hours": {
        "enter attendance",
        "enter project hours",
        "enter hours of assessment",
        "enter hours of work-based learning",
    },
    "ecvet.log_hours": {"log one's own hours"},
    "ecvet.move_them": {"move learners to another version of the programme"},
    "ecvet.return_hours": {"return hours with a comment"},
    "ecvet.take_back": {"take back hours that one confirmed"},
    "ecvet.take_back_own": {"take back hours that one logged"},
    "ecvet.withdraw": {"withdraw an assessment", "withdraw a validation", "withdraw a recognition"},
    "evidence.ask_for_rating": {"ask somebody without an account for a rating"},
    "evidence.claim_prior": {"claim prior learning"},
    "evidence.decide_prior": {"accept or refuse prior learning"},
    "evidence.new_seminar": {"hold a seminar"},
    "evidence.open_seminar": {"show the code of a seminar"},
    "evidence.save_attendance": {"enter who was at a seminar"},
    "evidence.take_back_claim": {"take back one's own claim"},
    "evidence.withdraw_invitation": {"withdraw an invitation to rate"},
    "insight.confirm": {"confirm hours from the list of what waits"},
    "insight.send_again": {"send grades of a course again"},
    "insight.undo": {"undo a confirmation from the list of what waits"},
    "insight.update_learners": {"have the list of learners of a course read"},
    "papers.choose": {"choose what others see of one's own paper"},
    "papers.issue": {"issue a paper"},
    "papers.share": {"share a portfolio of one's own record"},
    "papers.take_back": {"take back one's own portfolio"},
    "papers.withdraw": {"withdraw a paper"},
    "roles.give": {"give a role in the own institution"},
    "roles.withdraw": {"withdraw a role in the own institution"},
    **{f"admin.{name}": {"manage LMSs, clients of the record store and mails"} for name in _ADMIN.split()},
}
"""A cell fails where it tries a form that does not name its row."""
