"""The tables of the store.

The document is kept whole; columns are derived from it once, when it is written.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)


class UTCDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out. A naive one raises ValueError.

    DateTime(timezone=True) alone drops the offset on SQLite without converting.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None or value.utcoffset() is None:
            raise ValueError(f"a datetime without a time zone: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JSONText(TypeDecorator[Any]):
    """Any JSON value, kept as text that nothing queries inside of.

    None is the JSON null in, and SQL NULL in the table.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


# On SQLite only INTEGER, not BIGINT, is the row id itself and needs no index of its own.
Position = BigInteger().with_variant(Integer, "sqlite")

# One row. Whoever stores statements locks it until the commit, so that positions and `stored` are given in
# the order of the commits and no reader that follows them ever skips a row (serial ids on PostgreSQL become
# visible out of order).
head = Table(
    "xapi_head",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=False),
    Column("position", Position, nullable=False),
    Column("stored", UTCDateTime, nullable=False),
)

statements = Table(
    "xapi_statement",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False, unique=True),
    Column("stored", UTCDateTime, nullable=False),
    Column("timestamp", UTCDateTime, nullable=False),
    Column("verb", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("registration", String(36)),
    Column("authority", Text, nullable=False),
    Column("version", String(16), nullable=False),
    # Set by the statement that voids this one, or at once where that one came first.
    Column("voided", Boolean, nullable=False, server_default=false()),
    # The id that this one voids, and whether it may void what another authority wrote.
    Column("voids", String(36)),
    Column("voids_any", Boolean, nullable=False, server_default=false()),
    # The id of the StatementRef that is its object; a voiding statement has one too.
    Column("refers", String(36)),
    Column("document", Text, nullable=False),
    Index(None, "stored"),
    Index(None, "actor", "position"),
    Index(None, "verb", "position"),
)
for _column in ("registration", "voids", "refers"):
    Index(
        None,
        statements.c[_column],
        *([statements.c.position] if _column == "registration" else []),
        sqlite_where=statements.c[_column].is_not(None),
        postgresql_where=statements.c[_column].is_not(None),
    )

# Who and what a statement is about. `direct`: it is the actor or the object (or a member of a group that is);
# otherwise it is met by related_agents or related_activities only.
statement_agents = Table(
    "xapi_statement_agent",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("position", Position, ForeignKey(statements.c.position, ondelete="CASCADE"), primary_key=True),
    Column("direct", Boolean, nullable=False),
    Index(None, "position"),
    sqlite_with_rowid=False,
)
statement_activities = Table(
    "xapi_statement_activity",
    metadata,
    Column("activity", Text, primary_key=True),
    Column("position", Position, ForeignKey(statements.c.position, ondelete="CASCADE"), primary_key=True),
    Column("direct", Boolean, nullable=False),
    Index(None, "position"),
    sqlite_with_rowid=False,
)

# The definition of an activity as all statements together tell it.
activities = Table(
    "xapi_activity",
    metadata,
    Column("key", Text, primary_key=True),
    Column("iri", Text, nullable=False),
    Column("definition", JSONText, nullable=False),
    Column("updated", UTCDateTime, nullable=False),
)

attachments = Table(
    "xapi_attachment",
    metadata,
    Column("sha2", String(128), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("stored", UTCDateTime, nullable=False),
)
statement_attachments = Table(
    "xapi_statement_attachment",
    metadata,
    Column("position", Position, ForeignKey(statements.c.position, ondelete="CASCADE"), primary_key=True),
    Column("sha2", String(128), ForeignKey(attachments.c.sha2), primary_key=True),
    Column("content_type", Text, nullable=False),
    Index(None, "sha2"),
)

# State, activity profile and agent profile; what a kind does not have is the empty text, for NULLs are never
# unique.
documents = Table(
    "xapi_document",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("activity", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("registration", String(36), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("etag", String(40), nullable=False),
    Column("updated", UTCDateTime, nullable=False),
)

# A persona is one person; `joined` points to the persona it was joined into, `root` to the end of that chain
# (itself where it was joined into none). An actor stays with the persona it was first seen as, so every join
# can be undone. `changes` rises whenever the actors of the person that it stands for become others, by a join or its
# undoing: who keeps something about a person sees by it that it is about another set of actors now.
personas = Table(
    "xapi_persona",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("root", String(36), nullable=False, index=True),
    Column("joined", String(36), ForeignKey("xapi_persona.id"), index=True),
    Column("created", UTCDateTime, nullable=False),
    Column("changes", Integer, nullable=False, server_default="0"),
)
persona_actors = Table(
    "xapi_persona_actor",
    metadata,
    Column("key", Text, primary_key=True),
    Column("persona", String(36), ForeignKey(personas.c.id), nullable=False, index=True),
    Column("actor", JSONText, nullable=False),
    Column("created", UTCDateTime, nullable=False),
)
persona_joins = Table(
    "xapi_persona_join",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("into_persona", String(36), ForeignKey(personas.c.id), nullable=False, index=True),
    Column("other_persona", String(36), ForeignKey(personas.c.id), nullable=False, index=True),
    Column("made_by", Text, nullable=False),
    Column("made", UTCDateTime, nullable=False),
    Column("undone", UTCDateTime),
    Column("undone_by", Text),
)

__all__ = [
    "NAMING",
    "JSONText",
    "UTCDateTime",
    "activities",
    "attachments",
    "documents",
    "head",
    "metadata",
    "persona_actors",
    "persona_joins",
    "personas",
    "statement_activities",
    "statement_agents",
    "statement_attachments",
    "statements",
]
