"""Pages of memoranda and learning agreements: for coordinators, for learners, and for who checks a number."""

from __future__ import annotations

from flask import Blueprint

from lti_tool.agreements import common, views_forms, views_learner, views_list, views_one
from lti_tool.wiring import Wiring


def blueprint(wiring: Wiring) -> Blueprint:
    """`/agreements`, `/record/agreements`, and the agreements of a learner below `/programme`."""
    pages = Blueprint("agreements", __name__)
    pages.app_template_global("agreement_kind")(common.kind_word)
    pages.app_template_global("agreement_state")(common.state_word)
    pages.app_template_global("agreement_shows")(common.shows_word)
    pages.app_template_global("agreement_parties")(common.parties_of)
    pages.app_template_global("agreement_programme")(common.programme_of)
    pages.app_template_global("agreement_signer")(common.signer_name)
    views_list.add_pages(pages, wiring)
    views_forms.add_pages(pages, wiring)
    views_one.add_pages(pages, wiring)
    views_learner.add_pages(pages, wiring)
    return pages
