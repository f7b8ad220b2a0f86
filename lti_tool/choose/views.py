"""/choose: the page in which a teacher picks, and the form that takes the answer back to the LMS."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, current_app, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from lti_tool.choose import page, store
from lti_tool.choose.items import RECORD, Asked, Pick, Picked, Words, build, expand
from lti_tool.choose.link import add_link
from lti_tool.choose.response import LIFETIME, answer, may_cancel, may_return
from lti_tool.db import reading
from lti_tool.ecvet import store as ecvet
from lti_tool.ecvet.terms import Programme
from lti_tool.errors import N_, BadInput, Forbidden
from lti_tool.i18n import current_language
from lti_tool.launch import platforms
from lti_tool.launch import store as launches
from lti_tool.launch.claims import DEEP_LINKING, TOOL_PLATFORM, Refusal, Registration
from lti_tool.launch.keys import ToolKeys
from lti_tool.launch.session import PageSession, required_session
from lti_tool.launch.words import refused
from lti_tool.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice under way: who asked for it and what may be chosen."""

    session: PageSession
    platform: Registration
    deployment: str
    product: str
    asked: Asked
    programmes: tuple[Programme, ...]
    known: store.Known


def blueprint(wiring: Wiring, keys: ToolKeys, graded: Callable[[str], bool]) -> Blueprint:
    """The chooser at `/choose`. `graded` says of a module's code whether it has a quiz, and so a gradebook column."""
    pages = Blueprint("choose", __name__)
    add_link(pages, wiring)

    @pages.get("/choose")
    def index() -> str:
        choice = _choice(wiring)
        return _page(choice, expand(request.args.getlist("pick"), choice.programmes), request.args, graded)

    @pages.post("/choose")
    def send() -> str | Response:
        choice = _choice(wiring)
        picked = expand(request.form.getlist("pick"), choice.programmes)
        leaves = "cancel" in request.form and may_cancel(choice.product)
        problem = "" if leaves else _problem(choice, picked)
        if problem:
            return make_response(_page(choice, picked, request.form, graded, problem), 400)
        picks = () if leaves else picked.picks
        now = wiring.clock()
        token = keys.sign(_answer(wiring, choice, picks, graded), lifetime=LIFETIME)
        course = choice.session.course
        if course is not None and picks:
            wiring.writer.run(lambda conn: store.remember(conn, course, picks, now))
        return render_template(
            "choose/send.html",
            return_url=choice.asked.return_url,
            token=token,
            count=len(picks),
            name=choice.platform.name,
        )

    return pages


def _choice(wiring: Wiring) -> Choice:
    """The choice that this session is for; refuses every other session, and whoever doesn't teach the course."""
    session = required_session()
    if session.message != "deep_linking":
        raise Forbidden(
            "CHOOSE-NOT-ASKED",
            N_("This page opens when you add content to a course."),
            N_("In your course, add an activity with this tool and press “Select content”."),
        )
    if session.role != "instructor":
        raise Forbidden(
            "CHOOSE-ROLE",
            N_("Only teachers of a course can add content to it."),
            N_("Ask the administrator of your LMS which role you have in this course."),
            whom="administrator",
        )
    with reading(wiring.engine) as conn:
        launch = launches.get_launch(conn, session.sid)
        platform = platforms.get(conn, session.platform) if session.platform is not None else None
        if launch is None or platform is None:
            raise refused(Refusal("LTI-SESSION-OVER", "the launch of this session is gone"))
        if platform.status != "approved":
            raise refused(Refusal("LTI-PLATFORM-DISABLED", f"platform {platform.id}"))
        asked = Asked.read(launch.claims.get(DEEP_LINKING) or {})
        if not may_return(asked.return_url):
            raise BadInput(
                "CHOOSE-RETURN",
                N_("Your LMS wants the answer at an address that is not protected by https."),
                N_("Ask the administrator of your LMS to switch https on."),
                whom="administrator",
                detail=asked.return_url[:200],
            )
        return Choice(
            session=session,
            platform=platform,
            deployment=launch.deployment,
            product=_product(platform, launch.claims),
            asked=asked,
            programmes=_programmes(conn, session.programme),
            known=store.known(conn, session.course),
        )


def _product(platform: Registration, claims: Mapping[str, object]) -> str:
    said = claims.get(TOOL_PLATFORM)
    code = said.get("product_family_code") if isinstance(said, Mapping) else None
    return code if isinstance(code, str) and code else platform.product


def _programmes(conn: Connection, wanted: str | None) -> tuple[Programme, ...]:
    """All programmes, the one that the link speaks of first."""
    return tuple(sorted(ecvet.current(conn), key=lambda programme: (programme.id != wanted, programme.id)))


def _problem(choice: Choice, picked: Picked) -> str:
    if picked.unknown:
        return str(_("A module that you ticked is no longer offered. Look through your choice and send it again."))
    if not picked.picks:
        return str(_("Nothing is ticked yet. Tick at least one module."))
    if len(picked.picks) > 1 and not choice.asked.several:
        return str(_("%(name)s takes one activity at a time. Tick one.", name=choice.platform.name))
    return ""


def _answer(
    wiring: Wiring, choice: Choice, picks: tuple[Pick, ...], graded: Callable[[str], bool]
) -> dict[str, object]:
    base_url = wiring.settings.base_url
    icon = current_app.jinja_env.globals["static_url"]("favicon.svg")  # type: ignore[operator]  # globals have no types
    items = build(
        picks,
        choice.programmes,
        locale=current_language(),
        base_url=base_url,
        icon_url=f"{base_url}{icon}",
        asked=choice.asked,
        graded=graded,
        words=_words(),
    )
    return answer(
        choice.asked,
        items,
        client_id=choice.platform.client_id,
        issuer=choice.platform.issuer,
        deployment=choice.deployment,
        nonce=secrets.token_urlsafe(24),
        # Moodle keeps the message for whatever page comes next, where nobody knows what it means.
        msg="" if choice.product.lower() == "moodle" or not picks else _chosen(len(picks)),
        log=f"{len(picks)} items",
    )


def _chosen(count: int) -> str:
    return str(ngettext("%(num)s activity was chosen.", "%(num)s activities were chosen.", count))


def _words() -> Words:
    return Words(
        record_title=_("My record"),
        record_text=_("What you have achieved in your programme, what is left, and the one next thing to do."),
        unit_text=_(
            "How far you are in this unit. The grade is the share of its learning outcomes that you have shown."
        ),
    )


def _page(
    choice: Choice, picked: Picked, given: MultiDict[str, str], graded: Callable[[str], bool], problem: str = ""
) -> str:
    # A button of the tree adds its own value behind the one that the page came with.
    show = page.first_shown(choice.programmes, (given.getlist("show") or [""])[-1], choice.known)
    search = given.get("q", "").strip()[:100]
    shelves = page.shelves(
        choice.programmes,
        locale=current_language(),
        show=show,
        search=search,
        ticked=frozenset(picked.picks),
        known=choice.known,
        graded=graded,
    )
    most = sum(shelf.count + len(shelf.groups) for shelf in shelves)
    record = Pick(RECORD)
    return render_template(
        "choose/index.html",
        shelves=shelves,
        show=show,
        search=search,
        titles=_titles(shelves, picked),
        found=sum(row.shown for shelf in shelves for group in shelf.groups for row in group.rows) if search else None,
        several=choice.asked.several,
        platform=choice.platform,
        record_ticked=record in picked.picks,
        record_chosen=choice.known.chosen.get(record),
        problem=problem,
        may_cancel=may_cancel(choice.product),
        counted=_counted(most),
        lang=request.args.get("lang"),
    )


def _titles(shelves: tuple[page.Shelf, ...], picked: Picked) -> list[str]:
    """What is ticked, for those who turn to another unit without script and no longer see it."""
    rows = [row for shelf in shelves for group in shelf.groups for row in group.rows if row.ticked]
    units = [
        str(_("Progress in unit %(number)s: %(title)s", number=group.position, title=group.title))
        for shelf in shelves
        for group in shelf.groups
        if group.progress_ticked
    ]
    return [f"{row.code} {row.title}" for row in rows] + units + ([str(_("My record"))] if picked.record else [])


def _counted(most: int) -> dict[str, list[str]]:
    """The words for each number that can come up: only gettext knows the plurals of a language, not the script."""
    numbers = range(most + 1)
    said = {
        "add": [ngettext("Add %(num)s module", "Add %(num)s modules", n) for n in numbers],
        "both": [ngettext("Add %(num)s module and My record", "Add %(num)s modules and My record", n) for n in numbers],
        "modules": [ngettext("%(num)s module", "%(num)s modules", n) for n in numbers],
        "columns": [ngettext("%(num)s gradebook column", "%(num)s gradebook columns", n) for n in numbers],
        "found": [ngettext("%(num)s module found", "%(num)s modules found", n) for n in numbers],
    }
    return {name: [str(words) for words in each] for name, each in said.items()}
