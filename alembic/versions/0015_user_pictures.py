"""Keep pictures that people upload (ADR-0070).

Expand: the release before neither reads nor writes the table. An address that it
changes leaves the picture behind it in place, until the next upload.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the table; no account has such a picture."""
    op.create_table(
        "user_pictures",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("media_type", sa.String(length=16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name="fk_user_pictures_user_id_users",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("user_id", name="uq_user_pictures_user_id"),
    )


def downgrade() -> None:
    """Drop the table, and the addresses that would lead nowhere."""
    op.execute(
        "UPDATE users SET picture = NULL "
        "WHERE id IN (SELECT user_id FROM user_pictures) "
        "AND picture LIKE '%/pictures/%'"
    )
    op.drop_table("user_pictures")
