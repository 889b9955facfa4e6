"""Let messages belong to the trace of the request that promised them (ADR-0091).

Expand: the release before neither reads nor writes the column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Add the column; messages of before belong to no trace."""
    op.add_column("outbox", sa.Column("traceparent", sa.String(55), nullable=True))


def downgrade() -> None:
    """Drop the column: what is still to be delivered begins traces of its own."""
    op.drop_column("outbox", "traceparent")
