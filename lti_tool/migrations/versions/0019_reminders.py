"""Mails that say how much waits."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import UTCDateTime

revision = "0019_reminders"
down_revision = "0018_joins"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reminders",
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("sent_at", UTCDateTime),
        sa.Column("stopped_at", UTCDateTime),
        sa.PrimaryKeyConstraint("actor_key", name="pk_reminders"),
    )


def downgrade() -> None:
    op.drop_table("reminders")
