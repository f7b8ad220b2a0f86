"""The button "Check now" of an LMS: its lines with their lights, what to do, and where. The last check is kept."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.admin import checks
from lti_tool.admin.check import check
from lti_tool.admin.check_words import WORDS, said
from lti_tool.admin.checks import Checked
from lti_tool.admin.rights import administrator
from lti_tool.db import reading
from lti_tool.errors import N_, NotFound
from lti_tool.launch import platforms
from lti_tool.launch.claims import Registration
from lti_tool.launch.keys import ToolKeys
from lti_tool.wiring import Wiring


def add_routes(admin: Blueprint, wiring: Wiring) -> None:
    """`/admin/platforms/<n>/check` is there. By POST alone: it asks somebody else's server, and may write there."""
    keys = ToolKeys(wiring.settings.keys_dir, wiring.clock)

    @admin.get("/platforms/<int:number>/check")
    def last_check(number: int) -> str | Response:
        administrator()
        with reading(wiring.engine) as conn:
            registration = _registration(conn, number)
            last = checks.last(conn, number).get(number)
        return _page(registration, last) if last else redirect(url_for("admin.platforms"), 303)

    @admin.post("/platforms/<int:number>/check")
    def check_platform(number: int) -> str:
        administrator()
        with reading(wiring.engine) as conn:
            registration = _registration(conn, number)
        found = check(wiring, registration, keys.sign, write=request.form.get("write") == "yes")
        now = wiring.clock()
        wiring.writer.run(lambda conn: checks.keep(conn, number, found, now))
        return _page(registration, Checked(now, tuple(found)))


def _registration(conn: Connection, number: int) -> Registration:
    found = platforms.get(conn, number)
    if found is None:
        raise NotFound("ADMIN-PLATFORM", N_("There is no such LMS."), N_("Go back to the list of LMSs."))
    return found


def _page(registration: Registration, last: Checked) -> str:
    # A check that an older version made may have lines that this one has no words for.
    lines = [line for line in last.lines if line.code in WORDS]
    return render_template(
        "admin/check.html",
        platform=registration,
        lines=[said(line, registration.product, _) for line in lines],
        bad=sum(1 for line in lines if line.light == "bad"),
        warn=sum(1 for line in lines if line.light == "warn"),
        may_write=any(line.code == "gradebook_untried" for line in lines),
        now=last.at,
    )
