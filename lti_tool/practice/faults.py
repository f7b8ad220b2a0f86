"""Made to fail: what a tool meets when an LMS has a bad day."""

import socket
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.practice.lms import Practice, current_lms
from lti_tool.practice.signin import for_admin

P = ParamSpec("P")
blueprint = Blueprint("faults", __name__)

ENDPOINTS = ("token", "lineitems", "scores", "results", "memberships", "groups", "jwks", "config")
KINDS = {
    "500": "answers 500 Internal Server Error",
    "503": "answers 503 and asks to come back later (Retry-After)",
    "403": "answers 403 Rate Limit Exceeded, as Canvas does",
    "hang": "does nothing for the seconds, then drops the connection",
    "slow": "waits for the seconds, then works",
    "expire": "tokens are given out that no service accepts any more (token only)",
    "drop": "does nothing and drops the connection",
    "lose": "does the work, then drops the connection: the answer is lost",
}
DROP = "practice.drop"


@dataclass(frozen=True, slots=True)
class Fault:
    """`calls`: how many calls are still to fail; None: until it is switched off. `seconds`: of waiting, or until
    Retry-After."""

    endpoint: str
    kind: str
    seconds: float
    calls: int | None


def set_fault(db: sqlite3.Connection, endpoint: str, kind: str, seconds: float = 1, calls: int | None = None) -> None:
    """The endpoint fails so from now on, in place of how it failed before. ValueError for what there is not."""
    if endpoint not in ENDPOINTS:
        raise ValueError(f"there is no endpoint {endpoint!r}; there are {', '.join(ENDPOINTS)}")
    if kind not in KINDS:
        raise ValueError(f"there is no fault {kind!r}; there are {', '.join(KINDS)}")
    if kind == "expire" and endpoint != "token":
        raise ValueError("expire is a fault of the endpoint token")
    if not 0 <= seconds <= 600:
        raise ValueError("seconds has to be from 0 to 600")
    if calls is not None and calls < 1:
        raise ValueError("calls has to be 1 or more")
    db.execute(
        "INSERT INTO faults (endpoint, kind, seconds, calls) VALUES (?, ?, ?, ?) ON CONFLICT (endpoint)"
        " DO UPDATE SET kind = excluded.kind, seconds = excluded.seconds, calls = excluded.calls",
        (endpoint, kind, seconds, calls),
    )


def clear_fault(db: sqlite3.Connection, endpoint: str | None = None) -> None:
    """This endpoint works again; without a name, all do."""
    db.execute("DELETE FROM faults WHERE ? IS NULL OR endpoint = ?", (endpoint, endpoint))


def list_faults(db: sqlite3.Connection) -> list[Fault]:
    return [Fault(**dict(row)) for row in db.execute("SELECT * FROM faults ORDER BY endpoint")]


def take_fault(db: sqlite3.Connection, endpoint: str) -> Fault | None:
    """How this call fails, if it does; one of the counted calls is used up."""
    row = db.execute("SELECT * FROM faults WHERE endpoint = ?", (endpoint,)).fetchone()
    if row is None:
        return None
    db.execute("UPDATE faults SET calls = calls - 1 WHERE endpoint = ?", (endpoint,))
    db.execute("DELETE FROM faults WHERE calls <= 0")
    return Fault(**dict(row))


def service(endpoint: str) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """A view that tools call: it is logged, and it can be made to fail."""

    def decorate(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def faulty(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            lms = current_lms()
            g.service = endpoint
            with lms.store.transaction() as db:
                fault = take_fault(db, endpoint)
            if fault is None:
                return view(*args, **kwargs)
            g.fault = fault.kind
            return _fail(lms, fault) or view(*args, **kwargs)

        return faulty

    return decorate


def _fail(lms: Practice, fault: Fault) -> Response | None:
    """The answer instead of the right one; None: the work is to be done."""
    if fault.kind in ("slow", "hang"):
        lms.settings.pause(fault.seconds)
    if fault.kind in ("hang", "drop", "lose"):
        request.environ[DROP] = True
    if fault.kind in ("hang", "drop"):
        return Response("dropped", 500, content_type="text/plain")
    if fault.kind == "500":
        return Response("<h1>Internal Server Error</h1>", 500, content_type="text/html")
    if fault.kind == "503":
        return Response(
            "Down for maintenance", 503, {"Retry-After": str(round(fault.seconds))}, content_type="text/plain"
        )
    if fault.kind == "403":
        return Response(
            "403 Forbidden (Rate Limit Exceeded)", 403, {"X-Rate-Limit-Remaining": "0.0"}, content_type="text/plain"
        )
    return None


class Dropping:
    """WSGI middleware: where a view said so, the caller gets no answer but a closed connection."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        held: list[tuple[Any, ...]] = []

        def hold(*args: Any) -> Callable[[bytes], object]:
            held[:] = [args]
            return lambda data: None

        answer = self._app(environ, hold)
        if not environ.get(DROP):
            start_response(*held[0])
            return answer
        connection = environ.get("werkzeug.socket") or environ.get("gunicorn.socket")
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError("the practice LMS was told to drop this connection")


@blueprint.route("/faults.json", methods=["GET", "POST", "DELETE"])
def faults_json() -> ResponseReturnValue:
    """POST {"endpoint", "kind", "seconds"?, "calls"?} · DELETE ?endpoint= (without: all) · GET. `{"endpoint": "token",
    "kind": "revoke"}` makes every token given out so far worthless, once."""
    with current_lms().store.transaction() as db:
        if request.method == "DELETE":
            clear_fault(db, request.args.get("endpoint"))
        if request.method == "POST":
            asked = request.get_json()
            try:
                if asked == {"endpoint": "token", "kind": "revoke"}:
                    db.execute("DELETE FROM access_tokens")
                else:
                    set_fault(db, **asked)
            except (ValueError, TypeError) as error:
                return jsonify(error=str(error)), 400
        return jsonify(
            [{"endpoint": f.endpoint, "kind": f.kind, "seconds": f.seconds, "calls": f.calls} for f in list_faults(db)]
        )


@blueprint.route("/admin/faults", methods=["GET", "POST"])
@for_admin
def page() -> ResponseReturnValue:
    lms, problem = current_lms(), ""
    if request.method == "POST":
        endpoint, kind = request.form.get("endpoint", ""), request.form.get("kind", "")
        with lms.store.transaction() as db:
            if kind == "off":
                clear_fault(db, endpoint or None)
            elif kind == "revoke":
                db.execute("DELETE FROM access_tokens")
            else:
                try:
                    seconds = float(request.form.get("seconds") or 1)
                    calls = request.form.get("calls")
                    set_fault(db, endpoint, kind, seconds, int(calls) if calls else None)
                except ValueError as error:
                    problem = str(error)
        if not problem:
            return redirect(url_for("faults.page"), 303)
    with lms.store.transaction() as db:
        now_on = list_faults(db)
    return (
        render_template("practice/faults.html", faults=now_on, endpoints=ENDPOINTS, kinds=KINDS, problem=problem),
        400 if problem else 200,
    )
