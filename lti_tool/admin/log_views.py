"""/admin/log: what LMSs and tool asked of each other, and what came of it."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from lti_tool.admin import log_store
from lti_tool.admin.rights import administrator
from lti_tool.calls import KINDS
from lti_tool.db import reading
from lti_tool.launch import platforms
from lti_tool.wiring import Wiring

LAST_PAGE: Final = 10_000


def kind_words() -> dict[str, str]:
    """The words for each kind of call."""
    return {
        "launch": _("Launch"),
        "token": _("Access token"),
        "score": _("Grade sent"),
        "result": _("Grade read"),
        "lineitems": _("Gradebook columns"),
        "roster": _("List of learners"),
        "keys": _("Keys of the LMS"),
        "registration": _("Registration"),
    }


def add_routes(admin: Blueprint, wiring: Wiring) -> None:
    """`/admin/log` is there, with `platform`, `kind` and `page` to choose by."""

    @admin.get("/log")
    def show_log() -> str:
        administrator()
        platform = request.args.get("platform", type=int)
        platform = platform if platform is not None and 0 < platform < 2**31 else None
        kind = request.args.get("kind") if request.args.get("kind") in KINDS else None
        page = min(max(request.args.get("page", 0, type=int), 0), LAST_PAGE)
        with reading(wiring.engine) as conn:
            found = log_store.entries(conn, platform=platform, kind=kind, page=page)
            known = platforms.get_all(conn)
        names = {one.id: one.name for one in known}

        def address(number: int) -> str:
            return url_for("admin.show_log", platform=platform, kind=kind, page=number or None)

        return render_template(
            "admin/log.html",
            entries=found[: log_store.A_PAGE],
            names=names,
            kinds=kind_words(),
            platform=platform,
            kind=kind,
            newer=address(page - 1) if page else None,
            older=address(page + 1) if len(found) > log_store.A_PAGE else None,
        )
