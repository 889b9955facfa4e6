"""Remember when everything that was issued before ended (ADR-0040).

Expand: the release before knows no epochs, and there is none until somebody begins one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table; no existing row is touched."""
    op.create_table(
        "token_epochs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_epochs")),
    )


def downgrade() -> None:
    """Drop the table: what has no row of its own counts again while it lives."""
    op.drop_table("token_epochs")
