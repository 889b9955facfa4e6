"""Drop ``users.devices_forgotten_at``: the release before names it nowhere.

Contract: what forgot remembered browsers is done by their rows since ``0013``. Nothing
is lost; PostgreSQL only forgets the column, without writing the table anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
unused_since = "0017"


def upgrade() -> None:
    """Drop it."""
    op.drop_column("users", "devices_forgotten_at")


def downgrade() -> None:
    """Bring it back, empty, as that release left it."""
    column = sa.Column(
        "devices_forgotten_at", sa.DateTime(timezone=True), nullable=True
    )
    op.add_column("users", column)
