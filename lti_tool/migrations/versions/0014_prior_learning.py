"""Files that learners hand in; claims of prior learning and the acts on them."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0014_prior_learning"
down_revision = "0013_groups"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(128), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("uploaded_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
    )
    op.create_index("ix_files_actor_key", "files", ["actor_key"])
    op.create_table(
        "prior_claims",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("issued_on", sa.String(10), nullable=False),
        sa.Column("hours", sa.Float, nullable=False),
        sa.Column("modules", JSONText, nullable=False),
        sa.Column("outcomes", JSONText, nullable=False),
        sa.Column("note", sa.String, nullable=False, server_default=""),
        sa.Column("file", sa.String(36), nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("taken_back_at", UTCDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_prior_claims"),
    )
    op.create_index("ix_prior_claims_actor_key", "prior_claims", ["actor_key"])
    op.create_index("ix_prior_claims_programme", "prior_claims", ["programme"])
    op.create_table(
        "prior_acts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("claim", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("modules", JSONText, nullable=False),
        sa.Column("outcomes", JSONText, nullable=False),
        sa.Column("statements", JSONText, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("by_key", sa.String, nullable=False),
        sa.Column("by_name", sa.String, nullable=False),
        sa.Column("institution", sa.String),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_prior_acts"),
        sa.UniqueConstraint("claim", "number", name="uq_prior_acts_claim_number"),
    )


def downgrade() -> None:
    op.drop_table("prior_acts")
    op.drop_index("ix_prior_claims_programme", "prior_claims")
    op.drop_index("ix_prior_claims_actor_key", "prior_claims")
    op.drop_table("prior_claims")
    op.drop_index("ix_files_actor_key", "files")
    op.drop_table("files")
