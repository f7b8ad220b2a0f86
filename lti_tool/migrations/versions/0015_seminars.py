"""Seminars, and who was there."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0015_seminars"
down_revision = "0014_prior_learning"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seminars",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("hours", sa.Float, nullable=False),
        sa.Column("institution", sa.String),
        sa.Column("trainer", JSONText, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("open_until", UTCDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_seminars"),
    )
    op.create_index("ix_seminars_programme_day", "seminars", ["programme", "day"])
    op.create_table(
        "attendances",
        sa.Column("seminar", sa.String(36), nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("statement", sa.String(36), nullable=False),
        sa.Column("how", sa.String(8), nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("seminar", "actor_key", name="pk_attendances"),
        sa.ForeignKeyConstraint(
            ["seminar"], ["seminars.id"], name="fk_attendances_seminar_seminars", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("attendances")
    op.drop_index("ix_seminars_programme_day", "seminars")
    op.drop_table("seminars")
