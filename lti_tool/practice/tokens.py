"""The token endpoint, and what a token allows.

Security Framework 1.0, section 4.1: https://www.imsglobal.org/spec/security/v1p0/
"""

import hashlib
import json
import secrets

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from lti_tool.practice import jose, tools
from lti_tool.practice.faults import service
from lti_tool.practice.lms import Practice, current_lms, read_switches
from lti_tool.practice.store import see
from lti_tool.practice.tools import Tool

blueprint = Blueprint("tokens", __name__)

PATH = "/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class TokenRefused(Exception):
    """RFC 6749, section 5.2."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(code, description)
        self.code, self.description = code, description


class ServiceRefused(Exception):
    """An answer of a service that is an error. `empty`: its body is [], as Moodle's score endpoint tells no reason."""

    def __init__(self, status: int, reason: str, *, empty: bool = False) -> None:
        super().__init__(status, reason)
        self.status, self.reason, self.empty = status, reason, empty

    def response(self) -> Response:
        body = [] if self.empty else {"status": self.status, "reason": self.reason}
        answer = Response(json.dumps(body), self.status, content_type="application/json")
        if self.status == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer


@blueprint.post(PATH)
@service("token")
def give_token() -> ResponseReturnValue:
    lms = current_lms()
    with lms.store.transaction() as db:
        switches = read_switches(db, lms.settings)
    try:
        body, status = _give(lms, switches.token_seconds), 200
    except TokenRefused as error:
        body, status = {"error": error.code, "error_description": error.description}, 400
    kind = "text/html; charset=utf-8" if switches.token_as_html else "application/json"
    return Response(json.dumps(body), status, {"Cache-Control": "no-store"}, content_type=kind)


def _give(lms: Practice, seconds: int) -> dict[str, object]:
    form = request.form
    if request.mimetype != "application/x-www-form-urlencoded":
        raise TokenRefused("invalid_request", "the request has to be a form (application/x-www-form-urlencoded)")
    if form.get("grant_type") != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "grant_type has to be client_credentials")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise TokenRefused("invalid_request", f"client_assertion_type has to be {ASSERTION_TYPE}")
    if not form.get("client_assertion"):
        raise TokenRefused("invalid_request", "client_assertion is missing")
    tool = _authenticate(lms, form["client_assertion"])
    asked = form.get("scope", "").split()
    granted = [scope for scope in dict.fromkeys(asked) if scope in tool.configuration.scopes]
    if not granted:
        raise TokenRefused("invalid_scope", "this tool may have none of these scopes")
    token = secrets.token_urlsafe(24)
    lives = 0 if g.get("fault") == "expire" else seconds
    with lms.store.transaction() as db:
        db.execute("DELETE FROM access_tokens WHERE expires < ?", (lms.now() - 86400,))
        db.execute(
            "INSERT INTO access_tokens (digest, tool_id, scopes, expires) VALUES (?, ?, ?, ?)",
            (_digest(token), tool.id, " ".join(granted), lms.now() + lives),
        )
    return {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(granted)}


def _authenticate(lms: Practice, assertion: str) -> Tool:
    """The tool that signed this assertion, checked as RFC 7523, section 3, asks, and more strictly than Moodle:
    iss, aud and jti count here."""
    try:
        unverified = jose.read_unverified(assertion)
        with lms.store.transaction() as db:
            tool = tools.find_by_client(db, str(unverified.get("sub", "")))
        if tool is None or not tool.active:
            raise jose.Untrusted("sub is not the client_id of an active tool")
        claims = lms.verify_by_tool(assertion, tool.client_id, tool.configuration.jwks_uri)
        if claims.get("iss") != tool.client_id:
            raise jose.Untrusted("iss has to be the client_id, as sub")
        jose.check_audience(claims, lms.url(PATH))
        jose.check_times(claims, lms.now())
        jti = claims.get("jti")
        if not isinstance(jti, str) or not jti:
            raise jose.Untrusted("jti is missing")
        with lms.store.transaction() as db:
            if not see(db, "jti", tool.client_id, jti, lms.now()):
                raise jose.Untrusted("this jti was used before")
    except jose.Untrusted as error:
        raise TokenRefused("invalid_client", str(error)) from error
    return tool


def read_bearer(lms: Practice, *scopes: str) -> Tool:
    """The tool that calls, if its token has one of these scopes; ServiceRefused 401 otherwise, as in Moodle."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise ServiceRefused(401, "a bearer token is missing")
    with lms.store.transaction() as db:
        row = db.execute("SELECT * FROM access_tokens WHERE digest = ?", (_digest(token.strip()),)).fetchone()
        tool = None if row is None else tools.get_tool(db, row["tool_id"])
    if tool is None or not tool.active:
        raise ServiceRefused(401, "this token was not given out here")
    if row["expires"] <= lms.now():
        raise ServiceRefused(401, "this token has expired")
    # What the registration no longer permits, an older token does not permit either.
    if not set(scopes) & set(row["scopes"].split()) & set(tool.configuration.scopes):
        raise ServiceRefused(401, f"this token lacks the scope {' or '.join(scopes)}")
    return tool


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
