"""Say who vouches for each client, and where people agreed to be sent (ADR-0014).

Expand: the release before reads and writes neither column. A client that it makes has
no voucher, which counts as what the row says: an administrator's, or nobody's.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; nobody vouches for what registered itself until now.

    No row says by which mode it came, so an administrator has to say it.
    """
    op.add_column("oauth_clients", sa.Column("vouched_by", sa.String(length=32)))
    op.add_column("oauth_consents", sa.Column("places", sa.Text()))
    clients = sa.table(
        "oauth_clients",
        sa.column("is_self_registered", sa.Boolean()),
        sa.column("vouched_by", sa.String()),
    )
    vouched_by = sa.case(
        (clients.c.is_self_registered, "nobody"), else_="administrator"
    )
    op.execute(clients.update().values(vouched_by=vouched_by))


def downgrade() -> None:
    """Drop the columns; every client is taken at its word again."""
    op.drop_column("oauth_consents", "places")
    op.drop_column("oauth_clients", "vouched_by")
