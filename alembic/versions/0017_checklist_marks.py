"""Remember which items of the checklist were dismissed or done (ADR-0071).

Expand: the release before neither reads nor writes the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the table; nothing is dismissed."""
    op.create_table(
        "checklist_marks",
        sa.Column("item", sa.String(length=32), primary_key=True),
        sa.Column("mark", sa.String(length=16), primary_key=True),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "mark IN ('dismissed', 'done')", name=op.f("ck_checklist_marks_mark")
        ),
    )


def downgrade() -> None:
    """Drop the table; items are shown again."""
    op.drop_table("checklist_marks")
