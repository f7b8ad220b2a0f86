"""Clients of the record store; what teachers have chosen for which course."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0006_admin"
down_revision = "0005_play"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lrs_credentials",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("scopes", JSONText, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("used_at", UTCDateTime),
        sa.Column("revoked_at", UTCDateTime),
        sa.PrimaryKeyConstraint("key", name="pk_lrs_credentials"),
    )
    op.create_table(
        "chosen",
        sa.Column("course_id", sa.Integer, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("chosen_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "content", "programme", name="pk_chosen"),
    )


def downgrade() -> None:
    op.drop_table("chosen")
    op.drop_table("lrs_credentials")
