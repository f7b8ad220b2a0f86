"""Grades: what a score does to them, and what a teacher does. The rules are Moodle 4.5's."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lti_tool.practice.activities import LineItem

ACTIVITY_PROGRESS = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
GRADING_PROGRESS = ("FullyGraded", "Pending", "PendingManual", "Failed", "NotReady")


class ScoreInvalid(Exception):
    """A score that is no score (400)."""


class ScoreLate(Exception):
    """A score that is not newer than the grade (409)."""


class ScoreLocked(Exception):
    """The grade or its column is locked (Moodle answers 500)."""


@dataclass(frozen=True, slots=True)
class Grade:
    """`raw`: what the tool sent, scaled to the column's maximum; `final`: what counts and is shown. `modified`:
    seconds since 1970, None where there is no grade to be newer than."""

    raw: float | None = None
    final: float | None = None
    comment: str = ""
    timestamp: str = ""
    modified: float | None = None
    overridden: bool = False
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """`given` None: nothing that counts (yet)."""

    user_id: str
    given: float | None
    maximum: float
    comment: str
    timestamp: str
    at: float


def read_score(body: Mapping[str, Any]) -> Score:
    """Assignment and Grade Services 2.0, section 3.4 (https://www.imsglobal.org/spec/lti-ags/v2p0/#score-publish-service);
    ScoreInvalid where a required part is missing or no value of its kind."""
    for name in ("userId", "timestamp", "activityProgress", "gradingProgress"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise ScoreInvalid(f"{name} is missing")
    if body["activityProgress"] not in ACTIVITY_PROGRESS:
        raise ScoreInvalid(f"activityProgress has to be one of {', '.join(ACTIVITY_PROGRESS)}")
    if body["gradingProgress"] not in GRADING_PROGRESS:
        raise ScoreInvalid(f"gradingProgress has to be one of {', '.join(GRADING_PROGRESS)}")
    try:
        moment = datetime.fromisoformat(body["timestamp"])
    except ValueError as error:
        raise ScoreInvalid("timestamp is no ISO 8601 time") from error
    if moment.tzinfo is None:
        raise ScoreInvalid("timestamp needs a time zone")
    given, maximum = _number(body, "scoreGiven"), _number(body, "scoreMaximum")
    if given is not None and (maximum is None or maximum <= 0):
        raise ScoreInvalid("scoreMaximum has to be there, above 0, where scoreGiven is")
    if given is not None and given < 0:
        raise ScoreInvalid("scoreGiven has to be 0 or more")
    counts = body["gradingProgress"] == "FullyGraded"
    return Score(
        user_id=body["userId"],
        given=given if counts else None,
        maximum=maximum or 1,
        comment=str(body.get("comment") or ""),
        timestamp=body["timestamp"],
        at=moment.timestamp(),
    )


def _number(body: Mapping[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    # bool is an int to Python; NaN and Infinity are no JSON, but Python's parser takes them.
    if isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0:
        raise ScoreInvalid(f"{name} has to be a number")
    return float(value)


def apply_score(grade: Grade, score: Score, item: LineItem) -> Grade:
    """The grade afterwards. ScoreLate where the score is not later by whole seconds; ScoreLocked where nothing may
    change. Anything but FullyGraded, or no scoreGiven, erases the grade and forgets its time, as in Moodle. A grade
    that the teacher has overridden stays as it is."""
    if item.locked or grade.locked:
        raise ScoreLocked
    if grade.modified is not None and int(score.at) <= int(grade.modified):
        raise ScoreLate
    if score.given is None:
        empty = replace(grade, raw=None, comment="", timestamp="", modified=None)
        return (
            replace(empty, comment=grade.comment, modified=grade.modified)
            if grade.overridden
            else replace(empty, final=None)
        )
    raw = round(min(score.given / score.maximum, 1) * item.maximum, 5)
    told = replace(grade, raw=raw, timestamp=score.timestamp)
    # A teacher's grade keeps its own time too: by that a tool can tell it from what it sent.
    return told if grade.overridden else replace(told, final=raw, comment=score.comment, modified=score.at)


def override(grade: Grade, final: float | None, comment: str, now: float, item: LineItem) -> Grade:
    """The teacher's own grade, capped to the column; None takes the teacher's word back: the tool's counts again."""
    if final is None:
        return replace(grade, final=grade.raw, overridden=False)
    return replace(grade, final=min(max(final, 0), item.maximum), comment=comment, modified=now, overridden=True)


def read_grade(db: sqlite3.Connection, line_item_id: int, person_id: int) -> Grade:
    row = db.execute(
        "SELECT raw, final, comment, timestamp, modified, overridden, locked FROM grades"
        " WHERE line_item_id = ? AND person_id = ?",
        (line_item_id, person_id),
    ).fetchone()
    return Grade() if row is None else _grade(row)


def list_grades(db: sqlite3.Connection, line_item_id: int) -> dict[int, Grade]:
    """Person id -> grade."""
    rows = db.execute(
        "SELECT person_id, raw, final, comment, timestamp, modified, overridden, locked FROM grades"
        " WHERE line_item_id = ? ORDER BY person_id",
        (line_item_id,),
    )
    return {row["person_id"]: _grade(row) for row in rows}


def _grade(row: sqlite3.Row) -> Grade:
    return Grade(
        raw=row["raw"],
        final=row["final"],
        comment=row["comment"],
        timestamp=row["timestamp"],
        modified=row["modified"],
        overridden=bool(row["overridden"]),
        locked=bool(row["locked"]),
    )


def write_grade(db: sqlite3.Connection, line_item_id: int, person_id: int, grade: Grade) -> None:
    db.execute(
        "INSERT OR REPLACE INTO grades (line_item_id, person_id, raw, final, comment, timestamp, modified, overridden,"
        " locked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            line_item_id,
            person_id,
            grade.raw,
            grade.final,
            grade.comment,
            grade.timestamp,
            grade.modified,
            grade.overridden,
            grade.locked,
        ),
    )


def keep_post(db: sqlite3.Connection, line_item_id: int, person_id: int, body: Mapping[str, Any], now: float) -> None:
    """An accepted score post, for the history."""
    db.execute(
        "INSERT INTO score_posts (line_item_id, person_id, received, body) VALUES (?, ?, ?, ?)",
        (line_item_id, person_id, now, json.dumps(body, ensure_ascii=False)),
    )


def list_posts(db: sqlite3.Connection, line_item_id: int, person_id: int) -> list[dict[str, Any]]:
    """Oldest first; `received` in seconds since 1970."""
    rows = db.execute(
        "SELECT received, body FROM score_posts WHERE line_item_id = ? AND person_id = ? ORDER BY id",
        (line_item_id, person_id),
    )
    return [{**json.loads(row["body"]), "received": row["received"]} for row in rows]
