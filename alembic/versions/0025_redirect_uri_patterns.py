"""Let administrators give clients patterns of redirect URIs (ADR-0085).

Expand: the release before neither reads nor writes the column, and refuses previews.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the column; no client has a pattern."""
    column = sa.Column("redirect_uri_patterns", sa.JSON(), nullable=True)
    op.add_column("oauth_clients", column)


def downgrade() -> None:
    """Drop the column: previews have to be registered one by one."""
    op.drop_column("oauth_clients", "redirect_uri_patterns")
