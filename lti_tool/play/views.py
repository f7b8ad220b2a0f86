"""The pages of a module: /module/<code>, its pages, quiz, finish page and media."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Blueprint, Response, request, send_file, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from lti_tool.ecvet.terms import Programme
from lti_tool.errors import N_, NotFound
from lti_tool.launch.session import PageSession, Tokens
from lti_tool.play import acts
from lti_tool.play.acts import Desk
from lti_tool.play.content import Edition, Page
from lti_tool.play.library import Library
from lti_tool.play.markup import MEDIA, NEW_TAB, suffix
from lti_tool.play.quiz_views import add_quiz
from lti_tool.play.reading_room import GO_BACK, Opened, ReadingRoom, see
from lti_tool.play.shapes import GradeState, ModuleSummary
from lti_tool.play.statements import server
from lti_tool.wiring import Wiring
from xapi.recording import OnStored
from xapi.vocabulary import ACTIVITY_TYPES

Answer = Response | str


def blueprint(
    wiring: Wiring,
    library: Library,
    tokens: Tokens,
    programmes: Callable[[], Sequence[Programme]],
    on_stored: OnStored,
    summary: Callable[[PageSession, str], ModuleSummary],
    grade_state: Callable[[PageSession, str], GradeState | None],
) -> Blueprint:
    """The routes below /module/. `summary` and `grade_state` tell, in the reader's language, what the learner of a
    session has achieved with a module, and how its grade is on its way; None where the course keeps no grade for it.
    """
    pages = Blueprint("play", __name__)
    room = ReadingRoom(wiring, library, tokens, programmes, Desk(server(wiring.settings.base_url), on_stored))
    add_quiz(pages, room)

    @pages.get("/module/<code>")
    def module(code: str) -> Answer:
        """Where the learner was last; a teacher and a newcomer get the first page."""
        at = room.opened(code)
        if at.content is None:
            return room.show("play/about.html", at)
        if number := request.args.get("page", type=int):
            return see("play.page", code, number=number)
        state = room.state_of(at)
        place = state.progress.place if state else ""
        if place == "finish" or (place == "quiz" and at.edition.quiz):
            return see(f"play.{place}", code)
        return see("play.page", code, number=at.edition.number(place) or 1)

    @pages.get("/module/<code>/<int:number>")
    def page(code: str, number: int) -> Answer:
        at = room.opened(code)
        edition = at.edition
        if not 1 <= number <= len(edition.pages):
            raise NotFound(
                "MODULE-PAGE-UNKNOWN",
                N_("This module has no page %(number)s."),
                N_("Go back to the first page of the module."),
                params={"number": number},
            )
        shown = edition.pages[number - 1]
        state = room.visit(at, shown.slug)
        return room.show(
            "play/page.html",
            at,
            page=shown,
            html=_html(shown, edition),
            number=number,
            state=state,
            back=url_for("play.page", code=code, number=number - 1) if number > 1 else None,
            next=_after(at, number),
            thing={
                "objectType": "Activity",
                "id": f"{at.visitor.module.iri}/page/{shown.slug}",
                "definition": {"type": ACTIVITY_TYPES["page"], "name": {edition.language: shown.title}},
            },
            share=round(number / edition.steps, 4),
        )

    @pages.get("/module/<code>/finish")
    def finish(code: str) -> Answer:
        at = room.opened(code)
        edition = at.edition
        state = room.visit(at, "finish")
        seen = state.progress.seen if state else ()
        return room.show(
            "play/finish.html",
            at,
            state=state,
            unread=[(number, one.title) for number, one in enumerate(edition.pages, 1) if one.slug not in seen],
            may_try=at.study is not None and state is not None and acts.may_try(at.study, state.attempts),
            left=edition.quiz.left(len(state.attempts)) if edition.quiz and state else None,
            summary=summary(at.session, code) if at.study else ModuleSummary(),
            grade=grade_state(at.session, code) if at.study else None,
        )

    @pages.get("/module/<code>/media/<name>")
    def media(code: str, name: str) -> Answer:
        """A picture, video or download of the module. No file of an author runs anything in our name."""
        room.opened(code)
        path = library.media(code, name)
        if path is None:
            raise NotFound("MODULE-MEDIA-UNKNOWN", N_("There is no such file in this module."), GO_BACK)
        kind = MEDIA[suffix(name)]
        inline = kind.startswith(("image/", "video/")) or kind in ("text/vtt", "application/pdf")
        response = send_file(path, mimetype=kind, as_attachment=not inline, download_name=name, conditional=True)
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; sandbox"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response

    return pages


def _after(at: Opened, number: int) -> tuple[str, str]:
    edition, code = at.edition, at.code
    if number < len(edition.pages):
        return _("Next"), url_for("play.page", code=code, number=number + 1)
    if edition.quiz is not None:
        return _("To the quiz"), url_for("play.quiz", code=code)
    return _("Finish"), url_for("play.finish", code=code)


def _html(page: Page, edition: Edition) -> Markup:
    """The page with its links' last words in the language of the text."""
    with force_locale(edition.language):
        words = escape(_("opens in a new tab"))
    marked = NEW_TAB.replace("></", f"> ({words})</")
    return Markup(page.html.replace(NEW_TAB, marked))  # noqa: S704  # cleaned by markup.render
