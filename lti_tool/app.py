"""The application, put together. Nothing is made at import; this is the one place that knows every part."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

import lti_tool.admin.credentials
import lti_tool.admin.views
import lti_tool.agreements.told
import lti_tool.agreements.views
import lti_tool.choose.views
import lti_tool.ecvet.views
import lti_tool.evidence.views
import lti_tool.insight.views
import lti_tool.launch.views
import lti_tool.papers.views
import lti_tool.people.views
import lti_tool.people.views_joins
import lti_tool.people.views_roles
import lti_tool.play.views
import xapi.web
from lti_tool import assets, db, i18n, privacy_views, tenancy_views, web
from lti_tool.achievements import grade_state_of, summary_of
from lti_tool.arrival import on_launch
from lti_tool.ecvet import store as ecvet
from lti_tool.ecvet.places import places_of
from lti_tool.ecvet.programme import Programme
from lti_tool.gradebook.marking import lapsed, marker, regrade
from lti_tool.launch.keys import ToolKeys
from lti_tool.launch.session import SessionPaths, Tokens, current_session
from lti_tool.people.views import visitor_or_none
from lti_tool.play.library import Library
from lti_tool.settings import Settings
from lti_tool.standing import standing
from lti_tool.wiring import Wiring, utc_now

MOST_FORM = 4 * 1024 * 1024
"""Bytes of a form at most. The record store has its own, larger limit."""


def create_app(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Flask:
    """The tool as a WSGI application on a database with the newest schema (`lti-tool db upgrade`)."""
    wiring = Wiring.open(settings, clock, lapsed(clock))
    here = Path(__file__).parent
    app = web.Application(__name__, static_folder=None, template_folder=str(here / "templates"))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="signed_in",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=8),
        MAX_CONTENT_LENGTH=MOST_FORM,
        MAX_FORM_MEMORY_SIZE=MOST_FORM,
        BABEL_TRANSLATION_DIRECTORIES=str(here / "translations"),
    )
    app.extensions["lti_tool"] = wiring
    tokens = Tokens(settings.secret_key)
    keys = ToolKeys(settings.keys_dir, clock)
    library = Library(settings.config_dir / "modules")
    on_stored = marker(clock)
    stands = standing(wiring)

    assets.static_url(app, here / "static")
    i18n.set_up(app, _launch_locale)
    web.set_up_errors(app)
    web.set_up_headers(app, settings)
    app.context_processor(lti_tool.people.views.context)
    app.context_processor(_navigation)

    app.register_blueprint(
        lti_tool.launch.views.blueprint(wiring, on_launch(wiring, lambda code: _graded(library, code)))
    )
    app.register_blueprint(lti_tool.people.views.blueprint(wiring))
    app.register_blueprint(lti_tool.people.views_joins.blueprint(wiring, regrade(clock)))
    app.register_blueprint(lti_tool.people.views_roles.blueprint(wiring, places_of))
    app.register_blueprint(
        lti_tool.ecvet.views.blueprint(wiring, on_stored, regrade(clock), lti_tool.agreements.told.done_under)
    )
    app.register_blueprint(lti_tool.evidence.views.blueprint(wiring, on_stored))
    app.register_blueprint(lti_tool.insight.views.blueprint(wiring, on_stored, lti_tool.agreements.told.unsigned))
    app.register_blueprint(lti_tool.papers.views.blueprint(wiring, lti_tool.agreements.told.check))
    app.register_blueprint(lti_tool.agreements.views.blueprint(wiring))
    app.register_blueprint(
        lti_tool.play.views.blueprint(
            wiring,
            library,
            tokens,
            lambda: _current(wiring),
            on_stored,
            summary_of(wiring),
            grade_state_of(wiring),
        )
    )
    app.register_blueprint(lti_tool.choose.views.blueprint(wiring, keys, lambda code: _graded(library, code)))
    app.register_blueprint(lti_tool.admin.views.blueprint(wiring, tenancy_views.add_routes))
    app.register_blueprint(privacy_views.blueprint(wiring))
    authenticate = lti_tool.admin.credentials.authenticator(wiring, tokens, stands)
    for name, prefix, version in (("xapi", "/xapi", "2.0.0"), ("xapi_103", "/xapi/1.0.3", "1.0.3")):
        store = xapi.web.blueprint(
            wiring.writer, wiring.engine, authenticate, on_stored, clock, name=name, default_version=version
        )
        app.register_blueprint(store, url_prefix=prefix)
    _add_own_pages(app, wiring, keys)

    app.wsgi_app = SessionPaths(app.wsgi_app, tokens, clock, stands)  # type: ignore[method-assign]  # Flask's way to wrap
    if settings.trusted_proxies:
        app.wsgi_app = web.TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]  # as above
    return app


def _launch_locale() -> str | None:
    session = current_session()
    return session.locale if session else None


def _navigation() -> dict[str, object]:
    """What this visitor may go to, for the head and the foot of every page."""
    found = visitor_or_none()
    data = (_("Your data"), url_for("privacy.show"))
    if found is None:
        foot = [(_("Check a paper"), url_for("papers.ask")), data]
        return {"nav": [], "home_url": url_for("front"), "foot_links": foot}
    session, places = found.session, []
    if session.module:
        places.append((_("Module"), url_for("play.module", code=session.module)))
    if found.teaches:
        places.append((_("Course"), url_for("insight.course")))
    elif session.role == "learner":
        places.append((_("My record"), url_for("ecvet.record")))
    if found.may_somewhere("see_record"):
        places += [(_("To do"), url_for("insight.todo")), (_("Programmes"), url_for("ecvet.programme"))]
    if found.may_somewhere("award"):
        places.append((_("Register"), url_for("papers.registered")))
        places.append((_("Agreements"), url_for("agreements.index")))
    elif found.may_somewhere("administer"):
        places.append((_("Programmes"), url_for("ecvet.programmes")))
    if found.may_somewhere("grant_roles"):
        places.append((_("Roles"), url_for("roles.listed")))
    if found.may_somewhere("see_cohort"):
        places.append((_("Overview"), url_for("insight.overview")))
    if found.may_somewhere("administer"):
        places.append((_("Platforms"), url_for("admin.platforms")))
    return {
        "nav": [(label, url, _is_here(url)) for label, url in places],
        "home_url": url_for("home"),
        "sign_out_url": url_for("people.leave") if session.message == "sign_in" else None,
        "foot_links": [data],
    }


def _is_here(url: str) -> bool:
    """True where this page is the one under `url`, or lies below it."""
    here, path = request.script_root + request.path, urlsplit(url).path
    return here == path or here.startswith(path + "/")


def _add_own_pages(app: Flask, wiring: Wiring, keys: ToolKeys) -> None:
    @app.get("/")
    def front() -> str:
        found = visitor_or_none()
        return render_template(
            "front.html",
            # Inside of an LMS's frame nobody can sign in: they come through their course.
            sign_in_url=None if found or request.script_root else url_for("people.ask"),
            record_url=url_for("home") if found else None,
        )

    @app.get("/home")
    def home() -> AnyResponse | str:
        found = visitor_or_none()
        if found is None:
            return redirect(url_for("front"), 303)
        if found.teaches:
            return redirect(url_for("insight.course"), 303)
        if found.session.role == "learner":
            return redirect(url_for("ecvet.record"), 303)
        for action, endpoint in (
            ("administer", "admin.platforms"),
            ("validate", "ecvet.programme"),
            ("see_record", "insight.todo"),
            ("grant_roles", "roles.listed"),
            ("see_cohort", "insight.overview"),
        ):
            if found.may_somewhere(action):  # type: ignore[arg-type]  # the pairs above are Actions
                return redirect(url_for(endpoint), 303)
        return render_template("no_role.html")

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        checks = {"database": False, "migrations": False, "keys": keys.usable()}
        try:
            checks["migrations"] = db.check(wiring.engine)
            checks["database"] = True
        except Exception:  # whatever keeps it from answering, the answer is "not ready"
            app.logger.exception("the database does not answer")
        ready = all(checks.values())
        return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503


def _graded(library: Library, code: str) -> bool:
    """A module has a gradebook column where it has a quiz of ours: others are evidenced in ways that make no score."""
    content = library.module(code)
    return content is not None and content.edition("en").quiz is not None


def _current(wiring: Wiring) -> tuple[Programme, ...]:
    with db.reading(wiring.engine) as conn:
        return ecvet.current(conn)
