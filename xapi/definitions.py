"""The definition of an activity, as all statements that were allowed to define it tell it together.

xAPI 1.0.3, data part, 2.4.4.1: what comes later adds and replaces, language by language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from xapi.actors import storage_key
from xapi.database import insert
from xapi.tables import activities


def merge_definitions(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Both definitions as one; where they differ, the new one holds. Languages and extensions are joined. Pure."""
    merged = {**old, **new}
    for name in ("name", "description", "extensions"):
        if name in old and name in new:
            merged[name] = {**old[name], **new[name]}
    return merged


def define(conn: Connection, given: Sequence[tuple[str, Mapping[str, Any]]], now: datetime) -> None:
    """The definitions of (IRI, definition) pairs are merged into the store, in their order."""
    if not given:
        return
    before = find_definitions(conn, {iri for iri, _ in given})
    after: dict[str, Mapping[str, Any]] = dict(before)
    for iri, definition in given:
        after[iri] = merge_definitions(after.get(iri, {}), definition)
    rows = [
        {"key": storage_key(iri), "iri": iri, "definition": definition, "updated": now}
        for iri, definition in after.items()
        if definition != before.get(iri)
    ]
    if rows:
        upsert = insert(conn, activities)
        changed = {name: upsert.excluded[name] for name in ("definition", "updated")}
        conn.execute(upsert.on_conflict_do_update(index_elements=["key"], set_=changed), rows)


def find_definitions(conn: Connection, iris: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """IRI -> definition, for those of the activities that have one."""
    keys = sorted({storage_key(iri) for iri in iris})
    found: dict[str, Mapping[str, Any]] = {}
    for start in range(0, len(keys), 500):
        wanted = activities.c.key.in_(keys[start : start + 500])
        for row in conn.execute(select(activities.c.iri, activities.c.definition).where(wanted)):
            found[row.iri] = row.definition
    return found
