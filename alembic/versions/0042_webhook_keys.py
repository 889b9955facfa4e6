"""Let webhooks be signed with keys as well (Standard Webhooks v1a, ADR-0094).

Expand: the release before signs with secrets alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Add the columns; no endpoint has a key."""
    op.add_column("webhooks", sa.Column("signing_key", sa.LargeBinary()))
    op.add_column("webhooks", sa.Column("previous_signing_key", sa.LargeBinary()))


def downgrade() -> None:
    """Drop them: receivers that know public keys alone find nothing to check by."""
    op.drop_column("webhooks", "previous_signing_key")
    op.drop_column("webhooks", "signing_key")
