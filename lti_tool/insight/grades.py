"""The grades of a course on their way to the LMS: each with what came of it, and sending again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.views_words import name_of
from lti_tool.errors import N_, NotFound
from lti_tool.gradebook import pace
from lti_tool.gradebook import store as gradebook
from lti_tool.gradebook.store import Delivery
from lti_tool.people.store import Course
from lti_tool.people.views import Visitor, visitor
from lti_tool.wiring import Wiring

STATES = ("refused", "waiting", "kept", "sent")
"""In the order in which a teacher wants to see them. A row without anything to send is not shown."""


@dataclass(frozen=True, slots=True)
class Way:
    """One grade on its way. `next_at`: when it is tried again, None where it is not tried by itself."""

    delivery: Delivery
    learner: Learner
    problem: str | None
    next_at: datetime | None

    @property
    def again(self) -> bool:
        """Whether sending it again may help."""
        return self.delivery.state == "refused" or (self.delivery.state == "waiting" and self.problem is not None)


def ways(conn: Connection, course: Course, learners: dict[str, Learner]) -> list[Way]:
    """The grades of these learners, those that need somebody first."""
    owner = {key: one for one in learners.values() for key in one.keys}
    trouble = pace.of(conn, [course.platform_id]).get(course.platform_id)
    found = [
        _way(row, owner[row.actor_key], trouble)
        for row in gradebook.of_course(conn, course.id)
        if row.actor_key in owner and row.state in STATES
    ]
    return sorted(found, key=lambda one: (STATES.index(one.delivery.state), one.learner.order, one.delivery.id))


def _way(row: Delivery, learner: Learner, trouble: pace.Pace | None) -> Way:
    if row.state != "waiting":
        return Way(row, learner, row.problem, None)
    # A platform that is left alone for now holds up all that waits for it.
    if trouble is not None and trouble.until is not None:
        return Way(row, learner, row.problem or trouble.problem, max(row.due_at, trouble.until))
    return Way(row, learner, row.problem, row.due_at)


def add_grades(
    pages: Blueprint,
    wiring: Wiring,
    seen_course: Callable[[Connection, Visitor, int | None], tuple[Course, dict[str, Learner]]],
) -> None:
    """The blueprint has the page of a course's grades, and the form that sends them again."""

    @pages.get("/course/<int:number>/grades")
    def grades(number: int) -> str:
        who, state = visitor(), request.args.get("state", "")
        with reading(wiring.engine) as conn:
            course, learners = seen_course(conn, who, number)
            found = ways(conn, course, learners)
        return render_template(
            "insight/grades.html",
            course=course,
            ways=[one for one in found if state in ("", one.delivery.state)],
            names={one.person: name_of(one) for one in learners.values()},
            counts=Counter(one.delivery.state for one in found),
            states=STATES,
            state=state,
            again=sum(one.again for one in found),
            done=request.args.get("again", type=int),
            now=wiring.clock(),
        )

    @pages.post("/course/<int:number>/send-again")
    def send_again(number: int) -> Response:
        """These grades are due now, or all that are in trouble; nothing of other courses or learners."""
        who = visitor()

        def work(conn: Connection) -> int:
            course, learners = seen_course(conn, who, number)
            mine = {one.delivery.id: one for one in ways(conn, course, learners)}
            if "all" in request.form:
                asked = {id for id, one in mine.items() if one.again}
            else:
                given = request.form.getlist("delivery")
                asked = {int(id) for id in given if id.isascii() and id.isdigit() and len(id) < 19} & set(mine)
                if not asked:
                    raise NotFound("INSIGHT-GRADE", N_("There is no such grade in this course."))
            return gradebook.resend(conn, sorted(asked), wiring.clock())

        count = wiring.writer.run(work)
        endpoint = "insight.grades" if request.form.get("from") == "grades" else "insight.course"
        return redirect(url_for(endpoint, number=number, again=count), 303)
