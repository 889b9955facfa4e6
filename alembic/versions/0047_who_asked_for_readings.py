"""Say who asked for a reading of a directory, and why it ended so (ADR-0105).

Expand: the release before writes neither, and of its readings nobody is told.
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    """Add the columns; of readings that are there it is not known."""
    op.add_column("connection_syncs", sa.Column("requested_via", sa.String(8)))
    op.add_column("connection_syncs", sa.Column("requested_by", sa.Uuid()))
    op.add_column("connection_syncs", sa.Column("reason", sa.String(32)))


def downgrade() -> None:
    """Drop them: the trail has who asked, and ``detail`` why."""
    op.drop_column("connection_syncs", "reason")
    op.drop_column("connection_syncs", "requested_by")
    op.drop_column("connection_syncs", "requested_via")
