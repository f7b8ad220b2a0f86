"""The log: every launch and every service call, what was asked and what was answered."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from lti_tool.practice.jose import Untrusted, read_unverified
from lti_tool.practice.lms import current_lms
from lti_tool.practice.signin import for_people

blueprint = Blueprint("calls", __name__)

KEPT = 2000
LONGEST = 50_000


def note(
    db: sqlite3.Connection,
    at: float,
    endpoint: str,
    method: str,
    address: str,
    asked: object,
    status: int | None = None,
    answered: object = "",
) -> None:
    """One line more in the log; the oldest beyond 2000 go."""
    done = db.execute(
        "INSERT INTO calls (at, endpoint, method, address, asked, status, answered) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (at, endpoint, method, address, _text(asked), status, _text(answered)),
    )
    db.execute("DELETE FROM calls WHERE id <= ?", (int(done.lastrowid or 0) - KEPT,))


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return text[:LONGEST]


def open_token(fields: Mapping[str, str]) -> dict[str, object]:
    """The fields of a form with the claims in place of the tokens: the log is for reading, not for stealing."""
    shown: dict[str, object] = {}
    for name, value in fields.items():
        if name in ("id_token", "JWT", "client_assertion"):
            try:
                shown[name] = read_unverified(value)
            except Untrusted as error:
                shown[name] = str(error)
        else:
            shown[name] = value
    return shown


def note_service_call(response: Response) -> Response:
    """After a request to a service: it and its answer are in the log."""
    endpoint = g.get("service")
    if endpoint is None:
        return response
    lms = current_lms()
    asked: dict[str, object] = {
        name: request.headers[name] for name in ("Accept", "Content-Type", "User-Agent") if name in request.headers
    }
    if "Authorization" in request.headers:
        asked["Authorization"] = request.headers["Authorization"][:16] + "…"
    if request.form:
        asked["form"] = open_token(request.form)
    elif request.get_data():
        asked["body"] = _open_body(request.get_data())
    body = _open_body(response.get_data())
    if endpoint == "token" and isinstance(body, dict) and "access_token" in body:
        body = {**body, "access_token": "…"}
    with lms.store.transaction() as db:
        note(db, lms.now(), endpoint, request.method, request.full_path.rstrip("?"), asked, response.status_code, body)
    return response


def _open_body(data: bytes) -> Any:
    """JSON as values, so that names in it can be read; anything else as text."""
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")[:LONGEST]


def list_calls(db: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    """Newest first."""
    rows = db.execute("SELECT * FROM calls ORDER BY id DESC LIMIT ?", (limit,))
    return [{**dict(row), "at": datetime.fromtimestamp(row["at"], UTC).isoformat()} for row in rows]


@blueprint.get("/calls.json")
def calls_json() -> ResponseReturnValue:
    with current_lms().store.transaction() as db:
        return jsonify(list_calls(db, request.args.get("limit", 200, type=int)))


@blueprint.get("/calls")
@for_people
def show() -> ResponseReturnValue:
    with current_lms().store.transaction() as db:
        found = list_calls(db, 200)
    return render_template("practice/calls.html", calls=found, name=current_app.name)
