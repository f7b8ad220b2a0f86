"""/admin: the LMSs. Only for those who were granted the role here: an LMS makes nobody an administrator."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.admin import check_views, checks, clients, forms, log_views, mail_views, store
from lti_tool.admin.rights import administrator
from lti_tool.db import reading
from lti_tool.errors import N_, BadInput, NotFound
from lti_tool.launch import platforms, registration
from lti_tool.launch.claims import Status
from lti_tool.wiring import Wiring

log = logging.getLogger("lti_tool.admin")


def blueprint(wiring: Wiring, *more: Callable[[Blueprint, Wiring], None]) -> Blueprint:
    """The pages of administrators: `/admin`, `/admin/add`, `/admin/clients`, `/admin/log`; `more` adds its own."""
    admin = Blueprint("admin", __name__, url_prefix="/admin")
    clients.add_routes(admin, wiring)
    check_views.add_routes(admin, wiring)
    log_views.add_routes(admin, wiring)
    mail_views.add_routes(admin, wiring)
    for add_routes in more:
        add_routes(admin, wiring)
    base_url = wiring.settings.base_url

    @admin.get("")
    def index() -> str:
        administrator()
        with reading(wiring.engine) as conn:
            found = store.platforms(conn)
            checked = checks.last(conn)
        changed = request.args.get("changed", type=int)
        return render_template(
            "admin/platforms.html",
            platforms=found,
            checked=checked,
            waiting=_waiting(sum(1 for seen in found if seen.registration.status == "pending" or seen.waiting)),
            changed=next((seen.registration for seen in found if seen.registration.id == changed), None),
        )

    @admin.post("/platforms/<int:number>")
    def set_status(number: int) -> Response:
        who = administrator()
        wanted: Status
        match request.form.get("status"):
            case "approved":
                wanted = "approved"
            case "disabled":
                wanted = "disabled"
            case _other:
                raise BadInput("ADMIN-STATUS", N_("This is no status."), N_("Go back and use the buttons."))
        now = wiring.clock()
        if not wiring.writer.run(lambda conn: store.set_status(conn, number, wanted, now)):
            raise NotFound("ADMIN-PLATFORM", N_("There is no such LMS."), N_("Go back to the list of LMSs."))
        log.info("platform %s is %s by %s", number, wanted, who.person)
        return redirect(url_for("admin.platforms", changed=number), 303)

    @admin.get("/add")
    def add() -> str:
        administrator()
        return _add_page(base_url)

    @admin.post("/add/invitation")
    def invite() -> str:
        who = administrator()
        name = " ".join(request.form.get("invited", "").split())[:255]
        now = wiring.clock()
        link = wiring.writer.run(lambda conn: registration.invite(conn, name, base_url, now))
        log.info("an LMS was invited by %s", who.person)
        return _add_page(base_url, link=link, until=now + registration.INVITATION_LIFE)

    @admin.post("/add/platform")
    def register() -> Response:
        who = administrator()
        filled = forms.read_platform(request.form, loopback=wiring.settings.loopback)
        new, now = filled.platform, wiring.clock()
        if new is None:
            return make_response(_add_page(base_url, filled=filled), 400)

        def work(conn: Connection) -> int | None:
            return platforms.add(conn, new, "approved", now)

        number = wiring.writer.run(work)
        if number is None:
            filled = forms.Filled(filled.values, faults={"client_id": "known"})
            return make_response(_add_page(base_url, filled=filled), 409)
        log.info("platform %s was registered by %s", number, who.person)
        return redirect(url_for("admin.platforms", changed=number), 303)

    admin.add_url_rule("", "platforms", index)
    return admin


def _waiting(count: int) -> str:
    if not count:
        return ""
    return str(ngettext("%(num)s LMS waits for your approval.", "%(num)s LMSs wait for your approval.", count))


def _add_page(base_url: str, *, filled: forms.Filled | None = None, **more: object) -> str:
    filled = filled or forms.Filled({})
    addresses = [
        (_("Login address (OIDC initiation)"), f"{base_url}/lti/login"),
        (_("Launch address (redirect URI, target link, content selection)"), f"{base_url}/lti/launch"),
        (_("Key set (JWKS)"), f"{base_url}/lti/jwks"),
        (_("Custom parameter"), "context_history=$Context.id.history"),
    ]
    return render_template(
        "admin/add.html",
        addresses=addresses,
        canvas=f"{base_url}/lti/config.json",
        values=filled.values,
        errors={name: _fault(code) for name, code in filled.faults.items()},
        **more,
    )


def _fault(code: str) -> str:
    return str(
        {
            "missing": _("This is needed."),
            "long": _("At most 255 characters, in one line."),
            "address": _("Write an address that begins with https://."),
            "known": _("An LMS with this platform id and client id is registered already."),
        }[code]
    )
