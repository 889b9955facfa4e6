"""Count what happens by the hour (ADR-0069).

Expand: the release before neither reads nor writes the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the table; the first worker counts the last 30 days of the trail."""
    op.create_table(
        "hourly_statistics",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sign_ins", sa.Integer(), nullable=False),
        sa.Column("sign_in_failures", sa.Integer(), nullable=False),
        sa.Column("new_accounts", sa.Integer(), nullable=False),
        sa.Column("active_sessions", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_hourly_statistics")),
    )


def downgrade() -> None:
    """Drop the table: it is counted anew from the trail when it comes back."""
    op.drop_table("hourly_statistics")
