"""Summaries of records, for pages over many learners."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import Position, UTCDateTime

revision = "0017_summaries"
down_revision = "0017_portfolios"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "summaries",
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("marked", sa.Integer, nullable=False),
        sa.Column("judged", sa.Integer, nullable=False),
        sa.Column("claimed_until", UTCDateTime),
        sa.Column("changes", sa.Integer, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("versions", sa.Integer, nullable=False),
        sa.Column("judge", sa.String(16), nullable=False),
        sa.Column("until", UTCDateTime),
        sa.Column("points", sa.Float, nullable=False),
        sa.Column("hours", sa.Float, nullable=False),
        sa.Column("last_at", UTCDateTime),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("person", "programme", name="pk_summaries"),
    )
    op.create_index("ix_summaries_programme", "summaries", ["programme"])
    op.create_table(
        "summary_units",
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("person", "programme", "unit", name="pk_summary_units"),
        sa.ForeignKeyConstraint(
            ["person", "programme"],
            ["summaries.person", "summaries.programme"],
            name="fk_summary_units_person_programme_summaries",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_summary_units_programme", "summary_units", ["programme", "unit", "state"])
    op.create_table(
        "summary_waits",
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("entry", sa.String(36), nullable=False),
        sa.Column("mode", sa.String, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("since", UTCDateTime),
        sa.Column("hours", sa.Float, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("person", "programme", "kind", "unit", "entry", "mode", name="pk_summary_waits"),
        sa.ForeignKeyConstraint(
            ["person", "programme"],
            ["summaries.person", "summaries.programme"],
            name="fk_summary_waits_person_programme_summaries",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_summary_waits_programme", "summary_waits", ["programme", "kind", "since"])
    op.create_table(
        "summary_cursor",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("position", Position, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_summary_cursor"),
    )


def downgrade() -> None:
    op.drop_table("summary_cursor")
    op.drop_index("ix_summary_waits_programme", "summary_waits")
    op.drop_table("summary_waits")
    op.drop_index("ix_summary_units_programme", "summary_units")
    op.drop_table("summary_units")
    op.drop_index("ix_summaries_programme", "summaries")
    op.drop_table("summaries")
