"""Remember where development was last served (ADR-0050).

Expand: the release before neither reads nor writes the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table; the next start in development writes its one row."""
    op.create_table(
        "served_addresses",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("address", sa.String(length=512), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_served_addresses")),
    )


def downgrade() -> None:
    """Drop the table: commands lead to the default port again."""
    op.drop_table("served_addresses")
