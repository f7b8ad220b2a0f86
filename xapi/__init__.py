"""A Learning Record Store to embed: statements, documents, personas. It knows nothing of what uses it.

These are the public names; HTTP is in `xapi.web`, the only module that needs Flask.
"""

from xapi.access import SCOPES, Principal
from xapi.actors import actor_key, bare_actor
from xapi.database import insert, open_engine, reading, writing
from xapi.errors import (
    BadRequest,
    Busy,
    Conflict,
    Forbidden,
    InvalidStatement,
    NotDone,
    NotFound,
    PreconditionFailed,
    Unauthorised,
    XapiError,
)
from xapi.recording import record
from xapi.statement import complete, same, validate
from xapi.store import Added, Bounds, Filter, Page, Stored, add, find, get, get_voided, live, live_many
from xapi.tables import JSONText, UTCDateTime, metadata
from xapi.vocabulary import ACTIVITY_TYPES, EXTENSIONS, VERBS
from xapi.writer import Writer

__all__ = [
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
