"""Where a learner is in a module, and the quiz attempts."""

import sqlalchemy as sa
from alembic import op

from lti_tool.db import JSONText, UTCDateTime

revision = "0005_play"
down_revision = "0004_gradebook"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "module_progress",
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("module", sa.String(40), nullable=False),
        sa.Column("registration", sa.String(36), nullable=False),
        sa.Column("session", sa.String, nullable=False, server_default=""),
        sa.Column("place", sa.String, nullable=False, server_default=""),
        sa.Column("language", sa.String(8), nullable=False, server_default="en"),
        sa.Column("seen", JSONText, nullable=False),
        sa.Column("draft", JSONText),
        sa.Column("seconds", sa.Integer, nullable=False, server_default="0"),
        sa.Column("session_from", sa.Integer, nullable=False, server_default="0"),
        sa.Column("quiz_from", sa.Integer),
        sa.Column("started_at", UTCDateTime, nullable=False),
        sa.Column("updated_at", UTCDateTime, nullable=False),
        sa.Column("finished_at", UTCDateTime),
        sa.PrimaryKeyConstraint("actor_key", "module", name="pk_module_progress"),
    )
    op.create_table(
        "quiz_attempts",
        sa.Column("actor_key", sa.String, nullable=False),
        sa.Column("module", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("allowed", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("answers", JSONText, nullable=False),
        sa.Column("points", sa.String, nullable=False),
        sa.Column("maximum", sa.String, nullable=False),
        sa.Column("scaled", sa.String, nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("actor_key", "module", "number", name="pk_quiz_attempts"),
        sa.ForeignKeyConstraint(
            ["actor_key", "module"],
            ["module_progress.actor_key", "module_progress.module"],
            name="fk_quiz_attempts_actor_key_module_module_progress",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("number >= 1 AND (allowed = 0 OR number <= allowed)", name=op.f("ck_quiz_attempts_allowed")),
    )
    op.create_index(
        "uq_quiz_attempts_passed",
        "quiz_attempts",
        ["actor_key", "module"],
        unique=True,
        sqlite_where=sa.text("passed"),
        postgresql_where=sa.text("passed"),
    )


def downgrade() -> None:
    op.drop_table("quiz_attempts")
    op.drop_table("module_progress")
