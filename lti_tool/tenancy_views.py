"""/admin/platforms/<n>: one LMS: its institution, whether its names are learned, that it moved, its end; /admin/acts:
who did what."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from lti_tool import anonymity, audit, beginnings, deleting, merging
from lti_tool.admin.rights import administrator
from lti_tool.db import reading
from lti_tool.ecvet.places import places_of
from lti_tool.errors import N_, BadInput, NotFound
from lti_tool.i18n import current_language
from lti_tool.launch import merges, platforms
from lti_tool.people.views import Visitor
from lti_tool.wiring import Wiring


def add_routes(admin: Blueprint, wiring: Wiring) -> None:
    """What concerns every part of the tool at once, as pages. By POST alone, and for administrators."""

    @admin.get("/platforms/<int:number>")
    def platform(number: int) -> str:
        administrator()
        with reading(wiring.engine) as conn:
            found = platforms.get(conn, number)
            if found is None:
                raise _unknown()
            everything = {one.id: one for one in platforms.get_all(conn)}
            return render_template(
                "admin/platform.html",
                platform=found,
                merge=merges.standing(conn, number),
                names={one.id: one.name for one in everything.values()},
                others=[one for one in everything.values() if one.id != number and one.status == "approved"],
                gone=deleting.plan(conn, number),
                institutions=places_of(conn, current_language()).institutions,
                nowhere=beginnings.learners_nowhere(conn, found),
                placed=request.args.get("placed", type=int),
            )

    @admin.post("/platforms/<int:number>/institution")
    def name_institution(number: int) -> Response:
        by, now = _name(administrator()), wiring.clock()
        if request.form.get("place") == "yes":
            placed = wiring.writer.run(lambda conn: beginnings.place(conn, number, by, "", now))
            return redirect(url_for("admin.platform", number=number, placed=placed, _anchor="institution"), 303)
        chosen = request.form.get("institution") or None
        wiring.writer.run(lambda conn: beginnings.name_institution(conn, number, chosen, by, "", now))
        return redirect(url_for("admin.platform", number=number, saved=1, _anchor="institution"), 303)

    @admin.post("/platforms/<int:number>/names")
    def switch_names(number: int) -> Response:
        by, now = _name(administrator()), wiring.clock()
        anonymous = request.form.get("anonymous") == "yes"
        wiring.writer.run(lambda conn: anonymity.switch(conn, number, anonymous, by, "", now))
        return redirect(url_for("admin.platform", number=number), 303)

    @admin.post("/platforms/<int:number>/merge")
    def merge_platform(number: int) -> Response | str:
        by, why, now = _name(administrator()), _why(), wiring.clock()
        into = request.form.get("into", "")
        if not into.isdecimal() or len(into) > 18:
            raise BadInput("ADMIN-MERGE", N_("Choose the LMS under which it goes on."), N_("Go back and choose one."))
        new = int(into)
        if request.form.get("sure") == "yes":
            wiring.writer.run(lambda conn: merging.merge(conn, number, new, by, why, now))
            return redirect(url_for("admin.acts"), 303)
        with reading(wiring.engine) as conn:
            plan = merging.plan(conn, number, new)
            old, after = platforms.get(conn, number), platforms.get(conn, new)
        return render_template("admin/merge.html", plan=plan, old=old, new=after, why=why)

    @admin.post("/merges/<int:number>/undo")
    def undo_merge(number: int) -> Response:
        by, why, now = _name(administrator()), _why(), wiring.clock()
        wiring.writer.run(lambda conn: merging.undo(conn, number, by, why, now))
        return redirect(url_for("admin.acts"), 303)

    @admin.post("/platforms/<int:number>/delete")
    def delete_platform(number: int) -> Response:
        by, why, now = _name(administrator()), _why(), wiring.clock()
        name, despite = request.form.get("name", ""), request.form.get("despite_waiting") == "yes"
        wiring.writer.run(lambda conn: deleting.delete(conn, number, name, by, why, now, despite_waiting=despite))
        return redirect(url_for("admin.acts"), 303)

    @admin.get("/acts")
    def acts() -> str:
        administrator()
        with reading(wiring.engine) as conn:
            return render_template(
                "admin/acts.html", acts=audit.acts(conn), standing=_standing(merges.listed(conn)), words=_words()
            )


def _standing(found: list[merges.Merge]) -> set[int]:
    return {one.id for one in found if one.undone_at is None}


def _words() -> dict[str, str]:
    return {
        "platform_merged": str(_("LMS merged")),
        "platform_merge_undone": str(_("Merge taken back")),
        "platform_deleted": str(_("LMS deleted")),
        "platform_names": str(_("Names switched on or off")),
        "platform_institution": str(_("Institution of an LMS set")),
        "role_granted": str(_("Role given")),
        "role_withdrawn": str(_("Role withdrawn")),
        "person_erased": str(_("Person erased")),
        "people_joined": str(_("Learners joined")),
        "people_parted": str(_("Learners parted")),
        "learners_placed": str(_("Institution of learners set")),
    }


def _name(who: Visitor) -> str:
    return who.name or who.person


def _why() -> str:
    return " ".join(request.form.get("why", "").split())[:2000]


def _unknown() -> NotFound:
    return NotFound("ADMIN-PLATFORM", N_("There is no such LMS."), N_("Go back to the list of LMSs."))
