"""A tiny application that shows the style guide, the front page and an error, without the rest of the tool.

By hand: `flask --app tests.looks.guide run`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, Response, render_template

import lti_tool
from lti_tool import assets, i18n
from lti_tool.errors import NotFound

PACKAGE = Path(lti_tool.__file__).parent
STATIC = PACKAGE / "static"
MOMENT = datetime(2023, 3, 3, 12, 2, tzinfo=UTC)
POLICY = "default-src 'self'; frame-ancestors *"


def icon_names() -> list[str]:
    return re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons" / "icons.svg").read_text(encoding="utf-8"))


def create_app() -> Flask:
    app = Flask("lti_tool", root_path=str(PACKAGE), static_folder=None)
    assets.static_url(app, STATIC)
    i18n.set_up(app)

    @app.after_request
    def forbid_inline(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @app.get("/")
    def guide() -> str:
        return render_template(
            "styleguide.html",
            nav=[("Module", "#", False), ("My record", "#", True), ("Opportunities", "#", False)],
            who={"name": "Anna Bērziņa", "programme": "CECO"},
            home_url="/front",
            moment=MOMENT,
            saved_at=MOMENT,
            icon_names=icon_names(),
            foot_note="Co-funded by the Erasmus+ programme of the European Union.",
        )

    @app.get("/front")
    def front() -> str:
        return render_template("front.html", sign_in_url="#", docs_url="#")

    @app.get("/error")
    def error() -> tuple[str, int]:
        wrong = NotFound(
            "PAGE-UNKNOWN", "There is no page at this address.", "Go back to your course and open the module again."
        )
        return render_template("error.html", error=wrong, reference="7F3A-91C2"), 404

    @app.get("/frame")
    def frame() -> Response:
        """A stand-in for an LMS: the guide in a frame, and what it asks for in the page's title."""
        return Response(
            '<!doctype html><title>LMS</title><iframe src="/" width="800" height="600" title="Tool"></iframe>'
        )

    return app


app = create_app()
