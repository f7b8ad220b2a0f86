"""An LRS to talk to: two mounts of one store in one app."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine
from werkzeug.test import TestResponse

from tests.xapi.builders import page_of, principal
from xapi import Principal, Unauthorised, Writer
from xapi.store import Stored
from xapi.web import blueprint

PRINCIPALS: dict[str, Principal] = {
    "all": principal("credential:all"),
    "other": principal("credential:other", "statements/write", "statements/read/mine"),
    "reader": principal("credential:reader", "all/read"),
    "nothing": principal("credential:nothing", "define"),
    "page": page_of(),
    "page of boris": page_of("boris"),
}


def authenticate(request: Request) -> Principal:
    """Bearer and a name of PRINCIPALS."""
    found = PRINCIPALS.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
    if found is None:
        raise Unauthorised("Who are you?")
    return found


class LRS:
    """A client of the LRS; `who` is one of PRINCIPALS."""

    def __init__(self, client: FlaskClient, told: list[str]) -> None:
        self.client = client
        self.told = told

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: str = "all",
        version: str | None = "2.0.0",
        mount: str = "/xapi",
        headers: dict[str, str] | None = None,
        **params: Any,
    ) -> TestResponse:
        sent = {"Authorization": f"Bearer {who}"} if who else {}
        if version is not None:
            sent["X-Experience-API-Version"] = version
        data = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        if data is not None:
            sent["Content-Type"] = "application/json"
        query = {
            name: orjson.dumps(value).decode() if isinstance(value, dict) else value for name, value in params.items()
        }
        return self.client.open(
            f"{mount}/{path}", method=method, data=data, headers={**sent, **(headers or {})}, query_string=query or None
        )


def make_lrs(engine: Engine, clock: Callable[[], datetime], **options: Any) -> LRS:
    """An app with both mounts over this engine."""
    told: list[str] = []

    def on_stored(_conn: Connection, stored: tuple[Stored, ...]) -> None:
        told.extend(one.id for one in stored)

    app = Flask("lrs")
    writer = Writer(engine)
    for name, mount, version in (("lrs", "/xapi", "2.0.0"), ("lrs1", "/xapi/1.0.3", "1.0.3")):
        pages = blueprint(
            writer, engine, authenticate, on_stored, clock, name=name, default_version=version, max_bytes=100_000
        )
        app.register_blueprint(pages, url_prefix=mount)
    return LRS(app.test_client(), told)


@pytest.fixture
def lrs(engine: Engine, clock: Callable[[], datetime]) -> LRS:
    """On both databases."""
    return make_lrs(engine, clock)


@pytest.fixture
def sqlite_lrs(sqlite_engine: Engine, clock: Callable[[], datetime]) -> LRS:
    """For promises that have nothing to do with the kind of database."""
    return make_lrs(sqlite_engine, clock)
