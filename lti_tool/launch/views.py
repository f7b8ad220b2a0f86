"""/lti/login, /lti/launch, /lti/jwks, /lti/config.json. HTTP only: `message` and `rules` decide."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial, wraps
from typing import Final
from urllib.parse import quote, urlsplit

from flask import Blueprint, g, jsonify, make_response, render_template, request, url_for
from flask.globals import request_ctx
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.calls import Call, Note, Stopwatch
from lti_tool.launch import fetch, parameters, platforms, registration, session, store
from lti_tool.launch.claims import Launch, PendingLogin, Refusal
from lti_tool.launch.configuration import canvas_configuration
from lti_tool.launch.keys import ToolKeys
from lti_tool.launch.keysets import Fetch, KeySets
from lti_tool.launch.message import Binding, Memory, Parameters, StrictLaunch, StrictLogin
from lti_tool.launch.platforms import KnownPlatforms, LaunchRefused
from lti_tool.launch.session import Handover
from lti_tool.launch.words import Refused, refused
from lti_tool.web import redirect
from lti_tool.wiring import Wiring

OnLaunch = Callable[[Connection, Launch], Handover]

HANDFUL: Final = 5
"""Logins under way in one browser at most: each has a cookie, and cookies are sent with every request."""
KEEPS: Final = "lti-keeps"
"""A cookie that says no more than that this browser keeps our cookies in the frame of this LMS."""
PROBED: Final = "lti_probed"
_NEW_TAB_LIMIT: Final = 6000
_LOGIN_COOKIE: Final = re.compile(r"lti-login-[0-9a-f]{16}")

log = logging.getLogger("lti_tool.launch")


def blueprint(wiring: Wiring, on_launch: OnLaunch, *, ask: Fetch | None = None) -> Blueprint:
    """The addresses below /lti. `on_launch` runs in the transaction that burns the state, and says where to go.

    `ask` fetches key sets; given by tests, else `fetch.get`.
    """
    settings = wiring.settings
    ask = ask or partial(fetch.get, loopback=settings.loopback)
    lti = Blueprint("lti", __name__, url_prefix="/lti")
    conf = KnownPlatforms(wiring.engine)
    key_sets = KeySets(wiring.engine, wiring.writer, ask, wiring.note)
    tokens = session.Tokens(settings.secret_key)
    keys = ToolKeys(settings.keys_dir, wiring.clock)

    @lti.after_request
    def keep_private(response: Response) -> Response:
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @lti.route("/login", methods=["GET", "POST"])
    @_noted(wiring.note)
    def login() -> Response:
        values = parameters.read(request_ctx.request)
        probed = values.pop(PROBED, None)
        query = parameters.encoded({name: value for name, value in values.items() if name != "lti_storage_target"})
        begin = StrictLogin(Parameters(values, secure=settings.secure), conf, Memory(), Binding())
        try:
            begun = begin.begin(settings.base_url, query, wiring.clock())
        except LaunchRefused as error:
            raise refused(error.refusal) from error
        if _cookies_doubtful() and begun.login.storage_target is None and len(query) < _NEW_TAB_LIMIT:
            # Asked before the LMS is: Moodle's hint works once, so after it there would be no second try.
            return _new_tab(query, "LTI-BROWSER-UNBOUND") if probed else _probe(query)
        store.put_login(wiring.writer, begun.registration.id, begun.login)
        # Nobody need run a clean-up for this table to stay small: one login in 256 sees to it.
        if begun.login.state_hash.startswith("00"):
            wiring.writer.run(lambda conn: store.purge(conn, begun.login.created_at))
        response = (
            make_response(
                render_template(
                    "launch/storage_put.html", begun=begun, origin=_origin(begun.url), key=_name(begun.login)
                )
            )
            if begun.login.storage_target
            else redirect(begun.url, 302)
        )
        _bind(response, begun.login, begun.secret, wiring.clock())
        return response

    @lti.route("/launch", methods=["GET", "POST"])
    @_noted(wiring.note)
    def launch() -> Response:
        if request.method == "GET":
            raise refused(Refusal("LTI-METHOD"))
        values = parameters.read(request_ctx.request)
        if "error" in values and "id_token" not in values:
            said = f"{values['error']}: {values.get('error_description', '')}"
            raise refused(Refusal("LTI-PLATFORM-ERROR", said[:300]))
        state_hash = store.hash_of(values.get("state", ""))
        cookie = request.cookies.get(_cookie_name(state_hash))
        binding = Binding(cookie.partition(".")[2] if cookie else values.get("binding"))
        now = wiring.clock()
        message = StrictLaunch(
            Parameters(values, secure=settings.secure),
            conf,
            binding,
            engine=wiring.engine,
            key_sets=key_sets,
            now=now,
            base_url=settings.base_url,
        )
        try:
            verified = message.validate()
        except LaunchRefused as error:
            if error.refusal.code == "LTI-BROWSER-UNBOUND":
                return _unbound(message, values)
            if unknown := error.deployment:  # an administrator will find it waiting
                platform = message.known.id
                wiring.writer.run(lambda conn: platforms.add_deployment(conn, platform, unknown, "pending", now))
            raise refused(error.refusal) from error
        finally:
            if hasattr(message, "login"):  # the state told from which LMS this should come
                g.lti_platform = message.known.id
        sid = session.new_sid()
        handover = wiring.writer.run(lambda conn: _admit(conn, sid, verified, on_launch, now))
        page = session.from_launch(sid, verified.launch, handover.grant, now)
        token = tokens.mint(page)
        key = sid if cookie else token
        root = request.script_root + session.PREFIX + key
        response = redirect(root + _below_root(url_for(handover.endpoint, **handover.values)), 303)
        if cookie:
            _set(response, session.COOKIE, token, session.cookie_path(sid), int(session.LIFE.total_seconds()))
            _set(response, KEEPS, "1", "/lti/", 30 * 86400)
            _set(response, _cookie_name(state_hash), "", _BINDING_PATH, 0)
        return response

    @lti.get("/jwks")
    def jwks() -> Response:
        response = jsonify(keys.public())
        # Short enough that the key after next is seen well before it signs.
        response.headers["Cache-Control"] = "public, max-age=600"
        return response

    @lti.get("/config.json")
    def config() -> Response:
        anonymous = request.args.get("names") == "no"
        response = jsonify(canvas_configuration(settings.base_url, anonymous=anonymous))
        response.headers["Cache-Control"] = "public, max-age=600"
        return response

    registration.add_routes(lti, wiring, tokens)
    return lti


def _noted(note: Note) -> Callable[[Callable[[], Response]], Callable[[], Response]]:
    """A view whose refusals are in the log. What is let in is in the table of launches: a class that opens an activity
    at once shall not write twice."""

    def decorate(view: Callable[[], Response]) -> Callable[[], Response]:
        @wraps(view)
        def noted() -> Response:
            watch = Stopwatch()

            def tell(status: int, code: str) -> None:
                what = f"{request.method} {request.path}"
                note(Call("launch", what, g.get("lti_platform"), status, code, watch.read()))

            try:
                response = view()
            except Refused as error:
                tell(error.status, error.code)
                raise
            if code := g.get("lti_new_tab"):
                tell(response.status_code, code)
            return response

        return noted

    return decorate


def _admit(conn: Connection, sid: str, message: StrictLaunch, on_launch: OnLaunch, now: datetime) -> Handover:
    launch = message.launch
    if not store.burn(conn, message.login, now):
        raise refused(Refusal("LTI-STATE-USED"))
    if launch.deployment not in launch.registration.deployments:
        platforms.add_deployment(conn, launch.registration.id, launch.deployment, "approved", now)
    store.add_launch(conn, sid, launch, now)
    return on_launch(conn, launch)


# --- the browser's side ---

_BINDING_PATH: Final = "/lti/"


def _cookie_name(state_hash: str) -> str:
    return f"lti-login-{state_hash[:16]}"


def _name(login: PendingLogin) -> str:
    return _cookie_name(login.state_hash)


def _set(response: Response, name: str, value: str, path: str, seconds: int) -> None:
    # Secure on plain-http loopback too: browsers take it there, and without it no frame gets a cookie at all.
    # Names and values are ours and need no quoting; what the address began with is not.
    where = f"Max-Age={seconds}; Path={quote(request.script_root)}{path}"
    response.headers.add("Set-Cookie", f"{name}={value}; {where}; Secure; HttpOnly; SameSite=None; Partitioned")


def _bind(response: Response, login: PendingLogin, secret: str, now: datetime) -> None:
    """The browser has the secret of this login as cookie; of the logins it has under way the newest few are kept."""
    under_way = sorted(
        (int(when), name)
        for name, value in request.cookies.items()
        if _LOGIN_COOKIE.fullmatch(name) and (when := value.partition(".")[0]).isdecimal() and len(when) < 12
    )
    for _when, name in under_way[: max(0, len(under_way) - HANDFUL + 1)]:
        _set(response, name, "", _BINDING_PATH, 0)
    value = f"{int(now.timestamp())}.{secret}"
    _set(response, _name(login), value, _BINDING_PATH, int(store.LOGIN_LIFE.total_seconds()))


def _cookies_doubtful() -> bool:
    return request.headers.get("Sec-Fetch-Dest") == "iframe" and KEEPS not in request.cookies


def _probe(query: str) -> Response:
    response = redirect(f"{url_for('lti.login')}?{query}&{PROBED}=1", 303)
    _set(response, KEEPS, "1", _BINDING_PATH, 30 * 86400)
    return response


def _unbound(message: StrictLaunch, values: dict[str, str]) -> Response:
    """A launch that brought no proof of its browser: ask the platform's storage, or offer a new tab."""
    login = message.login
    if login.storage_target and "binding" not in values:
        page = render_template(
            "launch/storage_get.html",
            target=login.storage_target,
            origin=_origin(message.known.auth_url),
            key=_name(login),
            state=values.get("state", ""),
            id_token=values.get("id_token", ""),
            again=_again(login.query),
        )
        return make_response(page, 401)
    return _new_tab(login.query, "LTI-BROWSER-UNBOUND")


def _again(query: str) -> str:
    return f"{url_for('lti.login')}?{query}"


def _new_tab(query: str, code: str) -> Response:
    reference = secrets.token_hex(4)
    log.info("%s %s: offered a new tab", code, reference)
    g.lti_new_tab = code
    return make_response(
        render_template("launch/new_tab.html", again=_again(query), code=code, reference=reference), 401
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _below_root(address: str) -> str:
    root = request.script_root
    return address[len(root) :] if root and address.startswith(root) else address
