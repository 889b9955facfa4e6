"""Let clients have an owner (ADR-0089).

Without a foreign key: who is deleted stays named, so that somebody sees that a program
is nobody's any more. Expand: the release before neither reads nor writes it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
_INDEX = "ix_oauth_clients_owner_id"


def upgrade() -> None:
    """Add the column; no client has an owner yet."""
    op.add_column("oauth_clients", sa.Column("owner_id", sa.Uuid(), nullable=True))
    op.create_index(op.f(_INDEX), "oauth_clients", ["owner_id"])


def downgrade() -> None:
    """Drop it: who answers for which program has to be said anew."""
    op.drop_index(op.f(_INDEX), "oauth_clients")
    op.drop_column("oauth_clients", "owner_id")
