"""What other parts of the tool are told of agreements; `app.py` hands them these functions."""

from __future__ import annotations

from datetime import datetime

from flask import render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from lti_tool.agreements import store
from lti_tool.agreements.acting import AGREE
from lti_tool.agreements.common import learner_waits
from lti_tool.agreements.terms import disclosed
from lti_tool.ecvet.entries import Author
from lti_tool.ecvet.record import Record
from lti_tool.ecvet.under import Done
from lti_tool.i18n import current_language
from lti_tool.insight.waiting import Unsigned
from lti_tool.papers.views_words import here
from lti_tool.papers.words import day
from lti_tool.people.roles import reach


def done_under(conn: Connection, record: Record, own: bool) -> tuple[Done, ...]:
    """The learning agreements of a learner in a programme that are in force or wait for signatures, newest first."""
    today, found = record.at.date(), []
    for versions in store.of_learner(conn, record.learner.keys, record.programme.id):
        for one in versions:
            state = one.state(today)
            if state not in ("draft", "agreed"):
                continue
            address = url_for("agreements.own_one", number=one.number) if own else None
            words = _(
                "Learning agreement with %(host)s, until %(day)s",
                host=here(one.snapshot["parties"][1]["title"]["text"]),
                day=day(one.last_day, current_language()),
            )
            waits = own and learner_waits(one, today)
            units = frozenset(unit["id"] for unit in one.snapshot["units"])
            found.append(Done(str(words), address, units, state == "agreed", waits))
    return tuple(found)


def unsigned(conn: Connection, by: Author) -> dict[str, Unsigned]:
    """Agreements that wait for a signature which `by` gives for an institution, by kind."""
    found = store.unsigned(conn, by.keys, reach(by.grants, AGREE))
    return {kind: Unsigned(count, since) for kind, (count, since) in sorted(found.items())}


def check(conn: Connection, number: str, now: datetime) -> str | None:
    """The check page of an agreement with this number; None where there is none."""
    one = store.get(conn, number)
    if one is None:
        return None
    return render_template("agreements/check.html", told=disclosed(one, one.shows, now.date()), here=here)
