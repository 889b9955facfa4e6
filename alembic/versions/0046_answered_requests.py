"""Keep why sign-ins and requests for tokens were allowed (ADR-0092).

Expand: the release before knows no such table, and keeps refusals alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0044"


def upgrade() -> None:
    """Add the table; nothing is written to it until an operator wants it."""
    op.create_table(
        "answered_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("correlation_id", sa.String(128), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("route", sa.String(128), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answered_requests")),
    )
    op.create_index(
        op.f("ix_answered_requests_correlation_id"),
        "answered_requests",
        ["correlation_id"],
    )


def downgrade() -> None:
    """Drop it: what was allowed is not explained any more."""
    op.drop_table("answered_requests")
