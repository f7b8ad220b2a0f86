"""Who sits at the browser."""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from lti_tool.practice import people
from lti_tool.practice.lms import current_lms
from lti_tool.practice.people import Person

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]

blueprint = Blueprint("signin", __name__)


def current_person() -> Person | None:
    if "person" not in session:
        return None
    with current_lms().store.transaction() as db:
        return people.get_person(db, session["person"])


def read_person() -> Person:
    """Who is signed in; 401 where nobody is."""
    person = current_person()
    if person is None:
        abort(401)
    return person


def session_id() -> str:
    return str(session.get("id", ""))


def check_sesskey() -> None:
    """A changing request has to come from a page of this session; 403 otherwise."""
    given, wanted = request.values.get("sesskey", ""), str(session.get("sesskey", ""))
    if not wanted or not secrets.compare_digest(given.encode(), wanted.encode()):
        abort(403, "This form belongs to another session. Go back, load the page again and repeat.")


def for_people(view: View[P]) -> View[P]:
    """Only for who is signed in, others are sent to sign in; a POST needs the session's key."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if current_person() is None:
            return redirect(url_for("signin.choose", next=request.full_path.rstrip("?")))
        if request.method == "POST":
            check_sesskey()
        return view(*args, **kwargs)

    return guarded


def for_admin(view: View[P]) -> View[P]:
    """Only for the administrator."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not read_person().admin:
            abort(403, "This page is for the administrator. Sign in as the administrator to use it.")
        return view(*args, **kwargs)

    return for_people(guarded)


@blueprint.get("/sign-in")
def choose() -> ResponseReturnValue:
    with current_lms().store.transaction() as db:
        everybody = people.list_people(db)
        roles = {
            person.id: sorted(
                {
                    member.role
                    for course in people.list_courses(db)
                    for member in people.list_members(db, course.id)
                    if member.person.id == person.id
                }
            )
            for person in everybody
        }
    return render_template("practice/signin.html", everybody=everybody, roles=roles, next=_next())


@blueprint.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    """A new session for this person; 403 and nothing changed where login and password do not fit."""
    with current_lms().store.transaction() as db:
        person = people.find_by_login(db, request.form.get("login", ""))
    if person is None or not secrets.compare_digest(
        person.password.encode(), request.form.get("password", "").encode()
    ):
        abort(403, "There is no person with this login and password.")
    session.clear()
    session.update(person=person.id, id=secrets.token_hex(8), sesskey=secrets.token_hex(8))
    return redirect(_next(), 303)


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    check_sesskey()
    session.clear()
    return redirect(url_for("signin.choose"), 303)


def _next() -> str:
    """Where to go afterwards: a path of this site, never another site's."""
    wanted = request.values.get("next", "/")
    return wanted if wanted.startswith("/") and not wanted.startswith(("//", "/\\")) else "/"
