"""The register of awards, what happened to them, and what learners let others see of them."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0011_awards"
down_revision = "0010_tenancy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "awards",
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("learner_name", sa.String, nullable=False),
        sa.Column("sought_name", sa.String, nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("unit", sa.String),
        sa.Column("institution", sa.String, nullable=False),
        sa.Column("snapshot", JSONText, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("issued_at", UTCDateTime, nullable=False),
        sa.Column("by_key", sa.String, nullable=False),
        sa.Column("by_name", sa.String, nullable=False),
        sa.Column("status_index", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_awards"),
        sa.UniqueConstraint("status_index", name="uq_awards_status_index"),
    )
    op.create_index("ix_awards_actor_key", "awards", ["actor_key"])
    op.create_index("ix_awards_issued_at", "awards", ["issued_at"])
    op.create_table(
        "award_acts",
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.Column("by_key", sa.String, nullable=False),
        sa.Column("by_name", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False, server_default=""),
        sa.Column("successor", sa.String(20)),
        sa.PrimaryKeyConstraint("number", "kind", name="pk_award_acts"),
        sa.ForeignKeyConstraint(["number"], ["awards.number"], name="fk_award_acts_number_awards"),
        sa.ForeignKeyConstraint(["successor"], ["awards.number"], name="fk_award_acts_successor_awards"),
    )
    op.create_table(
        "award_shows",
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("shows", sa.String(16), nullable=False),
        sa.Column("chosen_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_award_shows"),
        sa.ForeignKeyConstraint(["number"], ["awards.number"], name="fk_award_shows_number_awards"),
    )


def downgrade() -> None:
    op.drop_table("award_shows")
    op.drop_table("award_acts")
    op.drop_index("ix_awards_issued_at", "awards")
    op.drop_index("ix_awards_actor_key", "awards")
    op.drop_table("awards")
