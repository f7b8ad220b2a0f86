"""Evidence that learners chose to show by a link."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0017_portfolios"
down_revision = "0016_moves"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "portfolios",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("statements", JSONText, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("expires_at", UTCDateTime, nullable=False),
        sa.Column("revoked_at", UTCDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_portfolios"),
    )
    op.create_index("ix_portfolios_actor_key", "portfolios", ["actor_key"])


def downgrade() -> None:
    op.drop_index("ix_portfolios_actor_key", "portfolios")
    op.drop_table("portfolios")
