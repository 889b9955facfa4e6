"""Make names that applications call people by unique (ADR-0019).

Expand: the release before neither reads nor writes the column, and what people said of
themselves until now is told to nobody until an administrator gives it to them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; no existing name is anybody's yet."""
    op.add_column("user_claims", sa.Column("username_key", sa.String(length=256)))
    op.create_index(
        "ix_user_claims_username_key", "user_claims", ["username_key"], unique=True
    )


def downgrade() -> None:
    """Drop the column; everybody is called what they say."""
    op.drop_index("ix_user_claims_username_key", table_name="user_claims")
    op.drop_column("user_claims", "username_key")
