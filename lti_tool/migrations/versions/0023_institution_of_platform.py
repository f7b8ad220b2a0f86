"""The institution at which new learners of a platform start."""

import sqlalchemy as sa
from alembic import op

revision = "0023_institution_of_platform"
down_revision = "0022_announcements"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("platforms", sa.Column("institution", sa.String))


def downgrade() -> None:
    op.drop_column("platforms", "institution")
