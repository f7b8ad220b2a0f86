"""Forms of agreements: a new memorandum, a new learning agreement, the next version of either."""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from lti_tool.agreements import acting, store
from lti_tool.agreements.acting import AGREE, Learner, own, usable
from lti_tool.agreements.common import must_be_newest, seen, who_agrees
from lti_tool.agreements.content import DUTIES, wish_of
from lti_tool.agreements.reading import Sent, read_learning, read_memorandum, values_of
from lti_tool.agreements.terms import MOST_PARTIES, Agreement
from lti_tool.db import reading
from lti_tool.ecvet import learners
from lti_tool.ecvet import store as programmes
from lti_tool.ecvet.decisions import take_turn
from lti_tool.ecvet.once import first_time
from lti_tool.ecvet.record import Record
from lti_tool.ecvet.terms import Programme
from lti_tool.ecvet.views_staff import author
from lti_tool.ecvet.views_staff import seen as seen_record
from lti_tool.errors import N_, BadInput, Conflict, Forbidden, NotFound, ToolError
from lti_tool.i18n import current_language
from lti_tool.papers.issue import new_number
from lti_tool.people.views import Visitor
from lti_tool.wiring import Wiring


def add_pages(pages: Blueprint, wiring: Wiring) -> None:
    """`/agreements/new`, `/programme/…/agreements/new`, `/agreements/<series>/change`."""

    def form_page(
        who: Visitor,
        programme: Programme,
        kind: str,
        values: Sent,
        problem: ToolError | None = None,
        **more: object,
    ) -> str:
        with reading(wiring.engine) as conn:
            under = usable(conn, programme.id, author(who), wiring.clock().date()) if kind == "learning" else []
        language = current_language()
        return render_template(
            f"agreements/{kind}.html",
            programme=programme,
            form=values,
            problem=problem,
            under=under,
            places=range(MOST_PARTIES),
            duties=DUTIES,
            institutions=[(one.id, f"{one.title.in_(language)} ({one.country})") for one in programme.institutions],
            **more,
        )

    @pages.get("/agreements/new")
    def new_memorandum() -> str:
        who = who_agrees()
        programme = programme_for(who, request.args.get("programme", ""))
        mine = [one.institution for one in who.grants if one.institution and one.programme in (None, programme.id)]
        first = [("p0_institution", mine[0]), ("p0_contact", who.name or "")] if mine else []
        units = [("unit", unit.id) for unit in programme.units]
        return form_page(
            who, programme, "memorandum", MultiDict([*first, *units, ("starts", wiring.clock().date().isoformat())])
        )

    @pages.post("/agreements/new")
    def make_memorandum() -> Response | tuple[str, int]:
        who, now, sent = who_agrees(), wiring.clock(), request.form
        programme = programme_for(who, sent.get("programme", ""))
        series, number = str(uuid4()), new_number()

        def work(conn: Connection) -> bool:
            take_turn(conn)
            wish = read_memorandum(sent, programme)
            if not first_time(conn, sent.items(multi=True), now):
                return False
            acting.make(conn, wish, programme, None, author(who), now, number, series)
            return True

        try:
            made = wiring.writer.run(work)
        except (BadInput, Conflict, Forbidden) as error:
            return form_page(who, programme, "memorandum", sent, error), error.status
        if not made:  # the button was pressed twice
            return redirect(url_for("agreements.index", kind="memorandum"), 303)
        return redirect(url_for("agreements.one", series=series, done=1), 303)

    @pages.get("/programme/<programme>/learner/<person>/agreements/new")
    def new_learning(programme: str, person: str) -> str:
        who = who_agrees()
        with reading(wiring.engine) as conn:
            record = seen_record(conn, who, programme, person, wiring)
            found = usable(conn, programme, author(who), wiring.clock().date())
        under = next((one for one in found if one.series == request.args.get("memorandum")), None)
        return form_page(who, record.programme, "learning", begun(record, under), person=person)

    def begun(record: Record, under: Agreement | None) -> Sent:
        """The form as the record and the memorandum fill it."""
        account, home = record.learner.account, record.institution or ""
        values = [("name", record.learner.name or ""), ("email", (account.email or "") if account else "")]
        values += [("home_institution", home), ("assess_side", "host")]
        values += [("validate_side", "home"), ("recognise_side", "home")]
        if under is None:
            values.append(("starts", wiring.clock().date().isoformat()))
            return MultiDict(values)
        wish = values_of(wish_of(under))
        values += [("memorandum", under.series), ("starts", wish["starts"]), ("ends", wish["ends"])]
        values += [("unit", unit) for unit in wish.getlist("unit")]
        others = [place for place in range(len(under.parties)) if wish[f"p{place}_institution"] != home or not home]
        sides = zip(("host",) if home else ("home", "host"), others, strict=False)
        values = values if home else [pair for pair in values if pair[0] != "home_institution"]
        for side, place in sides:
            prefix = f"p{place}_"
            values += [
                (f"{side}_{name.removeprefix(prefix)}", value)
                for name, value in wish.items()
                if name.startswith(prefix)
            ]
        return MultiDict(values)

    @pages.post("/programme/<programme>/learner/<person>/agreements/new")
    def make_learning(programme: str, person: str) -> Response | tuple[str, int]:
        who, now, sent = who_agrees(), wiring.clock(), request.form
        series, number = str(uuid4()), new_number()
        with reading(wiring.engine) as conn:
            shown = seen_record(conn, who, programme, person, wiring).programme

        def work(conn: Connection) -> bool:
            take_turn(conn)
            record = seen_record(conn, who, programme, person, wiring)
            wish = read_learning(sent, record.programme)
            if not first_time(conn, sent.items(multi=True), now):
                return False
            assert record.enrolment is not None  # noqa: S101  # `seen` finds no others
            learner = Learner(record.enrolment.actor_key, record.learner.keys)
            acting.make(conn, wish, record.programme, learner, author(who), now, number, series)
            return True

        try:
            made = wiring.writer.run(work)
        except (BadInput, Conflict, Forbidden) as error:
            return form_page(who, shown, "learning", sent, error, person=person), error.status
        if not made:
            return redirect(url_for("agreements.of_learner", programme=programme, person=person), 303)
        return redirect(url_for("agreements.one", series=series, done=1), 303)

    @pages.get("/agreements/<series>/change")
    def change(series: str) -> str:
        who = who_agrees()
        with reading(wiring.engine) as conn:
            newest, programme = changing(conn, who, series)
        return form_page(who, programme, newest.kind, values_of(wish_of(newest)), changed=newest)

    @pages.post("/agreements/<series>/change")
    def make_version(series: str) -> Response | tuple[str, int]:
        who, now, sent, number = who_agrees(), wiring.clock(), request.form, new_number()
        with reading(wiring.engine) as conn:
            newest, programme = changing(conn, who, series)

        def work(conn: Connection) -> None:
            take_turn(conn)
            versions = store.of_series(conn, series)
            must_be_newest(versions, sent.get("base", ""))
            wish = (read_memorandum if newest.kind == "memorandum" else read_learning)(sent, programme)
            learner = None
            if newest.learner_key:
                person = learners.by_key(conn, [newest.learner_key]).get(newest.learner_key)
                learner = Learner(newest.learner_key, person.keys if person else [newest.learner_key])
            acting.make(conn, wish, programme, learner, author(who), now, number, series, versions)

        try:
            wiring.writer.run(work)
        except (BadInput, Conflict, Forbidden) as error:
            return form_page(who, programme, newest.kind, sent, error, changed=newest), error.status
        return redirect(url_for("agreements.one", series=series, done=1), 303)

    def changing(conn: Connection, who: Visitor, series: str) -> tuple[Agreement, Programme]:
        """The newest version, of which `who` is a party, and the programme in whose terms the next one is made."""
        by = author(who)
        newest = seen(conn, by, series)[0]
        if newest.number != store.of_series(conn, series)[0].number or own(by, newest):
            raise acting.no_such()
        version = newest.snapshot["programme"]["version"] if newest.kind == "learning" else None
        found = programmes.get(conn, newest.programme, version) or programmes.get(conn, newest.programme)
        if found is None:
            raise NotFound("ECVET-PROGRAMME", N_("There is no such programme for you."))
        return newest, found

    def programme_for(who: Visitor, id: str) -> Programme:
        with reading(wiring.engine) as conn:
            found = programmes.get(conn, id)
        if found is None or not any(
            who.may(AGREE, institution=grant.institution, programme=id) for grant in who.grants
        ):
            raise NotFound("ECVET-PROGRAMME", N_("There is no such programme for you."))
        return found
