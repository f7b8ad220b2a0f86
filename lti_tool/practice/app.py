"""The practice LMS as a Flask application: the only place that wires."""

import secrets

from flask import Flask, Response, jsonify, render_template, request, session
from werkzeug.exceptions import HTTPException

from lti_tool.practice import (
    admin,
    ags,
    calls,
    deep_linking,
    faults,
    groups,
    jose,
    launch,
    nrps,
    pages,
    registration,
    signin,
    state,
    tokens,
)
from lti_tool.practice.lms import Practice
from lti_tool.practice.seed import seed
from lti_tool.practice.settings import PracticeSettings
from lti_tool.practice.store import Store, read_fact, write_fact

PARTS = (signin, pages, admin, launch, registration, deep_linking, tokens, ags, nrps, groups, faults, calls, state)
# Tools are framed, from anywhere; our own pages only by ourselves. No page of ours needs a script of others.
POLICY = (
    "default-src 'self'; frame-src http: https:; img-src 'self' http: https: data:;"
    " frame-ancestors 'self'; base-uri 'none'"
)


def create_app(settings: PracticeSettings | None = None) -> Flask:
    """A practice LMS with its people and courses; `app.extensions["practice"]` is the `Practice`."""
    settings = settings or PracticeSettings()
    app = Flask(__package__ or "lti_tool.practice")
    lms = Practice(settings, Store(settings.data_dir))
    app.extensions["practice"] = lms
    with lms.store.transaction() as db:
        secret = read_fact(db, "secret") or secrets.token_hex(32)
        write_fact(db, "secret", secret)
        if not jose.read_key_set(db)["keys"]:
            jose.new_key(db, secrets.token_hex(8), settings.make_key(), lms.now())
        seed(db)
    app.secret_key = secret
    # Lax, like Moodle's: a POST from another site comes without it.
    app.config.update(
        SESSION_COOKIE_NAME="practice_lms",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https:"),
        MAX_CONTENT_LENGTH=4_000_000,
    )
    for part in PARTS:
        app.register_blueprint(part.blueprint)
    app.register_error_handler(tokens.ServiceRefused, lambda error: error.response())
    app.register_error_handler(HTTPException, show_error)
    app.context_processor(lambda: {"person": signin.current_person(), "sesskey": session.get("sesskey", "")})
    app.after_request(protect)
    app.after_request(calls.note_service_call)
    app.wsgi_app = faults.Dropping(app.wsgi_app)  # type: ignore[method-assign] # Flask's own way to add middleware
    return app


def show_error(error: HTTPException) -> Response:
    """A page for people, JSON for scripts."""
    status = error.code or 500
    if request.path.startswith("/services/") or request.path.endswith(".json"):
        answer = jsonify(status=status, reason=error.description)
    else:
        answer = Response(render_template("practice/error.html", error=error), content_type="text/html; charset=utf-8")
    answer.status_code = status
    return answer


def protect(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
