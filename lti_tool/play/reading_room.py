"""A module as it lies open in front of somebody, and what all its pages are made with. Part of the views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, render_template, request, url_for

from lti_tool.db import reading
from lti_tool.ecvet.terms import Programme
from lti_tool.errors import N_, NotFound, ToolError
from lti_tool.i18n import current_language
from lti_tool.launch.session import PageSession, Tokens, required_session, xapi_grant
from lti_tool.play import acts, store
from lti_tool.play.access import Visitor, admit, lms_of
from lti_tool.play.acts import Desk, State
from lti_tool.play.content import Content, ContentInvalid, Edition
from lti_tool.play.library import Library
from lti_tool.play.quiz import Quiz
from lti_tool.play.shapes import Lms
from lti_tool.play.sheet import Sheet, lay_out
from lti_tool.play.statements import Study, moment
from lti_tool.wiring import Wiring

GO_BACK = N_("Go back to your course and open the activity from there.")


@dataclass(frozen=True, slots=True)
class Opened:
    """A module in front of somebody. `study` is set for learners alone: for a teacher nothing is recorded."""

    session: PageSession
    visitor: Visitor
    lms: Lms
    content: Content | None
    study: Study | None

    @property
    def code(self) -> str:
        return self.visitor.module.id

    @property
    def edition(self) -> Edition:
        """In the reader's language, else in English. Raises NotFound where the module has no pages."""
        if self.content is None:
            raise NotFound("MODULE-PAGE-UNKNOWN", N_("This module has no pages here."), GO_BACK)
        return self.content.edition(current_language())

    @property
    def quiz(self) -> Quiz:
        """Raises NotFound where there is none."""
        if self.edition.quiz is None:
            raise NotFound("MODULE-PAGE-UNKNOWN", N_("This module has no quiz."), GO_BACK)
        return self.edition.quiz


@dataclass(frozen=True, slots=True)
class ReadingRoom:
    """Opens modules for the session of a request."""

    wiring: Wiring
    library: Library
    tokens: Tokens
    programmes: Callable[[], Sequence[Programme]]
    desk: Desk

    def opened(self, code: str) -> Opened:
        """The module, for who may open it. Raises SignInNeeded, Forbidden, NotFound; MODULE-BROKEN (503) where its
        files cannot be read."""
        session = required_session()
        with reading(self.wiring.engine) as conn:
            visitor = admit(conn, session, code, self.programmes())
            lms = lms_of(conn, session)
        try:
            content = self.library.module(code)
        except ContentInvalid as invalid:
            raise ToolError(
                "MODULE-BROKEN",
                N_("This module can't be shown at the moment."),
                N_("Your progress is kept. Try again later."),
                status=503,
                detail=str(invalid.problems[0]),
            ) from invalid
        study = None
        if visitor.role == "learner" and content is not None:
            study = Study(
                actor=session.actor,
                module=visitor.module,
                content=content,
                edition=content.edition(current_language()),
                units=tuple(unit.iri for unit in visitor.units),
                programmes=tuple(programme.activity for programme in visitor.programmes),
                platform=lms.name or "LTI Tool for ECVET",
                session=session.sid,
            )
        return Opened(session, visitor, lms, content, study)

    def state_of(self, at: Opened) -> State | None:
        """What is recorded of the learner so far; None where nothing is."""
        if at.study is None:
            return None
        with reading(self.wiring.engine) as conn:
            progress = store.progress_of(conn, at.study.key, at.code)
            if progress is None:
                return None
            return State(progress, store.attempts_of(conn, at.study.key, at.code))

    def visit(self, at: Opened, place: str) -> State | None:
        """The learner is at this place from now on; None for a teacher."""
        study = at.study
        if study is None:
            return None
        now = self.wiring.clock()
        return self.wiring.writer.run(lambda conn: acts.visit(conn, self.desk, study, place, now))

    def sheet(self, at: Opened, number: int) -> Sheet:
        """The quiz laid out for this attempt; for a teacher, for this session."""
        who = at.study.key if at.study else at.session.sid
        return lay_out(at.quiz, self.wiring.settings.secret_key, who, at.code, number)

    def show(self, template: str, at: Opened, **more: Any) -> str:
        """The page, with what templates/play/frame.html needs."""
        values: dict[str, Any] = {
            "at": at,
            "module": at.visitor.module,
            "units": at.visitor.units,
            "title": at.visitor.module.title.in_(current_language()),
            "teacher": at.visitor.role == "teacher",
            "content": at.content,
            "edition": at.edition if at.content else None,
            "narrow": True,
        }
        if at.study is not None:
            study = at.study
            values["page_token"] = self.tokens.mint_xapi(xapi_grant(at.session, study.module.iri, study.registration))
            values["xapi_url"] = f"{request.script_root}/xapi/statements"
            values["now"] = moment(self.wiring.clock())
            values["about"] = {"actor": dict(study.actor), "object": study.activity, "context": study.context}
        return render_template(template, **{**values, **more})


def see(endpoint: str, code: str, **values: Any) -> Response:
    """The browser asks for that page of the module next, by GET."""
    answer = redirect(url_for(endpoint, code=code, **values), 303)
    if not isinstance(answer, Response):
        raise TypeError(answer)  # Flask's own redirect makes Flask's own Response
    return answer
