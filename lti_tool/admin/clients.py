"""/admin/clients: who may use the record store from outside."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from lti_tool.admin import credentials
from lti_tool.admin.rights import administrator
from lti_tool.db import reading
from lti_tool.errors import N_, NotFound
from lti_tool.wiring import Wiring

log = logging.getLogger("lti_tool.admin")


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope as a box to tick; the fields are those of the `choices` macro."""

    value: str
    label: str
    note: str


def add_routes(admin: Blueprint, wiring: Wiring) -> None:
    """The list of clients, new ones, and their end."""

    def page(**more: object) -> str:
        with reading(wiring.engine) as conn:
            found = credentials.listed(conn)
        return render_template(
            "admin/clients.html",
            clients=sorted(found, key=lambda one: one.revoked_at is not None),
            scopes=_scopes(),
            address=f"{wiring.settings.base_url}/xapi/",
            **{"ticked": credentials.USUAL, "values": {}, "errors": {}, **more},
        )

    @admin.get("/clients")
    def list_clients() -> str:
        administrator()
        return page()

    @admin.post("/clients")
    def new_client() -> str | Response:
        who = administrator()
        name = " ".join(request.form.get("name", "").split())
        known = {scope.value for scope in _scopes()}
        ticked = tuple(scope for scope in dict.fromkeys(request.form.getlist("scopes")) if scope in known)
        errors = {}
        if not 0 < len(name) <= 255:
            errors["name"] = _("A name of 1 to 255 characters is needed.")
        if not ticked:
            errors["scopes"] = _("Tick what the client may do.")
        if errors:
            return make_response(page(errors=errors, values={"name": name}, ticked=ticked), 400)
        now, secret_key = wiring.clock(), wiring.settings.secret_key
        issued = wiring.writer.run(lambda conn: credentials.issue(conn, name, ticked, secret_key, now))
        log.info("client %s was made by %s", issued.credential.key, who.person)
        return page(issued=issued)

    @admin.post("/clients/<key>/revoke")
    def revoke_client(key: str) -> Response:
        who = administrator()
        now = wiring.clock()
        if not wiring.writer.run(lambda conn: credentials.revoke(conn, key, now)):
            raise NotFound(
                "ADMIN-CLIENT",
                N_("There is no such client, or its access has ended already."),
                N_("Go back to the list of clients."),
            )
        log.info("client %s was revoked by %s", key, who.person)
        return redirect(url_for("admin.list_clients"), 303)


def _scopes() -> list[Scope]:
    """All scopes, the harmless ones first."""
    return [
        Scope("statements/write", _("Write statements"), "statements/write"),
        Scope("statements/read/mine", _("Read the statements it wrote itself"), "statements/read/mine"),
        Scope("state", _("Keep the state of activities"), "state"),
        Scope("profile", _("Keep documents about activities and people"), "profile"),
        Scope("define", _("Say what activities are called, for everyone"), "define"),
        Scope("statements/read", _("Read all statements"), "statements/read"),
        Scope("all/read", _("Read everything"), "all/read"),
        Scope("all", _("Everything: also void what others wrote"), "all"),
    ]
