"""Let client identifiers of other products come along, up to 255 characters.

Expand: nothing is rewritten, and the previous release neither sees nor makes a longer
one. SQLite knows no length, and copying its tables would risk what they enforce.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TABLES = (
    "oauth_clients",
    "oauth_client_secrets",
    "oauth_grants",
    "oauth_consents",
)


def upgrade() -> None:
    """Widen the column wherever a client is named."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _TABLES:
        op.alter_column(
            table,
            "client_id",
            type_=sa.String(length=255, collation="C"),
            existing_type=sa.String(length=64, collation="C"),
            existing_nullable=False,
        )


def downgrade() -> None:
    """Leave them wide: a longer identifier would not fit, and none of it hurts."""
