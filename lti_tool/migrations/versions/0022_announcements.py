"""Announcements to the learners of a programme."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import UTCDateTime

revision = "0022_announcements"
down_revision = "0021_agreements"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("institution", sa.String),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("by_key", sa.String, nullable=False),
        sa.Column("made_at", UTCDateTime, nullable=False),
        sa.Column("until", UTCDateTime, nullable=False),
        sa.Column("taken_back_at", UTCDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_announcements"),
    )
    op.create_index("ix_announcements_programme", "announcements", ["programme", "until"])


def downgrade() -> None:
    op.drop_index("ix_announcements_programme", "announcements")
    op.drop_table("announcements")
