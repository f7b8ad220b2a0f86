"""Rated observations by link; forms that do their work once."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0012_observations"
down_revision = "0011_awards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "form_tokens",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("used_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_form_tokens"),
    )
    op.create_index("ix_form_tokens_used_at", "form_tokens", ["used_at"])
    op.create_table(
        "observation_links",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("learner_name", sa.String, nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("outcomes", JSONText, nullable=False),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("email", sa.String),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("by_key", sa.String, nullable=False),
        sa.Column("by_name", sa.String, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("expires_at", UTCDateTime, nullable=False),
        sa.Column("withdrawn_at", UTCDateTime),
        sa.Column("used_at", UTCDateTime),
        sa.Column("rating", sa.String(16)),
        sa.PrimaryKeyConstraint("id", name="pk_observation_links"),
    )
    op.create_index("ix_observation_links_actor_key", "observation_links", ["actor_key"])


def downgrade() -> None:
    op.drop_index("ix_observation_links_actor_key", "observation_links")
    op.drop_table("observation_links")
    op.drop_index("ix_form_tokens_used_at", "form_tokens")
    op.drop_table("form_tokens")
