"""Let administrators say whose tokens a client may exchange (ADR-0080).

Expand: the release before neither reads nor writes the column, and exchanges nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Add the column; no client exchanges anything."""
    op.add_column(
        "oauth_clients", sa.Column("token_exchange", sa.JSON(), nullable=True)
    )


def downgrade() -> None:
    """Drop the column: whose tokens are exchanged has to be said anew."""
    op.drop_column("oauth_clients", "token_exchange")
