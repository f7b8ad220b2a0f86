"""Merged platforms and their journal, acts of administrators, keys of LTI 1.1, mails that wait, names not learned,
what a copied course takes over."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0010_tenancy"
down_revision = "0009_gradebook_pace"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "admin_acts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("detail", JSONText, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_admin_acts"),
    )
    op.create_table(
        "journal_entries",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("book", sa.String(64), nullable=False),
        sa.Column("table_name", sa.String(64), nullable=False),
        sa.Column("row_key", JSONText, nullable=False),
        sa.Column("before", JSONText),
        sa.Column("after", JSONText, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal_entries"),
    )
    op.create_index("ix_journal_entries_book", "journal_entries", ["book", "id"])
    op.create_table(
        "platform_merges",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("old_id", sa.Integer, nullable=False),
        sa.Column("new_id", sa.Integer, nullable=False),
        sa.Column("made_at", UTCDateTime, nullable=False),
        sa.Column("made_by", sa.String(255), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("counts", JSONText, nullable=False),
        sa.Column("joins", JSONText, nullable=False),
        sa.Column("undone_at", UTCDateTime),
        sa.Column("undone_by", sa.String(255)),
        sa.PrimaryKeyConstraint("id", name="pk_platform_merges"),
    )
    op.create_table(
        "legacy_keys",
        sa.Column("consumer_key", sa.String(255), nullable=False),
        sa.Column("sealed_secret", sa.Text, nullable=False),
        sa.Column("home_page", sa.String(1024), nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("used_at", UTCDateTime),
        sa.PrimaryKeyConstraint("consumer_key", name="pk_legacy_keys"),
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("asked_at", UTCDateTime, nullable=False),
        sa.Column("due_at", UTCDateTime, nullable=False),
        sa.Column("leased_until", UTCDateTime),
        sa.Column("leased_by", sa.String),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("detail", sa.String),
        sa.Column("failed_at", UTCDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
    )
    op.create_index("ix_mails_due_at", "mails", ["due_at"])
    op.add_column("platforms", sa.Column("anonymous", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("platform_invitations", sa.Column("anonymous", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("courses", sa.Column("same_as", sa.Integer))
    op.add_column("links", sa.Column("course_id", sa.Integer))
    op.add_column("links", sa.Column("title", sa.String, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("links", "title")
    op.drop_column("links", "course_id")
    op.drop_column("courses", "same_as")
    op.drop_column("platform_invitations", "anonymous")
    op.drop_column("platforms", "anonymous")
    op.drop_index("ix_mails_due_at", "mails")
    op.drop_table("mails")
    op.drop_table("legacy_keys")
    op.drop_table("platform_merges")
    op.drop_index("ix_journal_entries_book", "journal_entries")
    op.drop_table("journal_entries")
    op.drop_table("admin_acts")
