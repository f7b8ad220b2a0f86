"""`/programme/<id>/learner/<person>/join`: a coordinator says, with a reason, that two learners are one person.

Both must be within the coordinator's reach. What a join brings together can be parted again: nothing is rewritten.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet import learners
from lti_tool.ecvet.cohort import Wanted, cohort
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.record import Record
from lti_tool.ecvet.views_cohort import called
from lti_tool.ecvet.views_staff import author, seen
from lti_tool.ecvet.views_words import name_of
from lti_tool.errors import N_, Forbidden, NotFound
from lti_tool.people import joins
from lti_tool.people import store as people
from lti_tool.people.views import Visitor, visitor
from lti_tool.people.views_joins import Changed, nobody, sides
from lti_tool.wiring import Wiring

MOST_FOUND = 20
"""Learners of a search that are offered."""


def add_pages(pages: Blueprint, wiring: Wiring, changed: Changed = nobody) -> None:
    """The page, and what its forms do."""
    base_url = wiring.settings.base_url

    def may_join(conn: Connection, who: Visitor, programme: str, person: str) -> Record:
        """The record of a learner whom the visitor may join with another; raises PEOPLE-ROLE (403), NotFound."""
        record = seen(conn, who, programme, person, wiring)
        who.must("join", institution=record.institution, programme=programme)
        if set(who.keys) & set(record.learner.keys):
            raise Forbidden(
                "ECVET-SELF",
                N_("Nobody decides about themselves."),
                N_("Ask somebody else of your institution."),
                whom="administrator",
            )
        return record

    def other_of(conn: Connection, who: Visitor, person: str) -> Learner:
        """Another learner within reach, in whichever programme. The same NotFound for who is out of reach."""
        found = learners.by_person(conn, [person]).get(person)
        enrolments = people.enrolments_of(conn, found.keys) if found else []
        if found is None or not any(
            who.may("join", institution=one.institution, programme=one.programme) for one in enrolments
        ):
            raise NotFound(
                "ECVET-LEARNER",
                N_("There is no such learner in your programme."),
                N_("Go back to the list of learners."),
            )
        return found

    @pages.get("/programme/<programme>/learner/<person>/join")
    def join(programme: str, person: str) -> str:
        who, asked = visitor(), request.args.get("other", "")
        q = request.args.get("q", "").strip()[:200]
        with reading(wiring.engine) as conn:
            record = may_join(conn, who, programme, person)
            other = other_of(conn, who, asked) if asked else None
            if other is not None:
                joins.must_fit(conn, record.learner.keys[0], other.keys[0])
            found = (
                cohort(
                    conn,
                    record.programme,
                    who.grants,
                    Wanted(name=q),
                    called,
                    (0, MOST_FOUND),
                    wiring.clock(),
                    base_url,
                ).lines
                if q
                else ()
            )
            standing = joins.of(conn, record.learner.keys)
            named = sides(conn, {*record.learner.keys, *(other.keys if other else ())}, base_url)
        return render_template(
            "ecvet/join.html",
            record=record,
            name=name_of(record.learner),
            other=other,
            other_name=name_of(other) if other else "",
            found=[line for line in found if line.person != record.learner.person],
            standing=[one for one in standing if one.into_key in named and one.other_key in named],
            named=named,
            q=q,
            crumbs=[
                (_("Learners"), url_for("ecvet.programme", programme=programme)),
                (name_of(record.learner), url_for("ecvet.learner", programme=programme, person=person)),
            ],
        )

    @pages.post("/programme/<programme>/learner/<person>/join")
    def do_join(programme: str, person: str) -> Response:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> None:
            record = may_join(conn, who, programme, person)
            reason = joins.must_say(request.form.get("reason", ""))
            other = other_of(conn, who, request.form.get("other", ""))
            if set(who.keys) & set(other.keys):
                raise Forbidden(
                    "ECVET-SELF",
                    N_("Nobody decides about themselves."),
                    N_("Ask somebody else of your institution."),
                    whom="administrator",
                )
            by = author(who)
            joins.join(conn, record.learner.keys[0], other.keys[0], by.keys[0], by.name, reason, now)
            changed(conn, [*record.learner.keys, *other.keys])

        wiring.writer.run(work)
        return redirect(url_for("ecvet.join", programme=programme, person=person), 303)

    @pages.post("/programme/<programme>/learner/<person>/part")
    def do_part(programme: str, person: str) -> Response:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> str:
            record = may_join(conn, who, programme, person)
            reason = joins.must_say(request.form.get("reason", ""))
            keys = record.learner.keys
            joins.undo(conn, request.form.get("join", ""), keys, author(who).name, reason, now)
            changed(conn, keys)
            left = record.enrolment.actor_key if record.enrolment else keys[0]
            return learners.by_key(conn, [left])[left].person

        left = wiring.writer.run(work)
        return redirect(url_for("ecvet.learner", programme=programme, person=left), 303)
