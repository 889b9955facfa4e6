"""Keep why requests were refused, for a while (ADR-0092).

Expand: the release before writes none, and misses none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "refused_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("correlation_id", sa.String(length=128), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("route", sa.String(length=128), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_requests")),
    )
    name = op.f("ix_refused_requests_correlation_id")
    op.create_index(name, "refused_requests", ["correlation_id"])


def downgrade() -> None:
    """Drop it: the log still has the reasons."""
    op.drop_table("refused_requests")
