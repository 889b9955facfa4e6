"""Let administrators choose what clients are told (ADR-0078).

Expand: the release before neither reads nor writes the columns, and tells nothing more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
_COLUMNS = ("id_token_claims", "claim_mappings")


def upgrade() -> None:
    """Add the columns; every client is told what it was."""
    for name in _COLUMNS:
        op.add_column("oauth_clients", sa.Column(name, sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop the columns: what clients were told besides has to be said anew."""
    for name in _COLUMNS:
        op.drop_column("oauth_clients", name)
