"""Tell passwords that came by a mailed link from others (ADR-0057).

Expand: the release before neither reads nor writes the column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column; how passwords of before were chosen nobody knows."""
    off = sa.false()
    column = sa.Column(
        "password_mailed", sa.Boolean(), nullable=False, server_default=off
    )
    op.add_column("users", column)


def downgrade() -> None:
    """Drop the column: passwords that came by mail count as any other."""
    op.drop_column("users", "password_mailed")
