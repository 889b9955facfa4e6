"""Let administrators give a client accents of its own (ADR-0066).

Expand: the release before neither reads nor writes the column, and shows its own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the column; every client has the installation's look."""
    op.add_column("oauth_clients", sa.Column("theme", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop the column: what clients looked like has to be said anew."""
    op.drop_column("oauth_clients", "theme")
