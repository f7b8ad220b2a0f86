"""Pages of evidence that people bring: each kind has its own file."""

from __future__ import annotations

from flask import Blueprint

from lti_tool.evidence import views_files, views_observations, views_prior, views_seminars, views_works
from lti_tool.wiring import Wiring
from xapi.recording import OnStored


def blueprint(wiring: Wiring, on_stored: OnStored) -> Blueprint:
    """All pages of evidence. `on_stored` is told of every statement that is written here."""
    pages = Blueprint("evidence", __name__)
    views_files.add_pages(pages, wiring)
    views_observations.add_pages(pages, wiring, on_stored)
    views_prior.add_pages(pages, wiring, on_stored)
    views_seminars.add_pages(pages, wiring, on_stored)
    views_works.add_pages(pages, wiring, on_stored)
    return pages
