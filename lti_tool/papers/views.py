"""Pages of papers: a learner's own, those of a learner for whoever issues, the register, and the public check."""

from __future__ import annotations

from flask import Blueprint

from lti_tool.papers import (
    views_check,
    views_credentials,
    views_learner,
    views_portfolio,
    views_register,
    views_staff,
)
from lti_tool.papers.views_words import kind_word, number_shown, shows_word, state_word
from lti_tool.wiring import Wiring


def blueprint(wiring: Wiring, elsewhere: views_check.Elsewhere = views_check.nowhere) -> Blueprint:
    """`/record/papers`, `/record/portfolio`, `/shared`, `/register`, `/check`, `/credentials`, papers of a learner.
    `elsewhere`: the check page of a paper that is no award."""
    pages = Blueprint("papers", __name__)
    pages.app_template_filter("paper_number")(number_shown)
    pages.app_template_global("paper_kind")(kind_word)
    pages.app_template_global("paper_state")(state_word)
    pages.app_template_global("paper_shows")(shows_word)
    views_learner.add_pages(pages, wiring)
    views_portfolio.add_pages(pages, wiring)
    views_staff.add_pages(pages, wiring)
    views_register.add_pages(pages, wiring)
    views_check.add_pages(pages, wiring, elsewhere)
    views_credentials.add_pages(pages, wiring)
    return pages
