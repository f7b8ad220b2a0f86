"""Programmes in all versions; the acts of people on units."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0003_ecvet"
down_revision = "0002_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "programmes",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("texts", JSONText, nullable=False),
        sa.Column("imported_at", UTCDateTime, nullable=False),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name="pk_programmes"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("outcomes", JSONText),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("result", sa.String),
        sa.Column("reason", sa.String, nullable=False, server_default=""),
        sa.Column("by_key", sa.String, nullable=False),
        sa.Column("by_name", sa.String, nullable=False),
        sa.Column("institution", sa.String),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.Column("supersedes", sa.String(36)),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_actor_key", "decisions", ["actor_key"])
    op.create_index("ix_decisions_programme", "decisions", ["programme", "unit"])


def downgrade() -> None:
    op.drop_table("decisions")
    op.drop_table("programmes")
