"""The page on which a coordinator sees what another version changes, for whom, and moves learners to it."""

from __future__ import annotations

from collections.abc import Collection

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet import learners, moves, store
from lti_tool.ecvet.decisions import take_turn
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.moves import MOVE
from lti_tool.ecvet.programme import Programme
from lti_tool.ecvet.record import many
from lti_tool.ecvet.versions import Change, changes
from lti_tool.ecvet.views_programme import field_said, value_said
from lti_tool.ecvet.views_staff import author, seen
from lti_tool.ecvet.views_words import name_of
from lti_tool.errors import N_, BadInput, Forbidden, NotFound, ToolError
from lti_tool.i18n import current_language
from lti_tool.people.store import Enrolment
from lti_tool.people.views import Visitor, visitor
from lti_tool.wiring import Wiring
from xapi.recording import OnStored

PAGE_OF = 50
"""Learners on one page: each is judged twice."""
PAST = 20
"""Moves that are shown below, the newest first."""


def may_move(who: Visitor, enrolment: Enrolment) -> bool:
    """Whether a role of the visitor moves this learner, and it is somebody else."""
    return enrolment.actor_key not in who.keys and who.may(
        "move", institution=enrolment.institution, programme=enrolment.programme
    )


def add_pages(pages: Blueprint, wiring: Wiring, on_stored: OnStored) -> None:
    """`/programme/<id>/move`."""
    base_url = wiring.settings.base_url
    pages.app_template_global("change_said")(change_said)

    def must_move(who: Visitor, programme: str) -> None:
        if not who.may_somewhere("move"):
            raise Forbidden(
                "PEOPLE-ROLE",
                N_("Your role does not include this."),
                N_("Ask the coordinator of the programme who may do it."),
                whom="administrator",
            )
        if not any(who.may("move", institution=one.institution, programme=programme) for one in who.grants):
            raise NotFound("ECVET-PROGRAMME", N_("There is no such programme for you."))

    def elsewhere(conn: Connection, who: Visitor, to: Programme) -> list[tuple[Learner, Enrolment]]:
        """The learners whom the visitor may move and who are on another version, by name."""
        return [
            (learner, enrolment)
            for learner, enrolment in learners.enrolled(conn, to.id)
            if enrolment.version != to.version and may_move(who, enrolment)
        ]

    @pages.get("/programme/<programme>/move")
    def move(programme: str) -> str:
        return move_page(programme)

    def move_page(programme: str, problem: ToolError | None = None, chosen: Collection[str] = ()) -> str:
        who = visitor()
        must_move(who, programme)
        first = max(request.args.get("from", 0, type=int), 0)
        with reading(wiring.engine) as conn:
            to = moves.target(conn, programme, request.values.get("to", ""))
            waiting = elsewhere(conn, who, to)
            page = waiting[first : first + PAGE_OF]
            found = many(conn, [one for one, _enrolment in page], wiring.clock(), base_url, to.id)
            effects = [moves.effect(conn, some[0], to, base_url) for some in found.values() if some]
            versions = store.versions_of(conn, to.id)
            old = sorted({enrolment.version for _learner, enrolment in waiting})
            reached = [one for one in learners.enrolled(conn, to.id) if may_move(who, one[1])]
            names = {key: name_of(learner) for learner, _enrolment in reached for key in learner.keys}
            past = [(names[row.actor_key], row) for row in moves.recent(conn, to.id) if row.actor_key in names]
            changed = [
                (version, changes(was, to, current_language()))
                for version in old
                if (was := store.get(conn, to.id, version))
            ]
        return render_template(
            "ecvet/move.html",
            programme=to,
            versions=versions,
            past=past[:PAST],
            changed=changed,
            effects=[(name_of(one.before.learner), one.before.learner.person, one) for one in effects],
            count=len(waiting),
            first=first,
            page_of=PAGE_OF,
            problem=problem,
            chosen=chosen,
            form=request.form,
            done=request.args.get("done", type=int),
        )

    @pages.post("/programme/<programme>/move")
    def move_them(programme: str) -> Response | tuple[str, int]:
        who, now = visitor(), wiring.clock()
        must_move(who, programme)
        persons = list(dict.fromkeys(request.form.getlist("person")))

        def work(conn: Connection) -> tuple[int, str]:
            take_turn(conn)
            to = moves.target(conn, programme, request.form.get("to", ""))
            if not persons:
                raise BadInput("ECVET-NOBODY", N_("Nobody is ticked."), N_("Tick the learners whom you move."))
            by, count = author(who), 0
            for person in persons[:PAGE_OF]:
                record = seen(conn, who, programme, person, wiring)
                by.must_any(MOVE, record)
                reason = request.form.get("reason", "")
                count += moves.move(conn, record, to, reason, by, now, base_url, on_stored)
            return count, to.version

        try:
            count, version = wiring.writer.run(work)
        except BadInput as error:
            return move_page(programme, error, persons), error.status
        return redirect(url_for("ecvet.move", programme=programme, to=version, done=count), 303)


def change_said(change: Change, programme: Programme) -> str:
    """A change in the reader's language: "Points of BIB-U1: 1 → 2"."""
    what = f"{_about(change)} {change.id}"
    if change.kind == "added":
        return str(_("%(what)s is new: %(text)s", what=what, text=change.after))
    if change.kind == "removed":
        return str(_("%(what)s is gone: %(text)s", what=what, text=change.before))
    field, _dot, mode = change.field.partition(".")
    if field in ("rule", "evidence"):
        return str(_("%(what)s: the rule of evidence is another", what=what))
    titled = programme.mode(mode) if field == "hours" else None
    # Of an outcome the text is the thing itself: "Learning outcome BIB-U1-K1, wording".
    named = str(_("wording")) if change.field == "text" else field_said(change.field)
    name = named + (f" ({titled.title.in_(current_language())})" if titled else "")
    before, after = (value_said(change.field, value) or "–" for value in (change.before, change.after))
    return f"{what}, {name}: {before} → {after}"


def _about(change: Change) -> str:
    words = {
        "programme": _("Programme"),
        "unit": _("Unit"),
        "outcome": _("Learning outcome"),
        "module": _("Module"),
    }
    return str(words[change.about])
