"""Who is looking at this page; sign-in by a one-time link for those who have no LMS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import flask
from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.errors import N_, BadInput, Forbidden, NotFound
from lti_tool.i18n import current_language, language_of
from lti_tool.launch.session import (
    PREFIX,
    PageSession,
    current_session,
    from_sign_in,
    new_sid,
    required_session,
    sign_in,
    sign_out,
)
from lti_tool.people import post, store
from lti_tool.people.roles import Action, Grant, may, may_somewhere
from lti_tool.wiring import Wiring
from xapi import personas
from xapi.statement import actor_key


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person of this request: through which session, with which accounts and roles."""

    session: PageSession
    person: str
    """The persona id, which all accounts of the person share by now."""
    keys: tuple[str, ...]
    name: str | None
    locale: str | None
    grants: tuple[Grant, ...]

    @property
    def teaches(self) -> bool:
        """True for an instructor of the course from which this session came."""
        return self.session.role == "instructor" and self.session.course is not None

    def may(self, action: Action, *, institution: str | None = None, programme: str | None = None) -> bool:
        """Whether a grant allows it there. The role in a course gives no such right."""
        return may(self.grants, action, institution=institution, programme=programme)

    def may_somewhere(self, action: Action) -> bool:
        """Whether a grant allows it in at least one place."""
        return may_somewhere(self.grants, action)

    def must(self, action: Action, *, institution: str | None = None, programme: str | None = None) -> None:
        """Raises PEOPLE-ROLE (403) where no grant allows it there."""
        if not self.may(action, institution=institution, programme=programme):
            raise Forbidden(
                "PEOPLE-ROLE",
                N_("Your role does not include this."),
                N_("Ask the coordinator of the programme who may do it."),
                whom="administrator",
            )


def visitor() -> Visitor:
    """The person of this request; raises LTI-SESSION-OVER (401) where there is none."""
    required_session()
    found = visitor_or_none()
    assert found is not None  # noqa: S101  # there is a session, so there is its person
    return found


def visitor_or_none() -> Visitor | None:
    """The person of this request, if there is one. Looked up once a request."""
    if "visitor" not in g:
        session = current_session()
        g.visitor = None if session is None else _visitor(session)
    found: Visitor | None = g.visitor
    return found


def _visitor(session: PageSession) -> Visitor:
    wiring: Wiring = flask.current_app.extensions["lti_tool"]
    with reading(wiring.engine) as conn:
        # The person may have been joined with another since the session began: the actor is what it stands for.
        person = personas.find_persona(conn, session.actor) or session.person
        keys = store.keys_of(conn, person)
        accounts = store.accounts_of(conn, keys)
        grants = store.grants_of(conn, keys)
    own = accounts.get(actor_key(session.actor))
    name = next((account.name for account in (own, *accounts.values()) if account and account.name), None)
    return Visitor(session, person, tuple(keys), name, own.locale if own else None, tuple(grants))


def blueprint(wiring: Wiring) -> Blueprint:
    """Pages of signing in and out: `/sign-in`, `/sign-in/<token>`, `/sign-out`."""
    pages = Blueprint("people", __name__)

    @pages.before_request
    def leave_page_session() -> Response | None:
        # A sign-in counts outside of page sessions alone: below the key of one, it would use a link up for nothing, and
        # a mailed link would lead into the session of whoever had it sent.
        root, key, _rest = request.script_root.partition(PREFIX)
        return redirect(root + request.path, 303 if request.method == "GET" else 307) if key else None

    @pages.get("/sign-in")
    def ask() -> str:
        settings = wiring.settings
        return render_template(
            "people/sign_in.html", by_mail=bool(settings.smtp_url), sent=False, contact=settings.contact
        )

    @pages.post("/sign-in")
    def ask_by_mail() -> str:
        if not wiring.settings.smtp_url:
            raise NotFound("PEOPLE-NO-MAIL", N_("This installation sends no mail."), N_("Ask for a sign-in link."))
        email = request.form.get("email", "").strip()
        if "@" not in email or len(email) > 254 or any(c in email for c in "\r\n"):
            raise BadInput(
                "PEOPLE-EMAIL", N_("This is not an e-mail address."), N_("Go back and check it."), whom="nobody"
            )
        now, language = wiring.clock(), current_language()
        # The same steps, time and answer whether the address is known or not: the page must not tell who is here.
        wiring.writer.run(lambda conn: post.ask(conn, email, language, now))
        return render_template("people/sign_in.html", by_mail=True, sent=True)

    @pages.get("/sign-in/<token>")
    def open_link(token: str) -> str:
        # GET only shows: scanners of mail programs open links, and would use it up.
        with reading(wiring.engine) as conn:
            account = store.invited(conn, token, wiring.clock())
        if account is None:
            raise _used()
        return render_template("people/open_link.html", account=account, token=token)

    @pages.post("/sign-in/<token>")
    def use_link(token: str) -> Response:
        now = wiring.clock()

        def work(conn: Connection) -> tuple[store.Account, str] | None:
            key = store.use_invitation(conn, token, now)
            if key is None:
                return None
            account = store.accounts_of(conn, [key])[key]
            return account, personas.persona_of(conn, account.actor, now)

        done = wiring.writer.run(work)
        if done is None:
            raise _used()
        account, person = done
        locale = language_of(account.locale) or current_language()
        sign_in(from_sign_in(new_sid(), person, account.actor, locale, now))
        return redirect(url_for("home"), 303)

    @pages.post("/sign-out")
    def leave() -> Response:
        sign_out()
        return redirect(url_for("front"), 303)

    return pages


def _used() -> NotFound:
    return NotFound(
        "PEOPLE-LINK",
        N_("This sign-in link was used already, or has run out."),
        N_("Ask the person who invited you for a new one."),
        whom="nobody",
    )


def person_name(account: store.Account | None, person: str = "") -> str:
    """What to call somebody on a page: the name, else "Learner 7F3A" where the LMS keeps names to itself."""
    if account is not None and account.name:
        return account.name
    tag = store.short_tag(account.key if account else person)
    return str(_("Learner %(tag)s", tag=tag))


def context() -> dict[str, Any]:
    """For every template: who is here (`who` may be replaced by a page that knows the programme)."""
    found = visitor_or_none()
    return {"visitor": found, "who": {"name": found.name, "programme": found.session.programme} if found else None}
