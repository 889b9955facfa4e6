"""Let groups enter protected hosts (ADR-0077, ADR-0081).

Expand: the release before knows no protected hosts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add the column; roles alone say who may enter."""
    op.add_column("protected_hosts", sa.Column("groups", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop the column: whom groups alone let in, nobody lets in any more."""
    hosts = sa.table(
        "protected_hosts", sa.column("roles", sa.JSON()), sa.column("groups", sa.JSON())
    )
    closed = sa.update(hosts).values(roles=[])
    by_groups_alone = hosts.c.roles.is_(None) & hosts.c.groups.is_not(None)
    op.execute(closed.where(by_groups_alone))
    op.drop_column("protected_hosts", "groups")
