"""The log of service calls and refused launches."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import UTCDateTime

revision = "0008_log"
down_revision = "0007_roster"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_calls",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.Column("platform_id", sa.Integer),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("what", sa.String(300), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.Column("course_id", sa.Integer),
        sa.Column("user_id", sa.String(255)),
        sa.PrimaryKeyConstraint("id", name="pk_service_calls"),
    )
    op.create_index("ix_service_calls_at", "service_calls", ["at"])
    op.create_index("ix_service_calls_platform_id", "service_calls", ["platform_id", "at"])


def downgrade() -> None:
    op.drop_index("ix_service_calls_platform_id", "service_calls")
    op.drop_index("ix_service_calls_at", "service_calls")
    op.drop_table("service_calls")
