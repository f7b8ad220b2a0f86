"""Names and roles: when a course's list is asked for, what came of it; when a member last launched."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import UTCDateTime

revision = "0007_roster"
down_revision = "0006_admin"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "roster_syncs",
        sa.Column("course_id", sa.Integer, nullable=False),
        sa.Column("due_at", UTCDateTime, nullable=False),
        sa.Column("leased_until", UTCDateTime),
        sa.Column("leased_by", sa.String),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("synced_at", UTCDateTime),
        sa.Column("whole_at", UTCDateTime),
        sa.Column("told", sa.Integer, nullable=False, server_default="0"),
        sa.Column("differences_url", sa.String),
        sa.Column("problem", sa.String),
        sa.Column("detail", sa.String),
        sa.PrimaryKeyConstraint("course_id", name="pk_roster_syncs"),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name="fk_roster_syncs_course_id_courses", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_roster_syncs_due_at", "roster_syncs", ["due_at"])
    op.add_column("members", sa.Column("launched_at", UTCDateTime))
    # Until now nobody was a member but by a launch; and every course whose list may be read is due.
    op.execute("UPDATE members SET launched_at = seen_at")
    op.execute(
        "INSERT INTO roster_syncs (course_id, due_at) SELECT id, created_at FROM courses WHERE roster_url IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("members", "launched_at")
    op.drop_index("ix_roster_syncs_due_at", "roster_syncs")
    op.drop_table("roster_syncs")
