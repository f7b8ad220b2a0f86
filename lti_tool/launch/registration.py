"""Dynamic registration: the LMS opens `/lti/register` in a frame, an administrator confirms.

https://www.imsglobal.org/spec/lti-dr/v1p0. What the LMS sends is believed only as far as its own host: the issuer must
live where its configuration lies, and a registration that exists is never changed from outside.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, current_app, render_template, request
from itsdangerous import BadData
from sqlalchemy import Connection

from lti_tool.calls import UNREACHABLE, Call, Note, Stopwatch
from lti_tool.db import reading
from lti_tool.launch import fetch, parameters, platforms
from lti_tool.launch.addresses import AddressError, FetchError, shown
from lti_tool.launch.claims import Refusal, Status
from lti_tool.launch.configuration import Configuration, read_answer, read_configuration, registration_request
from lti_tool.launch.platforms import Invitation, NewPlatform
from lti_tool.launch.session import Tokens
from lti_tool.launch.store import hash_of
from lti_tool.launch.words import refused
from lti_tool.wiring import Wiring

TICKET_LIFE: Final = timedelta(hours=1)
INVITATION_LIFE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a registration ended: the number of the platform and its status."""

    platform: int
    status: Status


def settle(
    conn: Connection, new: NewPlatform, configuration: Configuration, status: Status, now: datetime
) -> Outcome | Refusal:
    """The platform is stored. What is known already is not changed but for a further deployment.

    Approval is not given unseen to a second registration of an issuer under other addresses: learners are known by
    issuer and user id, so whoever adds keys to an issuer could be any of them.
    """
    others = platforms.issuer_known(conn, new.issuer)
    if status == "approved" and new.source != "invited" and not all(configuration.same_addresses(o) for o in others):
        status = "pending"
    number = platforms.add(conn, new, status, now)
    if number is not None:
        return Outcome(number, status)
    known = next(other for other in others if other.client_id == new.client_id)
    if not configuration.same_addresses(known):
        return Refusal("LTI-REGISTER-KNOWN", f"platform {known.id}")
    for deployment in new.deployments:
        platforms.add_deployment(conn, known.id, deployment, status, now)
    return Outcome(known.id, known.status)


def invite(conn: Connection, name: str, base_url: str, now: datetime, *, anonymous: bool = False) -> str:
    """The address by which one LMS may register within 30 days, approved at once. Shown this once.

    `anonymous`: no names are asked of it, and none are learned.
    """
    token = secrets.token_urlsafe(24)
    platforms.add_invitation(conn, hash_of(token), name, now, now + INVITATION_LIFE, anonymous=anonymous)
    return f"{base_url}/lti/register?invite={token}"


def add_routes(lti: Blueprint, wiring: Wiring, tokens: Tokens) -> None:
    """`/lti/register` is there. It works in a frame and without cookies: what was asked travels in a signed ticket."""
    settings = wiring.settings

    @lti.get("/register")
    def register() -> str:
        values = parameters.read(request)
        url, token, invitation = (values.get(n, "") for n in ("openid_configuration", "registration_token", "invite"))
        invited = _admitted(wiring, invitation)
        if not url:
            raise refused(Refusal("LTI-REGISTER-OPENED"))
        if not (token.isascii() and token.isprintable() and len(token) <= 8192):
            raise refused(Refusal("LTI-FORM", "registration_token"))
        configuration = _configuration(url, wiring.note, loopback=settings.loopback)
        anonymous = bool(invited and invited.anonymous)
        asked = registration_request(configuration, settings.base_url, _logo(settings.base_url), anonymous=anonymous)
        made = int(wiring.clock().timestamp())
        ticket = tokens.register.dumps([url, token, invitation, made])
        return render_template(
            "launch/register.html",
            configuration=configuration,
            ticket=ticket,
            asked=asked,
            anonymous=anonymous,
            approved=bool(invitation) or settings.registration == "open",
        )

    @lti.post("/register")
    def confirm() -> str:
        values = parameters.read(request)
        try:
            url, token, invitation, made = tokens.register.loads(values.get("ticket", ""))
        except (BadData, ValueError) as error:
            raise refused(Refusal("LTI-REGISTER-OLD", "no ticket of ours")) from error
        now = wiring.clock()
        if now.timestamp() - made > TICKET_LIFE.total_seconds():
            raise refused(Refusal("LTI-REGISTER-OLD"))
        invited = _admitted(wiring, invitation)
        # The LMS's own administrator may ask for it too; what the invitation says can't be taken back there.
        anonymous = bool(invited and invited.anonymous) or values.get("anonymous") == "yes"
        # Fetched again: between the page and the button the LMS may have changed, or not have been one.
        configuration = _configuration(url, wiring.note, loopback=settings.loopback)
        used = hash_of(invitation)
        if invitation and not wiring.writer.run(lambda conn: platforms.use_invitation(conn, used, now)):
            raise refused(Refusal("LTI-REGISTER-INVITATION"))
        done = False
        try:
            client_id, deployment = _ask(
                configuration, token, settings.base_url, wiring.note, loopback=settings.loopback, anonymous=anonymous
            )
            new = NewPlatform(
                name=(invited.name if invited else "") or configuration.host,
                issuer=configuration.issuer,
                client_id=client_id,
                auth_url=configuration.auth_url,
                token_url=configuration.token_url,
                jwks_url=configuration.jwks_url,
                audience=configuration.audience,
                deployments=(deployment,) if deployment else (),
                any_deployment=deployment is None,
                product=configuration.product,
                source="invited" if invitation else "dynamic",
                anonymous=anonymous,
                configuration={"version": configuration.version, "registration_url": configuration.registration_url},
            )
            status: Status = "approved" if invitation or settings.registration == "open" else "pending"
            outcome = wiring.writer.run(lambda conn: settle(conn, new, configuration, status, now))
            if isinstance(outcome, Refusal):
                raise refused(outcome)
            done = True
        finally:
            if invitation and not done:
                wiring.writer.run(lambda conn: platforms.return_invitation(conn, used))
        return render_template("launch/registered.html", outcome=outcome, product=configuration.product)


def _admitted(wiring: Wiring, invitation: str) -> Invitation | None:
    """The invitation, None without one; refuses where neither invitation nor setting lets an LMS in."""
    if not invitation:
        if wiring.settings.registration == "closed":
            raise refused(Refusal("LTI-REGISTER-CLOSED"))
        return None
    with reading(wiring.engine) as conn:
        invited = platforms.invitation_open(conn, hash_of(invitation), wiring.clock())
    if invited is None:
        raise refused(Refusal("LTI-REGISTER-INVITATION"))
    return invited


def _noted(note: Note, method: str, url: str, ask: Callable[[], fetch.Answer]) -> fetch.Answer:
    """The answer, with a line in the log whether it came or not."""
    watch = Stopwatch()
    status, code = None, UNREACHABLE
    try:
        answer = ask()
        status, code = answer.status_code, "" if answer.ok else f"HTTP {answer.status_code}"
        return answer
    finally:
        note(Call("registration", f"{method} {url}", None, status, code, watch.read()))


def _configuration(url: str, note: Note, *, loopback: bool) -> Configuration:
    headers = {"Accept": "application/json"}
    try:
        answer = _noted(note, "GET", url, lambda: fetch.get(url, loopback=loopback, headers=headers))
        if answer.status_code != 200:
            raise refused(Refusal("LTI-REGISTER-FETCH", f"{shown(url)} answered {answer.status_code}"))
        document = answer.json()
    except AddressError as error:
        raise refused(Refusal("LTI-REGISTER-ADDRESS", str(error))) from error
    except FetchError as error:
        raise refused(Refusal("LTI-REGISTER-FETCH", str(error))) from error
    configuration = read_configuration(document, url, loopback=loopback)
    if isinstance(configuration, Refusal):
        raise refused(configuration)
    return configuration


def _logo(base_url: str) -> str:
    return base_url + str(current_app.jinja_env.globals["static_url"]("favicon.svg"))  # type: ignore[operator]


def _ask(
    configuration: Configuration, token: str, base_url: str, note: Note, *, loopback: bool, anonymous: bool
) -> tuple[str, str | None]:
    body = registration_request(configuration, base_url, _logo(base_url), anonymous=anonymous)
    headers: Mapping[str, str] = {
        "Accept": "application/json",
        **({"Authorization": f"Bearer {token}"} if token else {}),
    }
    try:
        url = configuration.registration_url
        answer = _noted(note, "POST", url, lambda: fetch.post(url, loopback=loopback, headers=headers, json=body))
        if not 200 <= answer.status_code < 300:
            said = answer.text[:300]
            raise refused(Refusal("LTI-REGISTER-REFUSED", f"{answer.status_code} {said}"))
        accepted = read_answer(answer.json())
    except FetchError as error:
        raise refused(Refusal("LTI-REGISTER-REFUSED", str(error))) from error
    if isinstance(accepted, Refusal):
        raise refused(accepted)
    return accepted
