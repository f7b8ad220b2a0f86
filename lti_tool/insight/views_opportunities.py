"""The page of what is open to a learner: for each outcome that is missing, what would count and where to begin."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet.own import own_records
from lti_tool.ecvet.rule_words import in_words
from lti_tool.i18n import current_language
from lti_tool.insight.opportunities import opportunities
from lti_tool.launch.origin import return_address
from lti_tool.launch.store import get_launch
from lti_tool.people.views import visitor
from lti_tool.wiring import Wiring


def add_opportunities(pages: Blueprint, wiring: Wiring) -> None:
    """The blueprint has `/record/opportunities`."""

    @pages.get("/record/opportunities")
    def own_opportunities() -> str | Response:
        who = visitor()
        with reading(wiring.engine) as conn:
            _found, record = own_records(conn, who, request.args.get("programme"), wiring)
            units = opportunities(conn, record) if record else ()
            back = return_address(get_launch(conn, who.session.sid)) if units else ""
        if record is None:
            return redirect(url_for("ecvet.enrol"), 303)
        language = current_language()
        return render_template(
            "insight/opportunities.html",
            record=record,
            programme=record.programme,
            units=units,
            way=lambda rule: in_words(rule, record.programme, language, _),
            # The LMS names an address for the course of this launch alone.
            course_url=lambda course: back if course == who.session.course else "",
        )
