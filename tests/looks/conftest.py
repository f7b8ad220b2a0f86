"""The style guide, as a Flask application and as a page in Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from tests.looks import guide


@pytest.fixture
def app() -> Flask:
    return guide.create_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Address of the style guide, served on loopback."""
    server = make_server("127.0.0.1", 0, guide.create_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
