"""Line items and the outbox of grades; access tokens that all workers share."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0004_gradebook"
down_revision = "0003_ecvet"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "line_items",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("platform_id", sa.Integer, nullable=False),
        sa.Column("course_id", sa.Integer, nullable=False),
        sa.Column("link_id", sa.String, nullable=False),
        sa.Column("activity", sa.String, nullable=False),
        sa.Column("label", sa.String, nullable=False, server_default=""),
        sa.Column("maximum", sa.String, nullable=False, server_default="100"),
        sa.Column("url", sa.String),
        sa.Column("items_url", sa.String),
        sa.Column("scopes", JSONText, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_line_items"),
        sa.UniqueConstraint("course_id", "link_id", name="uq_line_items_course_id_link_id"),
    )
    op.create_index("ix_line_items_activity", "line_items", ["activity"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("line_item_id", sa.Integer, nullable=False),
        sa.Column("user_id", sa.String, nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("done_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("due_at", UTCDateTime, nullable=False),
        sa.Column("leased_until", UTCDateTime),
        sa.Column("leased_by", sa.String),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("problem", sa.String),
        sa.Column("detail", sa.String),
        sa.Column("given", sa.String),
        sa.Column("given_maximum", sa.String),
        sa.Column("given_completed", sa.Boolean),
        sa.Column("given_at", UTCDateTime),
        sa.Column("confirmed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("sent_at", UTCDateTime),
        sa.Column("changed_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("line_item_id", "user_id", name="uq_deliveries_line_item_id_user_id"),
        sa.ForeignKeyConstraint(
            ["line_item_id"], ["line_items.id"], name="fk_deliveries_line_item_id_line_items", ondelete="CASCADE"
        ),
    )
    unfinished = sa.text("version > done_version")
    op.create_index(
        "ix_deliveries_due_at", "deliveries", ["due_at"], sqlite_where=unfinished, postgresql_where=unfinished
    )
    op.create_index("ix_deliveries_actor_key", "deliveries", ["actor_key"])
    op.create_table(
        "access_tokens",
        sa.Column("platform_id", sa.Integer, nullable=False),
        sa.Column("scopes", sa.String, nullable=False),
        sa.Column("token", sa.String, nullable=False),
        sa.Column("expires_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "scopes", name="pk_access_tokens"),
    )


def downgrade() -> None:
    op.drop_table("access_tokens")
    op.drop_table("deliveries")
    op.drop_table("line_items")
