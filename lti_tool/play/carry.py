"""Where learners are in modules, when their accounts go on as others. Written into a journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import journal
from lti_tool.play.store import module_progress, quiz_attempts


def carry(conn: Connection, book: str, keys: Mapping[str, str]) -> int:
    """Who was in a module under an old account (the keys of `keys`) is at the same place under the new one, with the
    same attempts, unless the new one has begun the module too; how many places those are."""
    olds = sorted(keys)
    made: list[dict[str, Any]] = []
    tried: list[dict[str, Any]] = []
    for start in range(0, len(olds), journal.SOME):
        some = olds[start : start + journal.SOME]
        theirs = {
            (row.actor_key, row.module)
            for row in conn.execute(
                sa.select(module_progress).where(module_progress.c.actor_key.in_([keys[key] for key in some]))
            )
        }
        free = {
            (row.actor_key, row.module): row
            for row in conn.execute(sa.select(module_progress).where(module_progress.c.actor_key.in_(some)))
            if (keys[row.actor_key], row.module) not in theirs
        }
        made += [{**row._mapping, "actor_key": keys[row.actor_key]} for row in free.values()]
        tried += [
            {**row._mapping, "actor_key": keys[row.actor_key]}
            for row in conn.execute(sa.select(quiz_attempts).where(quiz_attempts.c.actor_key.in_(some)))
            if (row.actor_key, row.module) in free
        ]
    journal.insert(conn, book, module_progress, made)
    journal.insert(conn, book, quiz_attempts, tried)
    return len(made)
