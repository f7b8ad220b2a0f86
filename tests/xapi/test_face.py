"""What xapi shows to the outside, and what it leans on."""

from __future__ import annotations

import subprocess
import sys

import xapi

NAMES = [
    "ACTIVITY_TYPES",
    "EXTENSIONS",
    "SCOPES",
    "VERBS",
    "Added",
    "BadRequest",
    "Bounds",
    "Busy",
    "Conflict",
    "Filter",
    "Forbidden",
    "InvalidStatement",
    "JSONText",
    "NotDone",
    "NotFound",
    "Page",
    "PreconditionFailed",
    "Principal",
    "Stored",
    "UTCDateTime",
    "Unauthorised",
    "Writer",
    "XapiError",
    "actor_key",
    "add",
    "bare_actor",
    "complete",
    "find",
    "get",
    "get_voided",
    "insert",
    "live",
    "live_many",
    "metadata",
    "open_engine",
    "reading",
    "record",
    "same",
    "validate",
    "writing",
]


def test_public_names_are_these() -> None:
    assert sorted(xapi.__all__) == sorted(NAMES)
    assert all(hasattr(xapi, name) for name in NAMES)


def test_importing_xapi_needs_no_flask_and_no_tool() -> None:
    code = (
        "import sys, xapi, xapi.documents, xapi.personas, xapi.formats, xapi.resources.statements,"
        " xapi.resources.documents, xapi.resources.others\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('flask', 'werkzeug', 'lti_tool', 'pylti1p3')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
