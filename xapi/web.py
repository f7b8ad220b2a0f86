"""The LRS over HTTP: the only module of this package that knows Flask.

It turns a request into a Call and an Answer (or an error) into a response; what is asked is answered in `resources`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
from flask import Blueprint, Response, g, request
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from xapi.access import Principal
from xapi.errors import BadRequest, NotFound, TooLarge, XapiError
from xapi.recording import OnStored, record
from xapi.resources.call import (
    VERSION_HEADER,
    Answer,
    Call,
    Resource,
    Shop,
    choose_version,
    is_folded,
    unfold,
)
from xapi.resources.documents import activity_profile, agent_profile, state
from xapi.resources.others import about, activities, agents
from xapi.resources.statements import statements
from xapi.scalars import write_time
from xapi.statement import V1, V2
from xapi.writer import Writer

if TYPE_CHECKING:
    from flask import Request

__all__ = ["MAX_BYTES", "blueprint", "record"]

MAX_BYTES = 16 * 1024 * 1024
"""Longest body of a request, in octets; 413 beyond."""

Authenticate = Callable[["Request"], Principal]

_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
_RESOURCES: dict[str, Resource] = {
    "statements": statements,
    "activities": activities,
    "activities/state": state,
    "activities/profile": activity_profile,
    "agents": agents,
    "agents/profile": agent_profile,
}
# Credentials are sent in a header by the caller's own script, never by the browser, so any origin may ask.
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Last-Modified, Content-Length, Retry-After, WWW-Authenticate,"
    " X-Experience-API-Version, X-Experience-API-Consistent-Through, X-Experience-API-Hash",
}
# A document is whatever its writer said it is, and by the alternate syntax of 1.0.3 any site's form can have a browser
# open it: as a page it is nobody's, runs nothing and sends no forms.
_NO_PAGE = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Accept, Accept-Language, If-Match, If-None-Match,"
    " X-Experience-API-Version, X-Experience-API-Hash",
    "Access-Control-Max-Age": "86400",
}


def _now() -> datetime:
    return datetime.now(UTC)


def blueprint(
    writer: Writer,
    engine: Engine,
    authenticate: Authenticate,
    on_stored: OnStored,
    clock: Callable[[], datetime] = _now,
    *,
    name: str = "xapi",
    default_version: str = V2,
    max_bytes: int = MAX_BYTES,
) -> Blueprint:
    """All resources of an LRS; it may be mounted several times over one store, under different names.

    `authenticate` raises Unauthorised; `on_stored` is called inside the transaction that stores. `default_version`
    ("1.0.3" or "2.0.0") is what a request without a usable version header is answered in. Every response, errors too,
    has X-Experience-API-Version, X-Experience-API-Consistent-Through and the headers of CORS.
    """
    shop = Shop(writer, engine, on_stored, clock)
    pages = Blueprint(name, __name__)

    def serve(rest: str) -> Response:
        g.xapi_version = default_version
        if request.method == "OPTIONS":
            return Response(status=204, headers=_PREFLIGHT)
        call = _read_call(max_bytes)
        if rest == "about":
            return _respond(about(call))
        resource = _RESOURCES.get(rest)
        if resource is None:
            raise NotFound("There is no such resource.", rule="resource")
        call = _settle_version(call, default_version)
        return _respond(resource(call, authenticate(request), shop))

    def refuse(error: XapiError) -> Response:
        return _tell(error)

    def refuse_http(error: HTTPException) -> Response:
        if isinstance(error, RequestEntityTooLarge):
            return _tell(TooLarge(f"A request may have {max_bytes} octets.", rule="size"))
        return _tell(BadRequest(error.description or "", status=error.code or 400, code="XAPI-HTTP"))

    def sign(response: Response) -> Response:
        response.headers[VERSION_HEADER] = g.get("xapi_version", default_version)
        response.headers["X-Experience-API-Consistent-Through"] = write_time(clock())
        response.headers.update(_CORS)
        response.headers.update(_NO_PAGE)
        return response

    pages.add_url_rule("/<path:rest>", "resource", serve, methods=_METHODS, provide_automatic_options=False)
    pages.register_error_handler(XapiError, refuse)
    pages.register_error_handler(HTTPException, refuse_http)
    pages.after_request(sign)
    return pages


def _read_call(max_bytes: int) -> Call:
    request.max_content_length = max_bytes
    return Call(
        method="GET" if request.method == "HEAD" else request.method,
        path=request.script_root + request.path,
        query=list(request.args.items(multi=True)),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_data(cache=False),
    )


def _settle_version(call: Call, default: str) -> Call:
    given = call.header(VERSION_HEADER.lower())
    folded = is_folded(call) and (given is None or not given.startswith("2."))
    if folded:
        call = unfold(call)
        given = call.header(VERSION_HEADER.lower())
    g.xapi_version = version = choose_version(given, default)
    if folded:
        if version != V1:
            raise BadRequest("The parameter method is not known in this version.", rule="alternate")
        if "authorization" in call.headers:
            # The one header that `authenticate` reads by itself.
            request.environ["HTTP_AUTHORIZATION"] = call.headers["authorization"]
    return replace(call, version=version)


def _respond(answer: Answer) -> Response:
    response = Response(answer.body, status=answer.status, headers=dict(answer.headers))
    if answer.body or answer.status == 200:
        response.headers["Content-Type"] = answer.content_type
    else:
        del response.headers["Content-Type"]
    return response


def _tell(error: XapiError) -> Response:
    told = {"code": error.code, "message": error.message, "path": error.path, "rule": error.rule}
    response = Response(orjson.dumps(told), status=error.status, content_type="application/json")
    if error.status == 401:
        # A page's script sends Bearer: told of Basic, the browser would ask the learner for a password.
        bearer = request.headers.get("Authorization", "").lower().startswith("bearer")
        challenge = 'Bearer realm="xAPI", error="invalid_token"' if bearer else 'Basic realm="xAPI", charset="UTF-8"'
        response.headers["WWW-Authenticate"] = challenge
    if error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    return response
