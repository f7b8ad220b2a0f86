"""Every table of the tool, for what must go over all of them: to erase a person, delete or merge a platform.

A table is known once its module is imported, and a command imports only what it needs: what it does not know it would
leave out without a word.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Final

import sqlalchemy as sa

from lti_tool.db import metadata

DEFINING: Final = (
    "admin.checks",
    "admin.credentials",
    "agreements.store",
    "audit",
    "calls",
    "choose.store",
    "ecvet.moves",
    "ecvet.once",
    "ecvet.store",
    "ecvet.summary_rows",
    "evidence.files",
    "evidence.observations",
    "evidence.prior",
    "evidence.seminars",
    "evidence.works",
    "gradebook.pace",
    "gradebook.rows",
    "gradebook.tokens",
    "insight.announcements",
    "insight.reminders",
    "journal",
    "launch.legacy",
    "launch.merges",
    "launch.platforms",
    "launch.store",
    "papers.portfolio",
    "papers.register",
    "people.accounts",
    "people.courses",
    "people.enrolments",
    "people.grants",
    "people.groups",
    "people.invitations",
    "people.joins",
    "people.post",
    "people.roster",
    "play.store",
)
"""The modules that define tables; a test finds the one that is missing here."""


@cache
def every() -> sa.MetaData:
    """All tables of the tool."""
    for name in DEFINING:
        importlib.import_module(f"lti_tool.{name}")
    return metadata
