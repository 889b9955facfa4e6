"""Keep what has to outlive a secret key (ADR-0099).

Expand: the release before derives from the one secret key what the first start of this
one puts here; it is the same, until the secret key is rotated.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Add the tables; the first start fills them, for a migration has no secret key."""
    op.create_table(
        "kept_keys",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_kept_keys")),
    )
    op.create_table(
        "sealing_keys",
        sa.Column("mark", sa.String(32), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_sealing_keys")),
    )


def downgrade() -> None:
    """Drop them, unless a secret key was rotated: the release before would derive
    other pairwise subjects and no recovery code from the present one.

    Raises:
        RuntimeError: It was.
    """
    keys = op.get_bind().execute(sa.text("SELECT count(*) FROM sealing_keys"))
    if (keys.scalar() or 0) > 1:
        raise RuntimeError(
            "the secret key was rotated, which the release before knows nothing of; "
            "there is no way back to it (docs/adr/0099)"
        )
    op.drop_table("sealing_keys")
    op.drop_table("kept_keys")
