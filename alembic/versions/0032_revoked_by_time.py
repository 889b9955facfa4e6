"""Keep when a token was revoked, and whose it was, so that what is new is found.

Expand: the release before writes neither. What it wrote is read by its end, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
_TABLE = "oauth_revoked_tokens"
_INDEX = "ix_oauth_revoked_tokens_ended_at"


def upgrade() -> None:
    """Add the columns; what is there has neither, and is gone within a day."""
    instant = sa.DateTime(timezone=True)
    op.add_column(_TABLE, sa.Column("ended_at", instant, nullable=True))
    op.add_column(_TABLE, sa.Column("client_entry", sa.Uuid(), nullable=True))
    op.create_index(_INDEX, _TABLE, ["ended_at"])


def downgrade() -> None:
    """Drop them: all that is revoked is read with each look again."""
    op.drop_index(_INDEX, table_name=_TABLE)
    op.drop_column(_TABLE, "client_entry")
    op.drop_column(_TABLE, "ended_at")
