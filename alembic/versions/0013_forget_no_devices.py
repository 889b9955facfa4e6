"""Drop a column that nothing reads: another password forgets every device (ADR-0053).

It came two revisions ago; no process of the release before knows it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Drop it; nothing ever wrote it."""
    op.drop_column("users", "devices_forgotten_at")


def downgrade() -> None:
    """Add it again, empty as it was."""
    column = sa.Column("devices_forgotten_at", sa.DateTime(timezone=True))
    op.add_column("users", column)
