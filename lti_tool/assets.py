"""Style sheets, scripts and icons, under addresses that may be cached for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response, abort, send_from_directory

FOR_EVER = "public, max-age=31536000, immutable"
# Asked for by a page of another version, while several are being served: right for now.
FOR_NOW = "no-cache"


def fingerprint(folder: Path) -> str:
    """Twelve hex digits that change when any file below `folder` is changed, added, renamed or removed."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def static_url(app: Flask, folder: Path | None = None) -> Callable[[str], str]:
    """`app` serves the files of `folder` (default: its static folder); templates call the returned `static_url(name)`.

    An address is `<root of the app>/static/<fingerprint>/<name>`: one fingerprint for the whole tree, so that a script
    may import its neighbour and a style sheet name a picture by a relative address and both stay exact. It never
    holds the key of a page session: the cache is shared between tabs and people, and no token is in it. The root is
    APPLICATION_ROOT, for a tool that lives below a path of its host. A name that isn't there raises FileNotFoundError
    where the page is made, not in the reader's browser.
    """
    root = folder or Path(app.static_folder or Path(app.root_path) / "static")
    prefix = (app.config.get("APPLICATION_ROOT") or "/").rstrip("/")
    at_start = fingerprint(root)

    def version() -> str:
        return fingerprint(root) if app.debug else at_start

    def address(name: str) -> str:
        if not (root / name).is_file():
            raise FileNotFoundError(root / name)
        return f"{prefix}/static/{version()}/{name}"

    def serve(asked: str, name: str) -> Response:
        if len(asked) != len(at_start):
            abort(404)
        response = send_from_directory(root, name)
        # What the system's table of types says about scripts is wrong on some machines, and browsers are strict there.
        if name.endswith(".js"):
            response.content_type = "text/javascript; charset=utf-8"
        response.headers["Cache-Control"] = FOR_EVER if asked == version() else FOR_NOW
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    app.add_url_rule("/static/<asked>/<path:name>", endpoint="assets", view_func=serve)
    app.jinja_env.globals["static_url"] = address
    return address
