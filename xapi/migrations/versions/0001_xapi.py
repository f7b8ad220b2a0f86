"""The record store: statements and what is derived from them, documents, attachments, personas.

Revision ID: 0001_xapi
"""

import sqlalchemy as sa
from alembic import op

revision = "0001_xapi"
down_revision = None
branch_labels = ("xapi",)
depends_on = None

position = sa.BigInteger().with_variant(sa.Integer, "sqlite")
moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "xapi_head",
        sa.Column("id", position, autoincrement=False, nullable=False),
        sa.Column("position", position, nullable=False),
        sa.Column("stored", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_xapi_head"),
    )
    _create_statements()
    for what, target in (("agent", "agent"), ("activity", "activity")):
        op.create_table(
            f"xapi_statement_{what}",
            sa.Column(target, sa.Text, nullable=False),
            sa.Column("position", position, autoincrement=False, nullable=False),
            sa.Column("direct", sa.Boolean, nullable=False),
            sa.PrimaryKeyConstraint(target, "position", name=f"pk_xapi_statement_{what}"),
            sa.ForeignKeyConstraint(
                ["position"],
                ["xapi_statement.position"],
                name=f"fk_xapi_statement_{what}_position_xapi_statement",
                ondelete="CASCADE",
            ),
            sqlite_with_rowid=False,
        )
        op.create_index(f"ix_xapi_statement_{what}_position", f"xapi_statement_{what}", ["position"])
    op.create_table(
        "xapi_activity",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("iri", sa.Text, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("updated", moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_xapi_activity"),
    )
    _create_attachments()
    op.create_table(
        "xapi_document",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("activity", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("registration", sa.String(36), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("etag", sa.String(40), nullable=False),
        sa.Column("updated", moment, nullable=False),
        sa.PrimaryKeyConstraint("kind", "activity", "agent", "registration", "key", name="pk_xapi_document"),
    )
    _create_personas()


def _create_statements() -> None:
    op.create_table(
        "xapi_statement",
        sa.Column("position", position, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("stored", moment, nullable=False),
        sa.Column("timestamp", moment, nullable=False),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("registration", sa.String(36)),
        sa.Column("authority", sa.Text, nullable=False),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("voided", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("voids", sa.String(36)),
        sa.Column("voids_any", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("refers", sa.String(36)),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_xapi_statement"),
        sa.UniqueConstraint("id", name="uq_xapi_statement_id"),
    )
    op.create_index("ix_xapi_statement_stored", "xapi_statement", ["stored"])
    op.create_index("ix_xapi_statement_actor_position", "xapi_statement", ["actor", "position"])
    op.create_index("ix_xapi_statement_verb_position", "xapi_statement", ["verb", "position"])
    for columns in (["registration", "position"], ["voids"], ["refers"]):
        there = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(
            f"ix_xapi_statement_{'_'.join(columns)}",
            "xapi_statement",
            columns,
            sqlite_where=there,
            postgresql_where=there,
        )


def _create_attachments() -> None:
    op.create_table(
        "xapi_attachment",
        sa.Column("sha2", sa.String(128), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("stored", moment, nullable=False),
        sa.PrimaryKeyConstraint("sha2", name="pk_xapi_attachment"),
    )
    op.create_table(
        "xapi_statement_attachment",
        sa.Column("position", position, autoincrement=False, nullable=False),
        sa.Column("sha2", sa.String(128), nullable=False),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("position", "sha2", name="pk_xapi_statement_attachment"),
        sa.ForeignKeyConstraint(
            ["position"],
            ["xapi_statement.position"],
            name="fk_xapi_statement_attachment_position_xapi_statement",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sha2"], ["xapi_attachment.sha2"], name="fk_xapi_statement_attachment_sha2_xapi_attachment"
        ),
    )
    op.create_index("ix_xapi_statement_attachment_sha2", "xapi_statement_attachment", ["sha2"])


def _create_personas() -> None:
    op.create_table(
        "xapi_persona",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("root", sa.String(36), nullable=False),
        sa.Column("joined", sa.String(36)),
        sa.Column("created", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_xapi_persona"),
        sa.ForeignKeyConstraint(["joined"], ["xapi_persona.id"], name="fk_xapi_persona_joined_xapi_persona"),
    )
    op.create_index("ix_xapi_persona_root", "xapi_persona", ["root"])
    op.create_index("ix_xapi_persona_joined", "xapi_persona", ["joined"])
    op.create_table(
        "xapi_persona_actor",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("persona", sa.String(36), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("created", moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_xapi_persona_actor"),
        sa.ForeignKeyConstraint(["persona"], ["xapi_persona.id"], name="fk_xapi_persona_actor_persona_xapi_persona"),
    )
    op.create_index("ix_xapi_persona_actor_persona", "xapi_persona_actor", ["persona"])
    op.create_table(
        "xapi_persona_join",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("into_persona", sa.String(36), nullable=False),
        sa.Column("other_persona", sa.String(36), nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made", moment, nullable=False),
        sa.Column("undone", moment),
        sa.Column("undone_by", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_xapi_persona_join"),
        *(
            sa.ForeignKeyConstraint([column], ["xapi_persona.id"], name=f"fk_xapi_persona_join_{column}_xapi_persona")
            for column in ("into_persona", "other_persona")
        ),
    )
    for column in ("into_persona", "other_persona"):
        op.create_index(f"ix_xapi_persona_join_{column}", "xapi_persona_join", [column])


def downgrade() -> None:
    for table in (
        "xapi_persona_join",
        "xapi_persona_actor",
        "xapi_persona",
        "xapi_document",
        "xapi_statement_attachment",
        "xapi_attachment",
        "xapi_activity",
        "xapi_statement_activity",
        "xapi_statement_agent",
        "xapi_statement",
        "xapi_head",
    ):
        op.drop_table(table)
