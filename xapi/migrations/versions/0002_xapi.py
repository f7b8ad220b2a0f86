"""How often a person changed: joined with another, or parted from one.

Revision ID: 0002_xapi
"""

import sqlalchemy as sa
from alembic import op

revision = "0002_xapi"
down_revision = "0001_xapi"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("xapi_persona", sa.Column("changes", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("xapi_persona", "changes")
