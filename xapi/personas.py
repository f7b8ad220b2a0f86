"""Actors that are one person: the only place where they are joined.

An actor belongs for ever to the persona that it was first seen as. A join says that one persona is (part of) another;
undoing it takes just that sentence back, whatever was joined before or after. `root` is kept beside it so that reading
needs no walk. Every function takes any persona's id, joined or not, and speaks of the whole person.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from xapi.actors import actor_key, bare_actor, storage_key
from xapi.database import insert
from xapi.errors import Conflict, NotFound
from xapi.prepared import Prepared
from xapi.tables import persona_actors, persona_joins, personas

_JOINING = 7420190102
_ROOT = Prepared(
    select(personas.c.root)
    .select_from(persona_actors.join(personas, personas.c.id == persona_actors.c.persona))
    .where(persona_actors.c.key == bindparam("key"))
)


@dataclass(frozen=True, slots=True)
class Join:
    """That `other` was joined into `into`: by whom and when, and when and by whom it was undone."""

    id: str
    into: str
    other: str
    by: str
    made: datetime
    undone: datetime | None
    undone_by: str | None


def persona_of(conn: Connection, actor: Mapping[str, Any], now: datetime) -> str:
    """The id (UUID) of the person that this actor is; made if new. The actor is kept without its name."""
    found = find_persona(conn, actor)
    if found is not None:
        return found
    new = str(uuid.uuid4())
    conn.execute(insert(conn, personas), {"id": new, "root": new, "joined": None, "created": now})
    row = {"key": storage_key(actor_key(actor)), "persona": new, "actor": bare_actor(actor), "created": now}
    upsert = insert(conn, persona_actors).on_conflict_do_nothing(index_elements=["key"])
    inserted = conn.execute(upsert, row, execution_options={"preserve_rowcount": True})
    if inserted.rowcount == 1:
        return new
    # Another transaction was first; the persona made here has no actor.
    conn.execute(personas.delete().where(personas.c.id == new))
    there = find_persona(conn, actor)
    if there is None:
        raise Conflict("The actor was just removed by somebody else.", rule="persona-race")
    return there


def personas_for(conn: Connection, actors: Collection[Mapping[str, Any]], now: datetime) -> dict[str, str]:
    """As `persona_of` for many actors, by `actor_key`, in a handful of statements."""
    given = {actor_key(actor): actor for actor in actors}
    there = find_personas(conn, given)
    new = {key: str(uuid.uuid4()) for key in sorted(given) if key not in there}
    if not new:
        return there
    conn.execute(
        insert(conn, personas), [{"id": id, "root": id, "joined": None, "created": now} for id in new.values()]
    )
    rows = [
        {"key": storage_key(key), "persona": id, "actor": bare_actor(given[key]), "created": now}
        for key, id in new.items()
    ]
    conn.execute(insert(conn, persona_actors).on_conflict_do_nothing(index_elements=["key"]), rows)
    made = find_personas(conn, new)
    # Where another transaction was first, the persona made here has no actor.
    orphans = sorted(id for key, id in new.items() if made.get(key) != id)
    for start in range(0, len(orphans), 500):
        conn.execute(personas.delete().where(personas.c.id.in_(orphans[start : start + 500])))
    return there | made


def find_persona(conn: Connection, actor: Mapping[str, Any]) -> str | None:
    """The id of the person that this actor is, None where it was never seen."""
    row = _ROOT.first(conn, key=storage_key(actor_key(actor)))
    return None if row is None else row.root


def find_personas(conn: Connection, keys: Collection[str]) -> dict[str, str]:
    """The ids of the persons that these actors (by `actor_key`) are; who was never seen is left out."""
    given = {storage_key(key): key for key in keys}
    wanted = sorted(given)
    found: dict[str, str] = {}
    joined = persona_actors.join(personas, personas.c.id == persona_actors.c.persona)
    for start in range(0, len(wanted), 500):
        query = select(persona_actors.c.key, personas.c.root).select_from(joined)
        for row in conn.execute(query.where(persona_actors.c.key.in_(wanted[start : start + 500]))):
            found[given[row.key]] = row.root
    return found


def root_of(conn: Connection, persona_id: str) -> str:
    """The persona that stands for the whole person. Raises NotFound."""
    root: str | None = conn.execute(select(personas.c.root).where(personas.c.id == persona_id)).scalar()
    if root is None:
        raise NotFound("There is no such persona.", rule="persona")
    return root


def personas_of(conn: Connection, persona_id: str) -> list[str]:
    """The ids of all personas of the same person, the one that stands for it first. Raises NotFound."""
    root = root_of(conn, persona_id)
    rows = conn.execute(
        select(personas.c.id).where(personas.c.root == root).order_by(personas.c.created, personas.c.id)
    )
    return [root, *(row.id for row in rows if row.id != root)]


def actors_of(conn: Connection, persona_id: str) -> list[Mapping[str, Any]]:
    """All actors of this person, first seen first; empty where there is no such persona."""
    return actors_of_many(conn, [persona_id])[persona_id]


def actors_of_many(conn: Connection, persona_ids: Collection[str]) -> dict[str, list[Mapping[str, Any]]]:
    """What `actors_of` gives, by the ids that were asked for."""
    found: dict[str, list[Mapping[str, Any]]] = {one: [] for one in persona_ids}
    ids = sorted(found)
    asked, owner = personas.alias("asked"), personas.alias("owner")
    joined = asked.join(owner, owner.c.root == asked.c.root).join(
        persona_actors, persona_actors.c.persona == owner.c.id
    )
    for start in range(0, len(ids), 500):
        query = (
            select(asked.c.id, persona_actors.c.actor)
            .select_from(joined)
            .where(asked.c.id.in_(ids[start : start + 500]))
            .order_by(persona_actors.c.created, persona_actors.c.key)
        )
        for row in conn.execute(query):
            found[row.id].append(row.actor)
    return found


def join(conn: Connection, into: str, other: str, by: str, now: datetime) -> str:
    """The person `other` is the person `into` from now on; returns the id of the join, by which it can be undone.

    Raises NotFound, or Conflict where they are one person already. `by` says who did it.
    """
    _lock(conn)
    target, joined = root_of(conn, into), root_of(conn, other)
    if target == joined:
        raise Conflict("These are one person already.", rule="joined-already")
    join_id = str(uuid.uuid4())
    row = {"id": join_id, "into_persona": target, "other_persona": joined, "made_by": by, "made": now}
    conn.execute(insert(conn, persona_joins), row)
    conn.execute(update(personas).where(personas.c.id == joined).values(joined=target))
    conn.execute(update(personas).where(personas.c.root == joined).values(root=target))
    _changed(conn, [target])
    return join_id


def join_many(conn: Connection, pairs: Sequence[tuple[str, str]], by: str, now: datetime) -> list[str]:
    """As `join` for many pairs (into, other), in a handful of statements; the ids of the joins, in the same order.

    All must be persons of their own (roots), and nobody who is joined into another may be `into` in a pair; raises
    Conflict where that is not so, with nothing joined.
    """
    _lock(conn)
    others = [other for _into, other in pairs]
    ids = sorted({*others, *(into for into, _other in pairs)})
    roots: set[str] = set()
    for start in range(0, len(ids), 500):
        some = personas.c.id.in_(ids[start : start + 500])
        roots |= set(conn.scalars(select(personas.c.id).where(some, personas.c.root == personas.c.id)))
    if roots != set(ids) or len(set(others)) != len(others) or set(others) & {into for into, _other in pairs}:
        raise Conflict("These are not all persons of their own.", rule="joined-already")
    if not pairs:
        return []
    rows = [
        {"id": str(uuid.uuid4()), "into_persona": into, "other_persona": other, "made_by": by, "made": now}
        for into, other in pairs
    ]
    conn.execute(insert(conn, persona_joins), rows)
    values = [{"b_into": into, "b_other": other} for into, other in pairs]
    conn.execute(
        update(personas).where(personas.c.id == bindparam("b_other")).values(joined=bindparam("b_into")), values
    )
    conn.execute(
        update(personas).where(personas.c.root == bindparam("b_other")).values(root=bindparam("b_into")), values
    )
    _changed(conn, {into for into, _other in pairs})
    return [str(row["id"]) for row in rows]


def undo_many(conn: Connection, join_ids: Collection[str], now: datetime, by: str = "") -> int:
    """As `undo` for many joins; those that were undone before are left as they are. How many hold no longer."""
    _lock(conn)
    wanted = sorted(join_ids)
    parted: list[str] = []
    for start in range(0, len(wanted), 500):
        some = (persona_joins.c.id.in_(wanted[start : start + 500]), persona_joins.c.undone.is_(None))
        parted += conn.scalars(select(persona_joins.c.other_persona).where(*some))
        conn.execute(update(persona_joins).where(*some).values(undone=now, undone_by=by))
    _changed(conn, {*parted, *_roots(conn, parted)})
    for start in range(0, len(parted), 500):
        conn.execute(update(personas).where(personas.c.id.in_(parted[start : start + 500])).values(joined=None))
    owner = {one: one for one in parted}
    layer = list(parted)
    while layer:
        below: list[str] = []
        for start in range(0, len(layer), 500):
            query = select(personas.c.id, personas.c.joined).where(personas.c.joined.in_(layer[start : start + 500]))
            for row in conn.execute(query):
                owner[row.id] = owner[row.joined]
                below.append(row.id)
        layer = below
    if owner:
        conn.execute(
            update(personas).where(personas.c.id == bindparam("b_id")).values(root=bindparam("b_root")),
            [{"b_id": one, "b_root": root} for one, root in owner.items()],
        )
    return len(parted)


def undo(conn: Connection, join_id: str, now: datetime, by: str = "") -> None:
    """The join no longer holds; all other joins still do. Raises NotFound, or Conflict where it was undone already."""
    made = conn.execute(select(persona_joins).where(persona_joins.c.id == join_id)).first()
    if made is None:
        raise NotFound("There is no such join.", rule="join")
    _lock(conn)
    still = persona_joins.c.undone.is_(None)
    mark = update(persona_joins).where(persona_joins.c.id == join_id, still).values(undone=now, undone_by=by)
    if conn.execute(mark).rowcount != 1:
        raise Conflict("This join was undone already.", rule="undone-already")
    _changed(conn, {made.other_persona, root_of(conn, made.other_persona)})
    conn.execute(update(personas).where(personas.c.id == made.other_persona).values(joined=None))
    below = [made.other_persona]
    for one in below:
        below += conn.execute(select(personas.c.id).where(personas.c.joined == one)).scalars()
    for start in range(0, len(below), 500):
        some = personas.c.id.in_(below[start : start + 500])
        conn.execute(update(personas).where(some).values(root=made.other_persona))


def joins_of(conn: Connection, persona_id: str) -> list[Join]:
    """The history of joins in which this persona took part on either side, oldest first, undone ones included."""
    j = persona_joins
    mine = (j.c.into_persona == persona_id) | (j.c.other_persona == persona_id)
    rows: Sequence[Any] = conn.execute(select(j).where(mine).order_by(j.c.made, j.c.id)).all()
    return [
        Join(row.id, row.into_persona, row.other_persona, row.made_by, row.made, row.undone, row.undone_by)
        for row in rows
    ]


def _roots(conn: Connection, ids: Collection[str]) -> set[str]:
    wanted = sorted(ids)
    return {
        root
        for start in range(0, len(wanted), 500)
        for root in conn.scalars(select(personas.c.root).where(personas.c.id.in_(wanted[start : start + 500])))
    }


def _changed(conn: Connection, ids: Collection[str]) -> None:
    """The persons that these personas stand for have other actors than before."""
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        some = personas.c.id.in_(wanted[start : start + 500])
        conn.execute(update(personas).where(some).values(changes=personas.c.changes + 1))


def _lock(conn: Connection) -> None:
    # Joins are rare and each touches whole trees: one at a time, or two at once could leave a wrong root behind. On
    # SQLite whoever writes is alone already.
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_JOINING)))
