"""Lists of agreements: those within a coordinator's reach, and those of one learner."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from lti_tool.agreements import store
from lti_tool.agreements.acting import AGREE, own, reaches, usable
from lti_tool.agreements.common import lines, who_agrees
from lti_tool.agreements.store import UNSIGNED, Sought
from lti_tool.agreements.terms import KINDS, STATES
from lti_tool.db import reading
from lti_tool.ecvet import store as programmes
from lti_tool.ecvet.views_staff import author, seen
from lti_tool.ecvet.views_words import name_of
from lti_tool.i18n import current_language
from lti_tool.people.roles import reach
from lti_tool.wiring import Wiring

PAGE_OF = 50
FILTERS = ("kind", "q", "state", "programme")


def add_pages(pages: Blueprint, wiring: Wiring) -> None:
    """`/agreements` and `/programme/<programme>/learner/<person>/agreements`."""

    @pages.get("/agreements")
    def index() -> str:
        who, now = who_agrees(), wiring.clock()
        asked = {name: request.args.get(name, "").strip()[:200] for name in FILTERS}
        if asked["kind"] not in KINDS:
            asked["kind"] = "learning"
        first = max(request.args.get("from", 0, type=int), 0)
        within = reach(who.grants, AGREE)
        by = author(who)
        sought = Sought(asked["kind"], asked["q"], asked["state"], asked["programme"], by.keys)
        with reading(wiring.engine) as conn:
            found, count = store.search(conn, sought, within, now.date(), first, PAGE_OF)
            mine = [one for one in programmes.current(conn) if any(id in (None, one.id) for _place, id in within)]
        return render_template(
            "agreements/index.html",
            lines=lines(found, now, by),
            count=count,
            first=first,
            page_of=PAGE_OF,
            asked=asked,
            kinds=KINDS,
            states=[state for state in STATES if state != "superseded"],  # a newest version never is
            unsigned=UNSIGNED,
            programmes=[(one.id, one.title.in_(current_language())) for one in mine],
        )

    @pages.get("/programme/<programme>/learner/<person>/agreements")
    def of_learner(programme: str, person: str) -> str:
        who, now = who_agrees(), wiring.clock()
        by = author(who)
        with reading(wiring.engine) as conn:
            record = seen(conn, who, programme, person, wiring)
            every = store.of_learner(conn, record.learner.keys, programme)
            under = usable(conn, programme, by, now.date())
        found = [versions for versions in every if reaches(by, versions[0])]
        return render_template(
            "agreements/of_learner.html",
            lines=lines(found, now, by),
            programme=record.programme,
            person=person,
            name=name_of(record.learner),
            itself=any(own(by, versions[0]) for versions in found) or bool(set(by.keys) & set(record.learner.keys)),
            under=under,
        )
