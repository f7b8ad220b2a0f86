"""`/record/accounts`: the accounts of a person, joining another one by a code, and parting them again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.launch import platforms
from lti_tool.people import join_code, joins
from lti_tool.people.joins import Asked
from lti_tool.people.store import accounts_of, keys_of
from lti_tool.people.views import Visitor, person_name, visitor
from lti_tool.wiring import Wiring
from xapi import personas
from xapi.statement import actor_key

Changed = Callable[[Connection, Collection[str]], None]
"""Told, inside the transaction, that these accounts have become, or ceased to be, one person with others."""


@dataclass(frozen=True, slots=True)
class Side:
    """An account as people know it: by name, and where it is."""

    key: str
    name: str
    place: str


def nobody(_conn: Connection, _keys: Collection[str]) -> None:
    """For installations (and tests) in which nobody wants to know."""


def blueprint(wiring: Wiring, changed: Changed = nobody) -> Blueprint:
    """The pages. Each act is done for the account of the visitor's session, and the person it belongs to."""
    pages = Blueprint("joins", __name__)

    def page(code: str = "", found: Asked | None = None) -> str:
        who, now = visitor(), wiring.clock()
        with reading(wiring.engine) as conn:
            to_answer, asked = joins.waiting(conn, who.keys, now)
            standing = joins.of(conn, who.keys)
            others = [key for one in (*to_answer, *asked) for key in (one.key, one.by)] + ([found.key] if found else [])
            named = sides(conn, {*who.keys, *others}, wiring.settings.base_url)
        return render_template(
            "people/accounts.html",
            mine=[named[key] for key in who.keys if key in named],
            here=actor_key(who.session.actor),
            named=named,
            to_answer=to_answer,
            asked=asked,
            standing=[one for one in standing if one.into_key in named and one.other_key in named],
            code=code,
            until=now + joins.LIFE,
            found=found,
            typed=request.form.get("code", ""),
        )

    @pages.get("/record/accounts")
    def accounts() -> str:
        return page()

    @pages.post("/record/accounts/code")
    def show_code() -> str:
        who, now = visitor(), wiring.clock()
        code = join_code.make(wiring.settings.secret_key)
        wiring.writer.run(lambda conn: joins.show(conn, actor_key(who.session.actor), code, now))
        return page(code=code)

    @pages.post("/record/accounts/look")
    def look() -> str:
        """What a code would join: the first of two confirmations stands on this page."""
        return page(found=looked_up(visitor()))

    @pages.post("/record/accounts/ask")
    def ask() -> Response:
        who, now = visitor(), wiring.clock()
        found = looked_up(who)
        wiring.writer.run(lambda conn: joins.ask(conn, found, now))
        return redirect(url_for("joins.accounts"), 303)

    def looked_up(who: Visitor) -> Asked:
        code = join_code.read(request.form.get("code", ""), wiring.settings.secret_key)
        now, own = wiring.clock(), actor_key(who.session.actor)

        def work(conn: Connection) -> Asked | None:
            found = joins.find(conn, code, own, now)
            if found:
                joins.must_fit(conn, found.key, found.by)
            return found

        found = wiring.writer.run(work)
        if found is None:
            raise joins.no_code()  # only now: the try must be counted
        return found

    @pages.post("/record/accounts/answer")
    def answer() -> Response:
        who, now = visitor(), wiring.clock()
        asked, yes = request.form.get("asked", ""), request.form.get("answer") == "yes"

        def work(conn: Connection) -> None:
            own = actor_key(who.session.actor)
            if joins.answer(conn, asked, who.keys, yes, own, now):
                changed(conn, keys_of(conn, personas.persona_of(conn, who.session.actor, now)))

        wiring.writer.run(work)
        return redirect(url_for("joins.accounts"), 303)

    @pages.post("/record/accounts/part")
    def part() -> Response:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> None:
            joins.undo(conn, request.form.get("join", ""), who.keys, "", "", now)
            changed(conn, who.keys)

        wiring.writer.run(work)
        return redirect(url_for("joins.accounts"), 303)

    return pages


def sides(conn: Connection, keys: Collection[str], base_url: str) -> dict[str, Side]:
    """These accounts as people know them, by key."""
    places = {one.issuer: one.name for one in platforms.get_all(conn)}
    found = {}
    for key, account in accounts_of(conn, keys).items():
        home = str(account.actor.get("account", {}).get("homePage", ""))
        place = str(_("this tool")) if home == base_url else places.get(home) or urlsplit(home).hostname or home
        found[key] = Side(key, person_name(account), place)
    return found
