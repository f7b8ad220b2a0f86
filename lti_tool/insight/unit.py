"""What a learner has shown of a unit, for their teacher: where a grade of a unit's column leads from the LMS."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template
from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.views_words import name_of, newest, platform_names
from lti_tool.errors import N_, NotFound
from lti_tool.i18n import current_language
from lti_tool.insight import course as course_table
from lti_tool.people.store import Course
from lti_tool.people.views import Visitor, visitor
from lti_tool.wiring import Wiring


def add_unit(
    pages: Blueprint,
    wiring: Wiring,
    seen_course: Callable[[Connection, Visitor, int | None], tuple[Course, dict[str, Learner]]],
) -> None:
    """The blueprint has the page of a learner's unit in a course."""
    base_url = wiring.settings.base_url

    @pages.get("/course/<int:number>/learner/<person>/unit/<unit>")
    def unit(number: int, person: str, unit: str) -> str:
        who, language = visitor(), current_language()
        with reading(wiring.engine) as conn:
            course, learners = seen_course(conn, who, number)
            learner = next((one for one in learners.values() if one.person == person), None)
            line = course_table.table(conn, number, [learner], wiring.clock(), base_url).lines[0] if learner else None
            record = next((one for one in line.records if one.unit(unit)), None) if line else None
            places = platform_names(conn)
        found = record.unit(unit) if record else None
        if record is None or found is None or learner is None:
            raise NotFound("INSIGHT-EVIDENCE", N_("There is no such learner or unit in this course."))
        return render_template(
            "insight/unit.html",
            course=course,
            name=name_of(learner),
            title=f"{found.unit.id} {found.unit.title.in_(language)}",
            one=found,
            evidence=newest(course_table.on_unit(record, found.unit), record.programme, places, base_url),
        )
