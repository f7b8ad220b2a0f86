"""The quiz of a module: shown without its key, scored here, drafts kept."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import Markup

from lti_tool.errors import N_, Conflict
from lti_tool.play import acts
from lti_tool.play.acts import State
from lti_tool.play.quiz import Answers
from lti_tool.play.reading_room import Opened, ReadingRoom, see
from lti_tool.play.sheet import Sheet
from lti_tool.play.statements import Study

Answer = Response | str | tuple[str, int]


def add_quiz(pages: Blueprint, room: ReadingRoom) -> None:
    """The blueprint has the routes /module/<code>/quiz and what belongs to it."""

    @pages.get("/module/<code>/quiz")
    def quiz(code: str) -> Answer:
        at = room.opened(code)
        if at.study is None:
            return _preview(room, at)
        at.quiz  # noqa: B018  # a module without one has no such page, and nobody is noted as being there
        state = room.visit(at, "quiz")
        return _for_learner(room, at, at.study, state) if state else see("play.module", code)

    @pages.post("/module/<code>/quiz")
    def check(code: str) -> Answer:
        """Scores what was sent. Nothing is counted where questions are left open, until the learner says so."""
        at = room.opened(code)
        form = request.form
        if at.study is None:
            return _try_out(room, at)
        study, now = at.study, room.wiring.clock()
        number = _attempt_number(form.get("attempt"))
        sheet = room.sheet(at, number)
        answers = sheet.read(form)
        unanswered = at.quiz.unanswered(answers)
        if form.get("act") == "save" or (unanswered and form.get("anyway") != "yes"):
            kept = room.wiring.writer.run(lambda conn: acts.keep_draft(conn, room.desk, study, number, answers, now))
            state = room.state_of(at)
            if kept and state and form.get("act") != "save":
                given = sheet.given(answers)
                return _show(room, at, sheet, given, state=state, number=number, unanswered=unanswered), 422
            return see("play.quiz", code)
        done = room.wiring.writer.run(lambda conn: acts.hand_in(conn, room.desk, study, number, answers, now))
        if done.attempt is None and number > done.used + 1:
            raise _unknown_attempt()
        return see("play.quiz", code, _anchor="result")

    @pages.post("/module/<code>/quiz/draft")
    def draft(code: str) -> Answer:
        """Answers that are not handed in yet are kept: 204. A page's script sends them while they are written."""
        at = room.opened(code)
        if at.study is None:
            return Response(status=204)
        study, now = at.study, room.wiring.clock()
        number = _attempt_number(request.form.get("attempt"))
        answers = room.sheet(at, number).read(request.form)
        if not room.wiring.writer.run(lambda conn: acts.keep_draft(conn, room.desk, study, number, answers, now)):
            raise Conflict(
                "QUIZ-ATTEMPT-OVER",
                N_("These answers were handed in already."),
                N_("Open the quiz again to see the result."),
                whom="nobody",
            )
        return Response(status=204)


def _for_learner(room: ReadingRoom, at: Opened, study: Study, state: State) -> str:
    """The open attempt, or the result of the last one."""
    number = len(state.attempts) + 1
    may_try = acts.may_try(study, state.attempts)
    again = request.args.get("again") == "yes"
    if not state.attempts or (may_try and (again or state.progress.draft)):
        sheet = room.sheet(at, number)
        return _show(room, at, sheet, sheet.given(at.quiz.clean(state.progress.draft)), state=state, number=number)
    last = state.attempts[-1]
    sheet = room.sheet(at, last.number)
    # After an edit of the quiz the old answers no longer say anything about its questions.
    same = last.version == study.content.version
    answers = at.quiz.clean(last.answers) if same else {}
    results = sheet.results(answers, final=not may_try) if same else None
    given = sheet.given(answers)
    return _show(room, at, sheet, given, state=state, results=results, attempt=last, may_try=may_try, locked=True)


def _preview(room: ReadingRoom, at: Opened) -> str:
    sheet = room.sheet(at, 0)
    if request.args.get("key") != "show":
        return _show(room, at, sheet, {})
    key = {question.id: question.key for question in at.quiz.questions}
    return _show(room, at, sheet, sheet.given(key), results=sheet.key(), key_shown=True)


def _try_out(room: ReadingRoom, at: Opened) -> str:
    """A teacher's try: marked on the page and kept nowhere."""
    sheet = room.sheet(at, 0)
    answers = sheet.read(request.form)
    results = sheet.results(answers, final=True)
    return _show(room, at, sheet, sheet.given(answers), results=results, score=at.quiz.check(answers))


def _show(room: ReadingRoom, at: Opened, sheet: Sheet, given: Answers, **more: Any) -> str:
    state: State | None = more.get("state")
    values: dict[str, Any] = {
        "sheet": sheet,
        "given": given,
        "numbers": {q.id: number for number, q in enumerate(at.quiz.questions, 1)},
        "results": None,
        "attempt": None,
        "may_try": False,
        "locked": False,
        "key_shown": False,
        "unanswered": (),
        "number": 0,
        "quiz": at.quiz,
        "left": at.quiz.left(len(state.attempts) if state else 0),
        "step_number": at.edition.steps,
        "state": state,
        "back": url_for("play.page", code=at.code, number=len(at.edition.pages)),
        "next": (_("Finish"), url_for("play.finish", code=at.code)),
        **more,
    }
    # The words around the questions are in the language of the questions, so that a screen reader reads them right.
    with force_locale(at.edition.language):
        questions = Markup(render_template("play/questions.html", **values))  # noqa: S704  # our template escapes
    return room.show("play/quiz.html", at, questions=questions, **values)


def _attempt_number(text: str | None) -> int:
    if text is None or not text.isascii() or not text.isdigit() or not 1 <= len(text) <= 6 or int(text) < 1:
        raise _unknown_attempt()
    return int(text)


def _unknown_attempt() -> Conflict:
    return Conflict(
        "QUIZ-ATTEMPT-UNKNOWN",
        N_("The tool does not know which attempt this is."),
        N_("Open the quiz again and send your answers from there."),
    )
