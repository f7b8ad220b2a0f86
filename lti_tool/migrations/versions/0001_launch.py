"""Platforms with their deployments and keys, invitations, logins, launches."""

import sqlalchemy as sa
from alembic import op

from lti_tool.db import JSONText, UTCDateTime

revision = "0001_launch"
down_revision = None
branch_labels = ("lti_tool",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "platforms",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("issuer", sa.String(1024), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("auth_url", sa.Text, nullable=False),
        sa.Column("token_url", sa.Text, nullable=False),
        sa.Column("jwks_url", sa.Text, nullable=False),
        sa.Column("audience", sa.Text),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("any_deployment", sa.Boolean, nullable=False),
        sa.Column("product", sa.String(64), nullable=False, server_default=""),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("configuration", JSONText),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("changed_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platforms")),
        sa.UniqueConstraint("issuer", "client_id", name=op.f("uq_platforms_issuer_client_id")),
    )
    op.create_table(
        "deployments",
        sa.Column("platform_id", sa.Integer, nullable=False),
        sa.Column("deployment_id", sa.String(255), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "deployment_id", name=op.f("pk_deployments")),
        sa.ForeignKeyConstraint(
            ["platform_id"],
            ["platforms.id"],
            name=op.f("fk_deployments_platform_id_platforms"),
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "platform_keys",
        sa.Column("jwks_url", sa.String(2048), nullable=False),
        sa.Column("keys", JSONText, nullable=False),
        sa.Column("fetched_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("jwks_url", name=op.f("pk_platform_keys")),
    )
    op.create_table(
        "platform_invitations",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("expires_at", UTCDateTime, nullable=False),
        sa.Column("used_at", UTCDateTime),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_platform_invitations")),
    )
    op.create_table(
        "logins",
        sa.Column("state_hash", sa.String(64), nullable=False),
        sa.Column("platform_id", sa.Integer, nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("binding_hash", sa.String(64), nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("storage_target", sa.String(255)),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("expires_at", UTCDateTime, nullable=False),
        sa.Column("burnt_at", UTCDateTime),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_logins")),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platforms.id"], name=op.f("fk_logins_platform_id_platforms"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_logins_expires_at", "logins", ["expires_at"])
    op.create_table(
        "launches",
        sa.Column("sid", sa.String(32), nullable=False),
        sa.Column("platform_id", sa.Integer, nullable=False),
        sa.Column("deployment_id", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("message", sa.String(16), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("context_id", sa.String(255)),
        sa.Column("link_id", sa.String(255)),
        sa.Column("locale", sa.String(35), nullable=False, server_default=""),
        sa.Column("claims", JSONText, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_launches")),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platforms.id"], name=op.f("fk_launches_platform_id_platforms"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_launches_created_at", "launches", ["created_at"])
    op.create_index("ix_launches_platform_id", "launches", ["platform_id", "created_at"])


def downgrade() -> None:
    for table in ("launches", "logins", "platform_invitations", "platform_keys", "deployments", "platforms"):
        op.drop_table(table)
