"""One SQLite database for everything the practice LMS knows; one connection, used by one thread at a time."""

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS keys (
    kid TEXT PRIMARY KEY, pem TEXT NOT NULL, made REAL NOT NULL, active INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS people (
    id INTEGER PRIMARY KEY AUTOINCREMENT, login TEXT NOT NULL UNIQUE, password TEXT NOT NULL, given TEXT NOT NULL,
    family TEXT NOT NULL, email TEXT NOT NULL, locale TEXT NOT NULL, admin INTEGER NOT NULL,
    released INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS courses (
    id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT NOT NULL, title TEXT NOT NULL, history TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS enrolments (
    course_id INTEGER NOT NULL REFERENCES courses, person_id INTEGER NOT NULL REFERENCES people,
    role TEXT NOT NULL CHECK (role IN ('Instructor', 'Learner')), suspended INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (course_id, person_id)) STRICT;
CREATE TABLE IF NOT EXISTS groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course_id INTEGER NOT NULL REFERENCES courses, name TEXT NOT NULL,
    set_name TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS group_people (
    group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE, person_id INTEGER NOT NULL REFERENCES people,
    PRIMARY KEY (group_id, person_id)) STRICT;
CREATE TABLE IF NOT EXISTS tools (
    id INTEGER PRIMARY KEY AUTOINCREMENT, client_id TEXT NOT NULL UNIQUE, active INTEGER NOT NULL,
    made REAL NOT NULL, configuration TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS activities (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course_id INTEGER NOT NULL REFERENCES courses,
    tool_id INTEGER NOT NULL REFERENCES tools ON DELETE CASCADE, title TEXT NOT NULL, text TEXT NOT NULL,
    url TEXT NOT NULL, custom TEXT NOT NULL, container TEXT NOT NULL CHECK (container IN ('iframe', 'window')),
    width INTEGER, height INTEGER, icon TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS line_items (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course_id INTEGER NOT NULL REFERENCES courses,
    tool_id INTEGER NOT NULL REFERENCES tools ON DELETE CASCADE,
    activity_id INTEGER REFERENCES activities ON DELETE CASCADE, label TEXT NOT NULL, maximum REAL NOT NULL,
    resource_id TEXT NOT NULL, tag TEXT NOT NULL, extra TEXT NOT NULL, locked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS grades (
    line_item_id INTEGER NOT NULL REFERENCES line_items ON DELETE CASCADE,
    person_id INTEGER NOT NULL REFERENCES people, raw REAL, final REAL, comment TEXT NOT NULL,
    timestamp TEXT NOT NULL, modified REAL, overridden INTEGER NOT NULL DEFAULT 0,
    locked INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (line_item_id, person_id)) STRICT;
CREATE TABLE IF NOT EXISTS score_posts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, line_item_id INTEGER NOT NULL REFERENCES line_items ON DELETE CASCADE,
    person_id INTEGER NOT NULL, received REAL NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS hints (
    launch TEXT PRIMARY KEY, session TEXT NOT NULL, made REAL NOT NULL, message TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS choices (
    id TEXT PRIMARY KEY, course_id INTEGER NOT NULL REFERENCES courses,
    tool_id INTEGER NOT NULL REFERENCES tools ON DELETE CASCADE, person_id INTEGER NOT NULL, data TEXT NOT NULL,
    answer TEXT) STRICT;
CREATE TABLE IF NOT EXISTS access_tokens (
    digest TEXT PRIMARY KEY, tool_id INTEGER NOT NULL REFERENCES tools ON DELETE CASCADE, scopes TEXT NOT NULL,
    expires REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS registration_tokens (
    id TEXT PRIMARY KEY, client_id TEXT NOT NULL, tool_id INTEGER, used INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS seen (
    kind TEXT NOT NULL, client_id TEXT NOT NULL, value TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (kind, client_id, value)) STRICT;
CREATE TABLE IF NOT EXISTS faults (
    endpoint TEXT PRIMARY KEY, kind TEXT NOT NULL, seconds REAL NOT NULL, calls INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, endpoint TEXT NOT NULL, method TEXT NOT NULL,
    address TEXT NOT NULL, asked TEXT NOT NULL, status INTEGER, answered TEXT NOT NULL) STRICT;
"""


class Store:
    """Safe with many threads: they take turns. Nothing waits for the network inside a transaction."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        place = ":memory:" if folder is None else str(folder / "practice.sqlite3")
        self._turn = threading.RLock()
        self._connection = sqlite3.connect(place, check_same_thread=False, isolation_level=None, timeout=5)
        self._connection.row_factory = sqlite3.Row
        # An unclosed connection is a warning since Python 3.13, and an app has no moment at which it ends.
        weakref.finalize(self, self._connection.close)
        self._connection.execute("PRAGMA foreign_keys = ON")
        if folder is not None:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it is kept, or on an error none. Not to be nested: storage functions take the connection and never
        open one; RuntimeError where they do."""
        with self._turn:
            if self._connection.in_transaction:
                raise RuntimeError("a transaction is open already in this thread")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def read_fact(db: sqlite3.Connection, name: str) -> str | None:
    row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["value"])


def write_fact(db: sqlite3.Connection, name: str, value: str) -> None:
    db.execute(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def see(db: sqlite3.Connection, kind: str, client_id: str, value: str, now: float) -> bool:
    """Whether this value (a jti, a nonce) comes from this client for the first time; from now on it does not."""
    done = db.execute(
        "INSERT INTO seen (kind, client_id, value, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (kind, client_id, value, now),
    )
    return done.rowcount == 1
