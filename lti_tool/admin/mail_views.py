"""/admin/mail: sign-in mails that the mail server did not take."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.admin.rights import administrator
from lti_tool.db import reading
from lti_tool.errors import N_, NotFound
from lti_tool.people import post
from lti_tool.wiring import Wiring


def add_routes(admin: Blueprint, wiring: Wiring) -> None:
    """The list of mails in trouble, and another try."""

    @admin.get("/mail")
    def mails() -> str:
        administrator()
        with reading(wiring.engine) as conn:
            found = post.troubled(conn)
        return render_template("admin/mail.html", mails=found, sends=bool(wiring.settings.smtp_url))

    @admin.post("/mail/<int:number>")
    def send_again(number: int) -> Response:
        administrator()
        now = wiring.clock()

        def work(conn: Connection) -> bool:
            return post.again(conn, number, now)

        if not wiring.writer.run(work):
            raise NotFound("ADMIN-MAIL", N_("There is no such mail (any more)."), N_("Go back to the list of mails."))
        return redirect(url_for("admin.mails"), 303)
