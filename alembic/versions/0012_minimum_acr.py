"""Let administrators say how strongly people sign in to a client (ADR-0054).

Expand: the release before neither reads nor writes the column, and asks for less.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column; no client demands anything yet."""
    op.add_column("oauth_clients", sa.Column("minimum_acr", sa.String(length=16)))


def downgrade() -> None:
    """Drop the column: what clients demanded has to be said anew."""
    op.drop_column("oauth_clients", "minimum_acr")
