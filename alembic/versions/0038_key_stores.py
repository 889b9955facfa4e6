"""Let signing keys live elsewhere than in the database (ADR-0093).

Expand: the release before neither reads nor writes it. Keys of other stores are made
once an operator names one in the settings, which that release does not know.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Say where keys live: all that there are in the database."""
    store = sa.Column("store", sa.String(16), server_default="database", nullable=False)
    op.add_column("signing_keys", store)
    op.add_column("signing_keys", sa.Column("reference", sa.String(255), nullable=True))


def downgrade() -> None:
    """Forget keys that the release before could not read: it would start no more.

    What they signed is refused from then on; docs/operations.md says how to move them
    back first.
    """
    op.execute("DELETE FROM signing_keys WHERE store <> 'database'")
    op.drop_column("signing_keys", "reference")
    op.drop_column("signing_keys", "store")
