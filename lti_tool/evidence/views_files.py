"""Files in and out: forms that may be larger than others, and downloads."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, request, send_file
from sqlalchemy import Connection
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet import learners
from lti_tool.ecvet.views_staff import may_see
from lti_tool.errors import N_, NotFound
from lti_tool.evidence import files
from lti_tool.people import store as people
from lti_tool.people.views import Visitor, visitor
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring

UPLOADS = {"evidence.claim_prior": 1, "evidence.hand_in": files.MOST_FILES}
"""Forms with files, and how many files each takes."""


def folder(settings: Settings) -> Path:
    """Where files lie: below DATA_DIR, which no web server serves."""
    return settings.data_dir / "files"


def sent_files(name: str) -> list[FileStorage]:
    """The files of a field that were really chosen: a browser sends an empty part for none."""
    return [one for one in request.files.getlist(name) if one.filename]


def add_pages(pages: Blueprint, wiring: Wiring) -> None:
    """`/file/<id>`, and room for the forms of UPLOADS."""

    @pages.url_value_preprocessor
    def make_room(endpoint: str | None, _values: dict[str, object] | None) -> None:
        # Before anything reads the form: other forms keep the small limit of the application.
        if request.method == "POST" and endpoint in UPLOADS:
            request.max_content_length = UPLOADS[endpoint] * files.MOST_BYTES + 1024 * 1024

    @pages.teardown_request
    def leave_no_file_open(_error: BaseException | None) -> None:
        # Larger parts lie in temporary files, which end with their handles. What was never read is not read now.
        if request.endpoint in UPLOADS and "files" in request.__dict__:
            for one in request.files.values():
                one.close()

    @pages.get("/file/<id>")
    def file(id: str) -> Response:
        who = visitor()
        with reading(wiring.engine) as conn:
            found = files.get(conn, [id]).get(id)
            allowed = found is not None and _may_read(conn, who, found)
        place = files.path(folder(wiring.settings), found.sha256) if found else None
        if found is None or place is None or not allowed or not place.is_file():
            raise NotFound("ECVET-NO-FILE", N_("There is no such file for you."), N_("Go back and reload the page."))
        answer = send_file(
            place.resolve(), mimetype=found.media_type, as_attachment=True, download_name=found.name, conditional=False
        )
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        answer.headers["Cache-Control"] = "private, no-store"
        return answer


def _may_read(conn: Connection, who: Visitor, found: files.File) -> bool:
    """Whether the file is the visitor's own, or of a learner whose record they may see."""
    if found.actor_key in who.keys:
        return True
    learner = learners.by_key(conn, [found.actor_key]).get(found.actor_key)
    return learner is not None and any(may_see(who, one) for one in people.enrolments_of(conn, learner.keys))
