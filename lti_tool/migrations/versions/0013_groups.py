"""Groups of courses; what the last check of a platform found; a column for each content of one resource link."""

import sqlalchemy as sa
from alembic import op

from xapi.tables import JSONText, UTCDateTime

revision = "0013_groups"
down_revision = "0012_observations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "group_services",
        sa.Column("course_id", sa.Integer, nullable=False),
        sa.Column("groups_url", sa.String, nullable=False),
        sa.Column("sets_url", sa.String),
        sa.PrimaryKeyConstraint("course_id", name="pk_group_services"),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name="fk_group_services_course_id_courses", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "course_groups",
        sa.Column("course_id", sa.Integer, nullable=False),
        sa.Column("group_id", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("set_name", sa.String, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("course_id", "group_id", name="pk_course_groups"),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name="fk_course_groups_course_id_courses", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "group_members",
        sa.Column("course_id", sa.Integer, nullable=False),
        sa.Column("user_id", sa.String, nullable=False),
        sa.Column("group_id", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "user_id", "group_id", name="pk_group_members"),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name="fk_group_members_course_id_courses", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "platform_checks",
        sa.Column("platform_id", sa.Integer, nullable=False),
        sa.Column("checked_at", UTCDateTime, nullable=False),
        sa.Column("lines", JSONText, nullable=False),
        sa.PrimaryKeyConstraint("platform_id", name="pk_platform_checks"),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platforms.id"], name="fk_platform_checks_platform_id_platforms", ondelete="CASCADE"
        ),
    )
    with op.batch_alter_table("line_items") as table:
        table.drop_constraint("uq_line_items_course_id_link_id", type_="unique")
        table.create_unique_constraint("uq_line_items_course_id_link_id_activity", ["course_id", "link_id", "activity"])


def downgrade() -> None:
    # One column for each link is all that the older version knows: of several the oldest stays.
    op.execute(
        "DELETE FROM deliveries WHERE line_item_id NOT IN (SELECT min(id) FROM line_items GROUP BY course_id, link_id)"
    )
    op.execute("DELETE FROM line_items WHERE id NOT IN (SELECT min(id) FROM line_items GROUP BY course_id, link_id)")
    with op.batch_alter_table("line_items") as table:
        table.drop_constraint("uq_line_items_course_id_link_id_activity", type_="unique")
        table.create_unique_constraint("uq_line_items_course_id_link_id", ["course_id", "link_id"])
    op.drop_table("platform_checks")
    op.drop_table("group_members")
    op.drop_table("course_groups")
    op.drop_table("group_services")
