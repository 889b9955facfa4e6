"""Know who seals with which secret key, and how far sealing anew is (ADR-0099).

Expand: the release before writes neither, and its processes are not known of.
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Add the table and the columns; whoever starts says what it seals with."""
    op.create_table(
        "sealing_processes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.String(32), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealing_processes")),
    )
    op.add_column("sealing_keys", sa.Column("values_left", sa.Integer()))
    op.add_column("sealing_keys", sa.Column("counted_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop them: what is sealed by which key is told by the values themselves."""
    op.drop_column("sealing_keys", "counted_at")
    op.drop_column("sealing_keys", "values_left")
    op.drop_table("sealing_processes")
