"""Accounts, courses, members, enrolments, grants, invitations."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0002_people"
down_revision = "0001_launch"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("actor", JSONText, nullable=False),
        sa.Column("name", sa.String),
        sa.Column("email", sa.String),
        sa.Column("locale", sa.String),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("seen_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("actor_key", name="pk_accounts"),
    )
    op.create_table(
        "courses",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("platform_id", sa.Integer, nullable=False),
        sa.Column("context_id", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False, server_default=""),
        sa.Column("label", sa.String, nullable=False, server_default=""),
        sa.Column("history", JSONText),
        sa.Column("roster_url", sa.String),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_courses"),
        sa.UniqueConstraint("platform_id", "context_id", name="uq_courses_platform_id_context_id"),
    )
    op.create_table(
        "members",
        sa.Column("course_id", sa.Integer, nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("user_id", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("joined_at", UTCDateTime, nullable=False),
        sa.Column("seen_at", UTCDateTime, nullable=False),
        sa.Column("left_at", UTCDateTime),
        sa.PrimaryKeyConstraint("course_id", "actor_key", name="pk_members"),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name="fk_members_course_id_courses", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["actor_key"], ["accounts.actor_key"], name="fk_members_actor_key_accounts", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_members_actor_key", "members", ["actor_key"])
    op.create_table(
        "links",
        sa.Column("platform_id", sa.Integer, nullable=False),
        sa.Column("link_id", sa.String, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.Column("programme", sa.String, nullable=False, server_default=""),
        sa.Column("chosen_by", sa.String, nullable=False),
        sa.Column("chosen_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "link_id", name="pk_links"),
    )
    op.create_table(
        "enrolments",
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("institution", sa.String),
        sa.Column("since", UTCDateTime, nullable=False),
        sa.Column("left_at", UTCDateTime),
        sa.PrimaryKeyConstraint("actor_key", "programme", name="pk_enrolments"),
        sa.ForeignKeyConstraint(
            ["actor_key"], ["accounts.actor_key"], name="fk_enrolments_actor_key_accounts", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_enrolments_programme", "enrolments", ["programme"])
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("institution", sa.String),
        sa.Column("programme", sa.String),
        sa.Column("granted_at", UTCDateTime, nullable=False),
        sa.Column("granted_by", sa.String, nullable=False),
        sa.Column("revoked_at", UTCDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.ForeignKeyConstraint(
            ["actor_key"], ["accounts.actor_key"], name="fk_grants_actor_key_accounts", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_grants_actor_key", "grants", ["actor_key"])
    op.create_table(
        "invitations",
        sa.Column("token_hash", sa.String, nullable=False),
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("expires_at", UTCDateTime, nullable=False),
        sa.Column("used_at", UTCDateTime),
        sa.PrimaryKeyConstraint("token_hash", name="pk_invitations"),
        sa.ForeignKeyConstraint(
            ["actor_key"], ["accounts.actor_key"], name="fk_invitations_actor_key_accounts", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    for table in ("invitations", "grants", "enrolments", "links", "members", "courses", "accounts"):
        op.drop_table(table)
