"""A person asks to be forgotten: what is said of them goes, or is said of nobody that can be named.

A Learning Record Store does not change statements (xAPI 1.0.3, data part, 2.3.1), and voiding leaves them where they
are. The right to erasure stands above that: this is the one place that removes or rewrites what was stored. Ids stay,
so that statements which refer to others still do. Copies that were sent elsewhere are not reached from here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection, delete, exists, select, update

from xapi.actors import IDENTIFIERS, actor_key, storage_key
from xapi.derive import derive
from xapi.tables import (
    activities,
    attachments,
    documents,
    persona_actors,
    statement_activities,
    statement_agents,
    statement_attachments,
    statements,
)

_SOME: Final = 400
_LEAST: Final = 3
"""Letters of a word that is taken out: shorter ones are in too many others' texts."""
_NO_WORDS: Final = frozenset(
    {"id", "verb", "objectType", "timestamp", "stored", "version", "registration", "type", "authority"}
)
"""Members of a statement that hold no words of people."""
GONE: Final = "…"
"""What stands where a name stood."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How many statements were removed, how many were rewritten, and how many documents (State, profiles) are gone."""

    removed: int
    rewritten: int
    documents: int


def count(conn: Connection, keys: Collection[str], *, keep: bool) -> Erased:
    """What `erase` would do."""
    wanted = sorted(storage_key(key) for key in keys)
    own = set(conn.scalars(select(statements.c.position).where(statements.c.actor.in_(wanted))))
    named = _naming(conn, wanted)
    held = conn.execute(select(documents.c.key).where(documents.c.agent.in_(wanted))).all()
    return Erased(0, len(own | named), len(held)) if keep else Erased(len(own), len(named - own), len(held))


def erase(
    conn: Connection, keys: Collection[str], stand_in: Mapping[str, Any], *, keep: bool, words: Collection[str] = ()
) -> Erased:
    """Nothing in the store names the actors with these keys any more.

    Their own statements are removed, or (`keep`) say of `stand_in`, an Agent that nobody knows, what they said of them;
    `words` (names, addresses) are taken out of their texts then, and what was attached to them is gone. In statements
    of others that name them they are `stand_in` as well. Their documents are gone, and the personas know them no more.
    """
    wanted = sorted(storage_key(key) for key in keys)
    own = set(conn.scalars(select(statements.c.position).where(statements.c.actor.in_(wanted))))
    gone = set() if keep else own
    theirs = _activities(conn, sorted(own))
    for some in _parts(sorted(own)):
        if keep:
            conn.execute(delete(statement_attachments).where(statement_attachments.c.position.in_(some)))
        else:
            conn.execute(delete(statements).where(statements.c.position.in_(some)))
    conn.execute(delete(attachments).where(~exists().where(statement_attachments.c.sha2 == attachments.c.sha2)))
    _forget_activities(conn, theirs, keep=keep, words=words)
    named = sorted(_naming(conn, wanted))
    for some in _parts(named):
        rows = conn.execute(
            select(statements.c.position, statements.c.document).where(statements.c.position.in_(some))
        ).all()
        for row in rows:
            document = orjson.loads(row.document)
            if row.position in own:
                document = _without_words(document, words)
            _rewrite(conn, row.position, _without(document, frozenset(keys), stand_in))
    held = conn.execute(delete(documents).where(documents.c.agent.in_(wanted))).rowcount
    conn.execute(delete(persona_actors).where(persona_actors.c.key.in_(wanted)))
    return Erased(len(gone), len(named), held)


def without_words(text: str, words: Collection[str]) -> str:
    """The text with these words, however cased, replaced by "…"; parts of longer words are left alone."""
    some = sorted((re.escape(word) for word in words if len(word) >= _LEAST), key=len, reverse=True)
    return re.sub(rf"(?<!\w)(?:{'|'.join(some)})(?!\w)", GONE, text, flags=re.IGNORECASE) if some else text


def _activities(conn: Connection, own: list[int]) -> list[str]:
    """Keys of activities that these statements name, and no others."""
    a, other = statement_activities, statement_activities.alias()
    found: set[str] = set()
    for some in _parts(own):
        found |= set(conn.scalars(select(a.c.activity).where(a.c.position.in_(some)).distinct()))
    mine, alone = frozenset(own), []
    for key in sorted(found):
        if set(conn.scalars(select(other.c.position).where(other.c.activity == key).limit(len(own) + 1))) <= mine:
            alone.append(key)
    return alone


def _forget_activities(conn: Connection, keys: list[str], *, keep: bool, words: Collection[str]) -> None:
    """What the store knows of these activities, which nobody else named, goes with them, or loses the words."""
    for key in keys:
        mine = activities.c.key == key
        if not keep:
            conn.execute(delete(activities).where(mine))
            continue
        told = conn.scalar(select(activities.c.definition).where(mine))
        if told is not None and (left := _without_words(told, words)) != told:
            conn.execute(update(activities).where(mine).values(definition=left))


def _naming(conn: Connection, wanted: list[str]) -> set[int]:
    return set(conn.scalars(select(statement_agents.c.position).where(statement_agents.c.agent.in_(wanted))))


def _rewrite(conn: Connection, position: int, document: dict[str, Any]) -> None:
    derived = derive(document)
    conn.execute(
        update(statements)
        .where(statements.c.position == position)
        .values(
            actor=derived.actor,
            object=derived.object,
            authority=derived.authority,
            document=orjson.dumps(document).decode(),
        )
    )
    conn.execute(delete(statement_agents).where(statement_agents.c.position == position))
    conn.execute(
        statement_agents.insert(),
        [{"agent": agent, "position": position, "direct": direct} for agent, direct in derived.agents.items()],
    )


def _without(value: Any, keys: frozenset[str], stand_in: Mapping[str, Any]) -> Any:
    """The value with every actor of these keys replaced, names and all."""
    if isinstance(value, list):
        return [_without(one, keys, stand_in) for one in value]
    if not isinstance(value, dict):
        return value
    if _actor(value) and actor_key(value) in keys:
        return {"objectType": value.get("objectType", "Agent"), "account": dict(stand_in["account"])}
    return {name: _without(one, keys, stand_in) for name, one in value.items()}


def _without_words(value: Any, words: Collection[str]) -> Any:
    """The value with these words taken out of its texts; ids, and other actors' names, stay."""
    if isinstance(value, str):
        return without_words(value, words)
    if isinstance(value, list):
        return [_without_words(one, words) for one in value]
    if not isinstance(value, dict) or _actor(value):
        return value
    return {name: one if name in _NO_WORDS else _without_words(one, words) for name, one in value.items()}


def _actor(value: Mapping[str, Any]) -> bool:
    account = value.get("account")
    if isinstance(account, Mapping):
        return isinstance(account.get("homePage"), str) and isinstance(account.get("name"), str)
    return any(isinstance(value.get(name), str) for name in IDENTIFIERS)


def _parts(numbers: list[int]) -> list[list[int]]:
    return [numbers[start : start + _SOME] for start in range(0, len(numbers), _SOME)]
