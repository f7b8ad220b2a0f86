"""Static files may be kept for ever under one address, because a changed file gets another."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from lti_tool import assets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "page.js").write_text("import './frame.js'")
    (tmp_path / "app.css").write_text("a {}")
    return tmp_path


def serve(folder: Path, **config: object) -> tuple[Flask, str]:
    app = Flask("assets_test")
    app.config.update(config)
    return app, assets.static_url(app, folder)("js/page.js")


def test_a_file_may_be_kept_for_ever(folder: Path) -> None:
    app, address = serve(folder)
    answer = app.test_client().get(address, buffered=True)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_any_change_gives_new_addresses(folder: Path) -> None:
    before = serve(folder)[1]
    assert serve(folder)[1] == before
    (folder / "app.css").write_text("b {}")
    changed = serve(folder)[1]
    (folder / "app.css").rename(folder / "apt.css")
    assert len({before, changed, serve(folder)[1]}) == 3


def test_a_page_of_another_version_gets_the_file_but_must_not_keep_it(folder: Path) -> None:
    app, address = serve(folder)
    other = address.replace(address.split("/")[2], "0" * 12)
    answer = app.test_client().get(other, buffered=True)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


def test_the_address_holds_no_session(folder: Path) -> None:
    app, _ = serve(folder)
    app.add_url_rule("/page", "page", lambda: app.jinja_env.globals["static_url"]("app.css"))  # type: ignore[operator]  # jinja's globals are untyped
    page = app.test_client().get("/page", base_url="https://tool.example/s/token").text
    assert page.startswith("/static/")


def test_a_tool_below_a_path_keeps_its_path(folder: Path) -> None:
    assert serve(folder, APPLICATION_ROOT="/lti")[1].startswith("/lti/static/")


@pytest.mark.parametrize("name", ["../pyproject.toml", "js/none.js", "%2e%2e/secret", ""])
def test_nothing_else_is_served(folder: Path, name: str) -> None:
    (folder.parent / "secret").write_text("secret")
    app, address = serve(folder)
    version = address.split("/")[2]
    assert app.test_client().get(f"/static/{version}/{name}", buffered=True).status_code == 404


def test_a_name_that_is_not_there_fails_where_the_page_is_made(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        assets.static_url(Flask("assets_test"), folder)("js/none.js")
