"""Read directories as a whole, and know what of each person was seen (ADR-0105).

Expand: the release before knows neither table, and takes over at sign-in alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    """Add the tables; nothing was read yet."""
    op.create_table(
        "upstream_entries",
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"],
            ["upstream_identities.id"],
            name=op.f("fk_upstream_entries_identity_id_upstream_identities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("identity_id", name=op.f("pk_upstream_entries")),
    )
    op.create_table(
        "connection_syncs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("is_scheduled", sa.Boolean(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("accept_missing", sa.Boolean(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("is_settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_connection_syncs_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_syncs")),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_connection_syncs_open",
        "connection_syncs",
        ["connection_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index(
        "ix_connection_syncs_connection_id_id",
        "connection_syncs",
        ["connection_id", "id"],
    )
    name = op.f("ix_connection_syncs_requested_at")
    op.create_index(name, "connection_syncs", ["requested_at"])


def downgrade() -> None:
    """Drop both: people are found and followed when they sign in, as before."""
    op.drop_table("connection_syncs")
    op.drop_table("upstream_entries")
