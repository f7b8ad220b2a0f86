"""Learners moved to another version of their programme: who, when, why."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import UTCDateTime

revision = "0016_moves"
down_revision = "0015_seminars"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "programme_moves",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("from_version", sa.String, nullable=False),
        sa.Column("to_version", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("by_key", sa.String, nullable=False),
        sa.Column("by_name", sa.String, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_programme_moves"),
    )
    op.create_index("ix_programme_moves_actor_key", "programme_moves", ["actor_key"])
    op.create_index("ix_programme_moves_programme", "programme_moves", ["programme"])


def downgrade() -> None:
    op.drop_table("programme_moves")
