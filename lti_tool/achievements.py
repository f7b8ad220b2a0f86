"""What the end of a module tells its learner: what it counted for, what is left, where the grade is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import url_for
from flask_babel import gettext as _

from lti_tool.db import reading
from lti_tool.ecvet import record
from lti_tool.ecvet import store as programmes
from lti_tool.ecvet.views_words import step
from lti_tool.gradebook import store as gradebook
from lti_tool.i18n import current_language
from lti_tool.launch.session import PageSession
from lti_tool.people.store import enrolments_of, keys_here
from lti_tool.play.shapes import GradeState, ModuleSummary, OutcomeLine, UnitLine
from lti_tool.wiring import Wiring

_SHOWN: Final = {"waiting": "waiting", "sent": "sent", "refused": "refused", "kept": "sent"}


def summary_of(wiring: Wiring) -> Callable[[PageSession, str], ModuleSummary]:
    """The function that tells what a module achieved, in every programme of the learner that holds it."""

    def summary(session: PageSession, code: str) -> ModuleSummary:
        language = current_language()
        lines: dict[str, UnitLine] = {}
        with reading(wiring.engine) as conn:
            keys = keys_here(conn, session.actor)
            enrolments = enrolments_of(conn, keys)
            for enrolment in enrolments:
                found = record.summary(
                    conn, keys, code, enrolment.programme, now=wiring.clock(), base_url=wiring.settings.base_url
                )
                programme = programmes.get(conn, enrolment.programme, enrolment.version)
                if programme is None:
                    continue
                for one, new in found.units:
                    left = step(one.judged.next, programme)
                    # What this module brought; where it brought nothing new (a repeat), what is reached already.
                    shown = [
                        OutcomeLine(outcome.id, outcome.text.in_(language), judged.state)
                        for outcome, judged in one.outcomes
                        if outcome in new or (not new and judged.state not in ("not_started", "in_progress"))
                    ]
                    lines[one.unit.id] = UnitLine(
                        one.unit.id,
                        one.unit.title.in_(language),
                        one.judged.state,
                        tuple(shown),
                        left.text if left else "",
                        (left.url or "") if left else "",
                    )
        choose_url = "" if enrolments else url_for("ecvet.enrol")
        return ModuleSummary(tuple(lines.values()), url_for("ecvet.record"), choose_url)

    return summary


def grade_state_of(wiring: Wiring) -> Callable[[PageSession, str], GradeState | None]:
    """The function that tells how the learner's grade for a module is on its way, from the course of this session."""

    def grade_state(session: PageSession, code: str) -> GradeState | None:
        with reading(wiring.engine) as conn:
            module = next((m for p in programmes.current(conn) if (m := p.module(code))), None)
            if module is None or session.course is None:
                return None
            rows = gradebook.of_learner(conn, keys_here(conn, session.actor), module.iri)
        here = next((row for row in rows if row.item.course_id == session.course), None)
        if here is None or here.state == "none":
            return None
        why = _("Your teacher gave a grade by hand. It stays.") if here.state == "kept" else ""
        return GradeState(_SHOWN[here.state], here.sent_at, why)  # type: ignore[arg-type]  # the table's values are these

    return grade_state
