"""Project work: what learners hand in, version by version, and what assessors say to it."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0020_project_work"
down_revision = "0019_reminders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "project_works",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("waits_since", UTCDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_project_works"),
    )
    op.create_index("ix_project_works_actor_key", "project_works", ["actor_key"])
    op.create_index("ix_project_works_waits_since", "project_works", ["waits_since"])
    op.create_table(
        "project_versions",
        sa.Column("work", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("links", JSONText, nullable=False),
        sa.Column("files", JSONText, nullable=False),
        sa.Column("hours", sa.Float, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("work", "number", name="pk_project_versions"),
        sa.ForeignKeyConstraint(
            ["work"], ["project_works.id"], name="fk_project_versions_work_project_works", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "project_acts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("work", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("programme_version", sa.String, nullable=False),
        sa.Column("levels", JSONText, nullable=False),
        sa.Column("comments", JSONText, nullable=False),
        sa.Column("scaled", sa.Float),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("statements", JSONText, nullable=False),
        sa.Column("by_key", sa.String, nullable=False),
        sa.Column("by_name", sa.String, nullable=False),
        sa.Column("institution", sa.String),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_project_acts"),
        sa.UniqueConstraint("work", "number", name="uq_project_acts_work_number"),
        sa.ForeignKeyConstraint(
            ["work"], ["project_works.id"], name="fk_project_acts_work_project_works", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("project_acts")
    op.drop_table("project_versions")
    op.drop_index("ix_project_works_waits_since", "project_works")
    op.drop_index("ix_project_works_actor_key", "project_works")
    op.drop_table("project_works")
