"""Memoranda of understanding and learning agreements: versions, their parties, what happened to them."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0021_agreements"
down_revision = "0020_project_work"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agreements",
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("series", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("actor_key", sa.String),
        sa.Column("learner_name", sa.String, nullable=False, server_default=""),
        sa.Column("sought_name", sa.String, nullable=False, server_default=""),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("memorandum", sa.String(36), nullable=False, server_default=""),
        sa.Column("starts", sa.String(10), nullable=False),
        sa.Column("ends", sa.String(10), nullable=False),
        sa.Column("signers", sa.Integer, nullable=False),
        sa.Column("snapshot", JSONText, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("made_at", UTCDateTime, nullable=False),
        sa.Column("by_key", sa.String, nullable=False),
        sa.Column("by_name", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_agreements"),
        sa.UniqueConstraint("series", "version", name="uq_agreements_series_version"),
    )
    op.create_index("ix_agreements_actor_key", "agreements", ["actor_key"])
    op.create_index("ix_agreements_made_at", "agreements", ["kind", "made_at"])
    op.create_table(
        "agreement_parties",
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("place", sa.String(8), nullable=False),
        sa.Column("part", sa.String(8), nullable=False),
        sa.Column("institution", sa.String),
        sa.PrimaryKeyConstraint("number", "place", name="pk_agreement_parties"),
        sa.ForeignKeyConstraint(
            ["number"], ["agreements.number"], name="fk_agreement_parties_number_agreements", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_agreement_parties_institution", "agreement_parties", ["institution"])
    op.create_table(
        "agreement_acts",
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("party", sa.String(8), nullable=False),
        sa.Column("person", sa.String, nullable=False, server_default=""),
        sa.Column("position", sa.String, nullable=False, server_default=""),
        sa.Column("day", sa.String(10), nullable=False, server_default=""),
        sa.Column("how", sa.String(8), nullable=False, server_default=""),
        sa.Column("reason", sa.String, nullable=False, server_default=""),
        sa.Column("successor", sa.String(20)),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.Column("by_key", sa.String, nullable=False),
        sa.Column("by_name", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("number", "kind", "party", name="pk_agreement_acts"),
        sa.ForeignKeyConstraint(
            ["number"], ["agreements.number"], name="fk_agreement_acts_number_agreements", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "agreement_shows",
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("shows", sa.String(16), nullable=False),
        sa.Column("chosen_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_agreement_shows"),
        sa.ForeignKeyConstraint(
            ["number"], ["agreements.number"], name="fk_agreement_shows_number_agreements", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("agreement_shows")
    op.drop_table("agreement_acts")
    op.drop_index("ix_agreement_parties_institution", "agreement_parties")
    op.drop_table("agreement_parties")
    op.drop_index("ix_agreements_made_at", "agreements")
    op.drop_index("ix_agreements_actor_key", "agreements")
    op.drop_table("agreements")
