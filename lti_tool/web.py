"""What every answer of the application has in common: errors as one page, headers, foreign forms refused, logs."""

from __future__ import annotations

import json
import logging
import secrets
import sys
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, g, jsonify, render_template, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionInterface
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter
from werkzeug.urls import iri_to_uri

from lti_tool.errors import N_, Busy, Forbidden, NotFound, ToolError
from lti_tool.settings import Settings
from xapi.errors import Busy as StoreBusy
from xapi.errors import XapiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.datastructures import Headers

log = logging.getLogger("lti_tool")

_UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# These take posts from other sites by their nature: LMSs post launches, and LRS clients carry their own credentials.
_FROM_ANYWHERE: Final = ("/lti/", "/xapi/")
_POLICY: Final = (
    "default-src 'self'; img-src 'self' data: https:; media-src 'self' https:; object-src 'none'; "
    "base-uri 'none'; form-action *; frame-ancestors "
)
_BREAKS: Final = {code: f"\\x{code:02x}" for code in (*range(32), 127, 0x85, 0x2028, 0x2029)}


class _Sessions(SecureCookieSessionInterface):
    """The sign-in of people who come without an LMS. What LMSs and scripts ask for has none, and none is looked for."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return None if request.path.startswith(_FROM_ANYWHERE) else super().open_session(app, request)


class Application(Flask):
    """Flask without what this tool never uses: coroutines as views, and sessions where nobody can have one."""

    session_interface: SessionInterface = _Sessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself; Flask would look at it anew in each request."""
        return func


class _Redirect(Response):
    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Those it was made with: its address isn't taken apart and put together once more."""
        return self.headers


def redirect(address: str, status: int) -> Response:
    """Sends the browser to an address that was put together just before: no page for people who must click."""
    ready = address if address.isascii() else iri_to_uri(address)
    return _Redirect(status=status, headers={"Location": ready, "Content-Length": "0"})


def set_up_errors(app: Flask) -> None:
    """Every error that leaves the application is our page (or JSON for scripts), with a code that is in the log too."""

    def answer(error: ToolError) -> tuple[Response | str, int, dict[str, str]]:
        reference = secrets.token_hex(3).upper()
        log.log(
            logging.ERROR if error.status >= 500 and not isinstance(error, Busy) else logging.WARNING,
            "%s %s %s: %s",
            reference,
            request.method,
            _shown_path(),
            error,
        )
        headers = {**error.headers, "Cache-Control": "no-store"}
        if _wants_json():
            words = error.what % error.params if error.params else error.what
            body = {"error": error.code, "message": words, "do": error.do, "reference": reference}
            return jsonify(body), error.status, headers
        # Where the database is what failed, the error page must not ask it who is here.
        g.setdefault("visitor", None)
        return render_template("error.html", error=error, reference=reference), error.status, headers

    @app.errorhandler(ToolError)
    def known(error: ToolError) -> tuple[Response | str, int, dict[str, str]]:
        return answer(error)

    @app.errorhandler(StoreBusy)
    def busy(error: StoreBusy) -> tuple[Response | str, int, dict[str, str]]:
        return answer(Busy())

    @app.errorhandler(XapiError)
    def from_the_store(error: XapiError) -> tuple[Response | str, int, dict[str, str]]:
        return answer(
            ToolError(error.code, N_("The record store did not take this."), status=error.status, detail=str(error))
        )

    @app.errorhandler(HTTPException)
    def plain(error: HTTPException) -> tuple[Response | str, int, dict[str, str]] | HTTPException:
        if error.code is None or error.code < 400:
            return error
        headers = {"Allow": ", ".join(sorted(error.valid_methods or ()))} if error.code == 405 else {}  # type: ignore[attr-defined]  # MethodNotAllowed has them
        if error.code == 404:
            return answer(
                NotFound("NOT-FOUND", N_("There is no such page."), N_("Check the address, or go back to your course."))
            )
        return answer(
            ToolError(
                f"HTTP-{error.code}",
                N_("This request can't be answered."),
                N_("Go back and try again."),
                status=error.code,
                detail=error.name,
                headers=headers,
            )
        )

    @app.errorhandler(Exception)
    def fault(error: Exception) -> tuple[Response | str, int, dict[str, str]]:
        log.exception("a fault of the tool at %s %s", request.method, _shown_path())
        return answer(
            ToolError(
                "FAULT",
                N_("Something went wrong in this service. It is not your fault."),
                N_("Try again. What was saved before is still there."),
                status=500,
                whom="administrator",
                detail=type(error).__name__,
            )
        )


def _shown_path() -> str:
    """The path as a log may hold it: a one-time link that still works is none of its readers' business."""
    secret = request.url_rule is not None and "token" in (request.view_args or {})
    return request.url_rule.rule if secret and request.url_rule else request.path


def _wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json"


def set_up_headers(app: Flask, settings: Settings) -> None:
    """Every answer says what browsers may do with it; forms that other sites post are refused."""
    app.url_map.converters["int"] = _Number
    common = [
        ("X-Content-Type-Options", "nosniff"),
        # The address of a page may hold its token, where the browser keeps no cookies.
        ("Referrer-Policy", "no-referrer"),
        *([("Strict-Transport-Security", "max-age=31536000")] if settings.secure else []),
    ]
    framed_everywhere = [("Content-Security-Policy", _POLICY + "*"), *common]
    framed_nowhere = [("Content-Security-Policy", _POLICY + "'none'"), *common]
    own = urlsplit(settings.base_url)
    own_origin = f"{own.scheme}://{own.netloc}"

    @app.before_request
    def refuse_foreign_forms() -> None:
        # What a browser says of itself (Fetch Metadata, Origin) can't be set by the page that posts:
        # https://www.w3.org/TR/fetch-metadata/ ; what is no browser sends neither, and carries no cookies of ours.
        if request.method not in _UNSAFE or request.path.startswith(_FROM_ANYWHERE):
            return
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        foreign = site not in ("same-origin", "none") if site else origin not in (None, own_origin)
        if foreign:
            raise Forbidden(
                "FORM-FOREIGN",
                N_("This form was sent from another site."),
                N_("Open the page again from your course and try once more."),
                detail=f"Origin {origin!r}, Sec-Fetch-Site {site!r}",
            )

    @app.before_request
    def refuse_nul() -> None:
        # No page sends one, and PostgreSQL takes none in a text. The rest looks for itself.
        if request.path.startswith(_FROM_ANYWHERE):
            return
        sent = (*request.args.items(multi=True), *request.form.items(multi=True))
        if "\0" in request.path or any("\0" in name or "\0" in value for name, value in sent):
            abort(400)

    @app.after_request
    def headers(response: Response) -> Response:
        # Pages below a session live in the LMS's frame, whoever that LMS is; their address can't be guessed, so there
        # is nothing to be clickjacked. All others are framed by nobody.
        framed = "/s/" in request.script_root or request.path.startswith("/lti/")
        given = {name.lower() for name, _value in response.headers}
        for name, value in framed_everywhere if framed else framed_nowhere:
            if name.lower() not in given:
                response.headers.add(name, value)
        if response.mimetype == "text/html" and "cache-control" not in given:
            response.headers.add("Cache-Control", "no-store")
        return response


class _Number(IntegerConverter):
    """`<int:…>` in an address is a row's number, and no row has a longer one: SQLite can't even be asked for it."""

    regex = r"\d{1,18}"


class TrustedProxies:
    """WSGI middleware: X-Forwarded-* are believed from the named networks and from nobody else."""

    def __init__(self, app: WSGIApplication, networks: tuple[str, ...]) -> None:
        self._app = app
        self._behind = ProxyFix(app, x_for=1, x_proto=1, x_host=1)
        self._networks = [ip_network(network) for network in networks]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            peer = ip_address(environ.get("REMOTE_ADDR", ""))
        except ValueError:
            return self._app(environ, start_response)
        trusted = any(peer in network for network in self._networks)
        return (self._behind if trusted else self._app)(environ, start_response)


class _Lines(logging.Formatter):
    """Text, in which nobody's input can pass for a line of its own; a trace keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the name that logging calls
        record.message = record.message.translate(_BREAKS)
        return super().formatMessage(record)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logs(settings: Settings, level: int = logging.INFO) -> None:
    """Log lines of this process go to standard error, as text or as one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _JsonLines() if settings.log_format == "json" else _Lines("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
