"""Codes by which learners join accounts, and the joins that came of them."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import UTCDateTime

revision = "0018_joins"
down_revision = "0017_summaries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "join_codes",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("shown_at", UTCDateTime, nullable=False),
        sa.Column("asked_by", sa.String),
        sa.Column("asked_at", UTCDateTime),
        sa.Column("answered_at", UTCDateTime),
        sa.PrimaryKeyConstraint("digest", name="pk_join_codes"),
    )
    op.create_index("ix_join_codes_actor_key", "join_codes", ["actor_key"])
    op.create_index("ix_join_codes_asked_by", "join_codes", ["asked_by"])
    op.create_table(
        "join_tries",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_join_tries"),
    )
    op.create_index("ix_join_tries_actor_key", "join_tries", ["actor_key", "at"])
    op.create_table(
        "person_joins",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("other_key", sa.String, nullable=False),
        sa.Column("by_key", sa.String, nullable=False),
        sa.Column("by_name", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person_joins"),
    )
    op.create_index("ix_person_joins_actor_key", "person_joins", ["actor_key"])
    op.create_index("ix_person_joins_other_key", "person_joins", ["other_key"])


def downgrade() -> None:
    for table, names in (
        ("person_joins", ("other_key", "actor_key")),
        ("join_tries", ("actor_key",)),
        ("join_codes", ("asked_by", "actor_key")),
    ):
        for name in names:
            op.drop_index(f"ix_{table}_{name}", table)
        op.drop_table(table)
