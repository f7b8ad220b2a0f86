"""How fast platforms may be called; columns that one worker at a time looks for; units with a column."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import UTCDateTime

revision = "0009_gradebook_pace"
down_revision = "0008_log"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "platform_pace",
        sa.Column("platform_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("pause_until", UTCDateTime),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("problem", sa.String),
        sa.Column("detail", sa.String),
        sa.Column("changed_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("platform_id", name="pk_platform_pace"),
    )
    op.create_table(
        "platform_slots",
        sa.Column("platform_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("leased_by", sa.String, nullable=False),
        sa.Column("leased_until", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "slot", name="pk_platform_slots"),
    )
    op.add_column("line_items", sa.Column("programme", sa.String))
    op.add_column("line_items", sa.Column("resource_id", sa.String, nullable=False, server_default=""))
    op.add_column("line_items", sa.Column("known_at", UTCDateTime))
    op.add_column("line_items", sa.Column("told_label", sa.String))
    op.add_column("line_items", sa.Column("told_maximum", sa.String))
    op.add_column("line_items", sa.Column("leased_until", UTCDateTime))
    op.add_column("line_items", sa.Column("leased_by", sa.String))
    # Until now a row was made only where the platform named a column, and the column was made with this maximum.
    op.execute("UPDATE line_items SET known_at = created_at, told_maximum = maximum")
    op.add_column("deliveries", sa.Column("tried_at", UTCDateTime))
    op.execute("UPDATE deliveries SET tried_at = sent_at")


def downgrade() -> None:
    op.drop_column("deliveries", "tried_at")
    for column in ("leased_by", "leased_until", "told_maximum", "told_label", "known_at", "resource_id", "programme"):
        op.drop_column("line_items", column)
    op.drop_table("platform_slots")
    op.drop_table("platform_pace")
