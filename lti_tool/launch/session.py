"""The session of a page: a signed token that travels under /s/<key>/, so that nothing rests on third-party cookies.

After a launch the browser is sent to `/s/<key>/…`. Where it keeps our cookies, `<key>` is the public session id and the
signed token lies in a cookie that is sent under that path alone; where it keeps none, `<key>` is the signed token. The
middleware moves the prefix to SCRIPT_NAME: every route exists with and without it, `url_for` keeps the prefix, and two
tabs, courses or learners in one browser never meet. Without the prefix, the person who signed in by a one-time link.

A session lives eight hours from its launch and can't be prolonged; it ends earlier, at once, where the platform or
deployment it came from is not approved any more, or its account is gone (`Stands`). Nothing personal but the account is
in the token.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import flask
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.http import parse_cookie

from lti_tool.launch.claims import Launch, Message, Refusal, Role
from lti_tool.launch.words import refused
from xapi.access import Principal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LIFE: Final = timedelta(hours=8)
COOKIE: Final = "page"
PREFIX: Final = "/s/"
PAGE_VERBS: Final = frozenset(
    {
        "http://adlnet.gov/expapi/verbs/initialized",
        "http://adlnet.gov/expapi/verbs/experienced",
        "http://adlnet.gov/expapi/verbs/interacted",
        "http://adlnet.gov/expapi/verbs/answered",
        "http://adlnet.gov/expapi/verbs/progressed",
        "http://adlnet.gov/expapi/verbs/terminated",
    }
)
"""What a page may say of its learner. What counts (completed, passed, failed) the server issues itself."""

_SESSION: Final = "lti_tool.session"
_KEY: Final = "lti_tool.session_key"
_TOKENS: Final = "lti_tool.session_tokens"
_CLOCK: Final = "lti_tool.session_clock"
_STANDS: Final = "lti_tool.session_stands"
_STOOD: Final = "lti_tool.session_stood"
_SIGNED_IN: Final = "signed_in"


@dataclass(frozen=True, slots=True)
class Grant:
    """What the features above know of a launch when they take it over; it goes into the session."""

    person: str
    role: Role = "none"
    course: int | None = None
    link: int | None = None
    module: str | None = None
    programme: str | None = None


@dataclass(frozen=True, slots=True)
class Handover:
    """Where a launch goes: the endpoint with its values, and the session to go there with."""

    endpoint: str
    values: Mapping[str, Any]
    grant: Grant


@dataclass(frozen=True, slots=True)
class PageSession:
    """Who looks at this page, from which course and link, until when."""

    sid: str
    person: str
    actor: Mapping[str, Any]
    role: Role
    platform: int | None
    deployment: str | None
    course: int | None
    link: int | None
    module: str | None
    programme: str | None
    message: Message
    locale: str
    exp: datetime


@dataclass(frozen=True, slots=True)
class XapiGrant:
    """What the scripts of one page may write to the record store, and in whose name."""

    sid: str
    actor: Mapping[str, Any]
    activity: str
    registration: str
    verbs: frozenset[str]
    exp: datetime
    platform: int | None = None
    deployment: str | None = None


Stands = Callable[["PageSession | XapiGrant"], bool]
"""Whether the platform and the account that a session or grant names are still let in. Asked once a request."""


def always(_session: PageSession | XapiGrant) -> bool:
    """For whoever has no database to ask."""
    return True


def new_sid() -> str:
    """A session id that nobody can guess; it has no dot, as every token has."""
    return secrets.token_urlsafe(16)


def from_launch(sid: str, launch: Launch, grant: Grant, now: datetime) -> PageSession:
    """The session that begins with this launch."""
    return PageSession(
        sid=sid,
        person=grant.person,
        actor=launch.actor,
        role=grant.role,
        platform=launch.registration.id,
        deployment=launch.deployment,
        course=grant.course,
        link=grant.link,
        module=grant.module,
        programme=grant.programme,
        message=launch.message,
        locale=launch.locale,
        exp=_whole(now + LIFE),
    )


def from_sign_in(sid: str, person: str, actor: Mapping[str, Any], locale: str, now: datetime) -> PageSession:
    """The session of somebody who came by a one-time link and not from an LMS."""
    return PageSession(
        sid=sid,
        person=person,
        actor=actor,
        role="none",
        platform=None,
        deployment=None,
        course=None,
        link=None,
        module=None,
        programme=None,
        message="sign_in",
        locale=locale,
        exp=_whole(now + LIFE),
    )


class Tokens:
    """Signs and reads tokens. Each purpose has a key of its own: a page's xAPI token opens no page."""

    def __init__(self, secret_key: str) -> None:
        self._page = _signer(secret_key, "page session")
        self._xapi = _signer(secret_key, "page xapi")
        self.register = _signer(secret_key, "registration ticket")

    def mint(self, session: PageSession) -> str:
        """The session as signed text that fits into an address."""
        account = session.actor["account"]
        fields = [getattr(session, name) for name in _PLAIN]
        return _text(self._page.dumps([*fields, account["homePage"], account["name"], int(session.exp.timestamp())]))

    def read(self, token: str, now: datetime) -> PageSession | None:
        """The session of a token that we signed and that has not ended; else None."""
        try:
            *fields, home, name, exp = self._page.loads(token)
        except (BadData, ValueError):
            return None
        ends = datetime.fromtimestamp(exp, UTC)
        if ends <= now:
            return None
        return PageSession(**dict(zip(_PLAIN, fields, strict=True)), actor=_account(home, name), exp=ends)

    def mint_xapi(self, grant: XapiGrant) -> str:
        """The Bearer token for the scripts of one page."""
        account = grant.actor["account"]
        return _text(
            self._xapi.dumps(
                [
                    grant.sid,
                    account["homePage"],
                    account["name"],
                    grant.activity,
                    grant.registration,
                    sorted(grant.verbs) if grant.verbs != PAGE_VERBS else None,
                    int(grant.exp.timestamp()),
                    grant.platform,
                    grant.deployment,
                ]
            )
        )

    def read_xapi(self, token: str, now: datetime) -> XapiGrant | None:
        """What the Bearer token allows; None if it isn't ours or has ended."""
        try:
            sid, home, name, activity, registration, verbs, exp, platform, deployment = self._xapi.loads(token)
        except (BadData, ValueError):
            return None
        ends = datetime.fromtimestamp(exp, UTC)
        if ends <= now:
            return None
        allowed = PAGE_VERBS if verbs is None else frozenset(verbs)
        return XapiGrant(sid, _account(home, name), activity, registration, allowed, ends, platform, deployment)


def xapi_grant(session: PageSession, activity: str, registration: str) -> XapiGrant:
    """What the scripts of this session's page may do: speak of its learner, in this activity and registration."""
    return XapiGrant(
        session.sid,
        session.actor,
        activity,
        registration,
        PAGE_VERBS,
        session.exp,
        session.platform,
        session.deployment,
    )


def xapi_principal(grant: XapiGrant, base_url: str) -> Principal:
    """The record store's view of a page's token."""
    return Principal(
        authority={"objectType": "Agent", "account": {"homePage": base_url, "name": "page"}},
        scopes=frozenset({"statements/write", "statements/read/mine", "state"}),
        actor=grant.actor,
        activity=grant.activity,
        registration=grant.registration,
        verbs=grant.verbs,
        name="page",
    )


class SessionPaths:
    """WSGI middleware: `/s/<key>/path` becomes `/path` with the session of `<key>`."""

    def __init__(
        self, app: WSGIApplication, tokens: Tokens, clock: Callable[[], datetime], stands: Stands = always
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._clock = clock
        self._stands = stands

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[_TOKENS] = self._tokens
        environ[_CLOCK] = self._clock
        environ[_STANDS] = self._stands
        path: str = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX):
            key, _, rest = path[len(PREFIX) :].partition("/")
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}{PREFIX}{key}"
            environ["PATH_INFO"] = f"/{rest}"
            environ[_KEY] = key
            environ[_SESSION] = self._session(key, environ)
        return self._app(environ, start_response)

    def _session(self, key: str, environ: WSGIEnvironment) -> PageSession | None:
        now = self._clock()
        if "." in key:
            return self._tokens.read(key, now)
        session = self._tokens.read(parse_cookie(environ).get(COOKIE, ""), now)
        # The cookie of another session, planted under this path, opens nothing.
        return session if session is not None and session.sid == key else None


def current_session() -> PageSession | None:
    """The session of this request: of its `/s/<key>/` prefix alone if it has one, else of a sign-in.

    None where its platform or deployment is not approved any more, or its account is gone.
    """
    if not flask.has_request_context():
        return None
    environ = flask.request.environ
    found: PageSession | None = environ[_SESSION] if _KEY in environ else _signed_in(environ)
    if found is None:
        return None
    stood: dict[str, bool] = environ.setdefault(_STOOD, {})
    if found.sid not in stood:
        stood[found.sid] = environ[_STANDS](found)
    return found if stood[found.sid] else None


def _signed_in(environ: WSGIEnvironment) -> PageSession | None:
    token = flask.session.get(_SIGNED_IN)
    tokens: Tokens | None = environ.get(_TOKENS)
    if not isinstance(token, str) or tokens is None:
        return None
    return tokens.read(token, environ[_CLOCK]())


def required_session() -> PageSession:
    """The session of this request; raises LTI-SESSION-OVER (401) where there is none."""
    session = current_session()
    if session is None:
        raise refused(Refusal("LTI-SESSION-OVER"))
    return session


def sign_in(session: PageSession) -> None:
    """This browser is signed in outside an LMS; an earlier sign-in of it is forgotten."""
    flask.session.clear()
    flask.session[_SIGNED_IN] = flask.request.environ[_TOKENS].mint(session)


def sign_out() -> None:
    """Nobody is signed in by a link in this browser; sessions that came from an LMS are untouched."""
    flask.session.clear()


def cookie_path(sid: str) -> str:
    """The path that the cookie of this session is sent under."""
    return f"{PREFIX}{sid}/"


_PLAIN: Final = (
    "sid",
    "person",
    "role",
    "platform",
    "deployment",
    "course",
    "link",
    "module",
    "programme",
    "message",
    "locale",
)


def _signer(secret_key: str, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        secret_key, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    )


def _text(signed: str | bytes) -> str:
    return signed if isinstance(signed, str) else signed.decode("ascii")


def _account(home: str, name: str) -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": home, "name": name}}


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)  # tokens hold whole seconds
