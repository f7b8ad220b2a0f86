"""`/roles`: who holds which role in an institution; its administrator gives and withdraws them, and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool import audit
from lti_tool.db import reading
from lti_tool.errors import N_, Forbidden, NotFound
from lti_tool.i18n import current_language
from lti_tool.people import grants, post, store
from lti_tool.people.grants import Given
from lti_tool.people.roles import GIVEN, Grant, Role, reach
from lti_tool.people.views import Visitor, person_name, visitor
from lti_tool.wiring import Wiring
from xapi import personas

WORDS: Final[Mapping[Role, str]] = {
    "coordinator": N_("Coordinator"),
    "assessor": N_("Assessor"),
    "mentor": N_("Mentor"),
    "trainer": N_("Trainer"),
    "moderator": N_("Moderator"),
}


@dataclass(frozen=True, slots=True)
class Places:
    """Institutions and programmes by id, with their titles in the reader's language."""

    institutions: Mapping[str, str]
    programmes: Mapping[str, str]


PlacesOf = Callable[[Connection, str], Places]
"""The places that are known, in a language."""


def blueprint(wiring: Wiring, places_of: PlacesOf) -> Blueprint:
    """The pages."""
    pages = Blueprint("roles", __name__)

    def page(link: str = "", name: str = "", mailed: str = "", **more: object) -> str:
        who = visitor()
        with reading(wiring.engine) as conn:
            places = places_of(conn, current_language())
            mine = _institutions(who, places)
            found = grants.within(conn, mine, GIVEN)
        return render_template(
            "people/roles.html",
            given=[(one, person_name(one.account), _reaches(who, one)) for one in found],
            words={role: _(word) for role, word in WORDS.items()},
            institutions=mine,
            programmes=places.programmes,
            link=link,
            name=name,
            mailed=mailed,
            by_mail=bool(wiring.settings.smtp_url),
            **{"values": {}, "errors": {}, **more},
        )

    @pages.get("/roles")
    def listed() -> str:
        return page()

    @pages.post("/roles")
    def give() -> str | Response:
        who, now, language = visitor(), wiring.clock(), current_language()
        sent = {key: " ".join(request.form.get(key, "").split()) for key in _FIELDS}
        with reading(wiring.engine) as conn:
            places = places_of(conn, language)
            _institutions(who, places)
        errors = _errors(sent, places)
        if errors:
            return make_response(page(values=sent, errors=errors), 400)
        role = next(one for one in GIVEN if one == sent["role"])
        given = Grant(role, sent["institution"], sent["programme"] or None)
        who.must("grant_roles", institution=given.institution, programme=given.programme)

        def work(conn: Connection) -> str:
            known = store.account_by_email(conn, sent["email"], wiring.settings.base_url) if sent["email"] else None
            if known is not None and known.key in who.keys:
                raise _not_oneself()
            key = (
                known.key
                if known
                else store.person_here(conn, wiring.settings.base_url, sent["name"], now, sent["email"] or None)
            )
            grants.grant(conn, key, given, who.keys[0], now)
            detail = {"role": role, "institution": given.institution, "programme": given.programme}
            audit.record(conn, "role_granted", f"{role} of {_person(conn, key)}", _called(who), "", now, detail)
            if known is not None:
                return ""  # they keep their own way in: a link into the account would be in other hands
            if by_mail:
                post.ask(conn, sent["email"], language, now)
                return ""
            return store.invite(conn, key, now)

        by_mail = bool(sent["email"] and wiring.settings.smtp_url)
        token = wiring.writer.run(work)
        link = f"{wiring.settings.base_url}/sign-in/{token}" if token else ""
        return page(link=link, name=sent["name"], mailed=sent["email"] if by_mail else "")

    @pages.post("/roles/withdraw")
    def withdraw() -> Response:
        who, now = visitor(), wiring.clock()
        number = request.form.get("grant", "")
        why = " ".join(request.form.get(f"why-{number}", "").split())[:2000]

        def work(conn: Connection) -> None:
            mine = _institutions(who, places_of(conn, "en"))
            found = next((one for one in grants.within(conn, mine, GIVEN) if str(one.id) == number), None)
            if found is not None:
                who.must("grant_roles", institution=found.grant.institution, programme=found.grant.programme)
            if found is None or not grants.end(conn, found.id, now):
                raise NotFound(
                    "PEOPLE-NO-ROLE", N_("They do not hold this role there."), N_("Reload the page."), whom="nobody"
                )
            detail = {
                "role": found.grant.role, "institution": found.grant.institution, "programme": found.grant.programme,
            }  # fmt: skip
            subject = f"{found.grant.role} of {_person(conn, found.account.key)}"
            audit.record(conn, "role_withdrawn", subject, _called(who), why, now, detail)

        wiring.writer.run(work)
        return redirect(url_for("roles.listed"), 303)

    return pages


_FIELDS: Final = ("name", "email", "role", "institution", "programme")


def _reaches(who: Visitor, found: Given) -> bool:
    return who.may("grant_roles", institution=found.grant.institution, programme=found.grant.programme)


def _institutions(who: Visitor, places: Places) -> dict[str, str]:
    """The institutions in which the visitor gives roles, by id. Raises PEOPLE-ROLE where there is none."""
    reached = {institution for institution, _programme in reach(who.grants, "grant_roles") if institution}
    if not reached:
        who.must("grant_roles")
    return {id: places.institutions.get(id, id) for id in sorted(reached)}


def _errors(sent: Mapping[str, str], places: Places) -> dict[str, str]:
    errors = {}
    email = sent["email"]
    if not 0 < len(sent["name"]) <= 255:
        errors["name"] = _("Write first name and family name.")
    if email and ("@" not in email or " " in email or len(email) > 254):
        errors["email"] = _("This is not an e-mail address.")
    if sent["role"] not in GIVEN:
        errors["role"] = _("Choose a role.")
    if sent["programme"] and sent["programme"] not in places.programmes:
        errors["programme"] = _("Choose a programme.")
    return errors


def _person(conn: Connection, key: str) -> str:
    account = store.accounts_of(conn, [key]).get(key)
    person = personas.find_persona(conn, account.actor) if account else None
    return person or key


def _called(who: Visitor) -> str:
    return who.name or who.person


def _not_oneself() -> Forbidden:
    return Forbidden(
        "PEOPLE-OWN-ROLE",
        N_("Nobody gives a role to themselves."),
        N_("Ask the administrator of the tool."),
        whom="administrator",
    )
