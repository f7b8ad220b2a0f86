"""The page that ends reminders, for whoever holds the link of one."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy import Connection

from lti_tool.errors import N_, NotFound
from lti_tool.evidence.signed import Signed
from lti_tool.insight.reminders import PURPOSE, stop
from lti_tool.wiring import Wiring


def add_reminders(pages: Blueprint, wiring: Wiring) -> None:
    """`/reminders/stop/<token>`: GET only shows, for scanners of mail programs open links; POST ends them."""
    signed = Signed(wiring.settings.secret_key, PURPOSE)

    def known(token: str) -> str:
        key = signed.read(token)
        if key is None:
            raise NotFound(
                "PEOPLE-STOP",
                N_("This link is not complete, or not one of ours."),
                N_("Copy the whole link from the mail."),
                whom="administrator",
            )
        return key

    @pages.get("/reminders/stop/<token>")
    def stop_page(token: str) -> str:
        known(token)
        return render_template("insight/stop_reminders.html", token=token, done=False)

    @pages.post("/reminders/stop/<token>")
    def stop_reminders(token: str) -> str:
        key = known(token)

        def work(conn: Connection) -> None:
            stop(conn, key, wiring.clock())

        wiring.writer.run(work)
        return render_template("insight/stop_reminders.html", token=token, done=True)
