"""Know which sessions began elsewhere, and end them with what they came by (ADR-0104).

Expand: the release before knows neither table; who signs in by it is not signed out
from elsewhere, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """Add the tables; sessions that are there are of nobody elsewhere."""
    op.create_table(
        "upstream_sessions",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.Column("sid", sa.String(255), nullable=True),
        sa.Column("sealed_tokens", sa.LargeBinary(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.id"],
            name=op.f("fk_upstream_sessions_session_id_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"],
            ["upstream_identities.id"],
            name=op.f("fk_upstream_sessions_identity_id_upstream_identities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_upstream_sessions")),
    )
    for column in ("identity_id", "sid", "due_at"):
        name = op.f(f"ix_upstream_sessions_{column}")
        op.create_index(name, "upstream_sessions", [column])
    op.create_table(
        "upstream_logouts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(255), nullable=True),
        sa.Column("sid", sa.String(255), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_upstream_logouts_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upstream_logouts")),
    )
    for column in ("connection_id", "received_at"):
        name = op.f(f"ix_upstream_logouts_{column}")
        op.create_index(name, "upstream_logouts", [column])


def downgrade() -> None:
    """Drop both: sessions go on until they end by themselves."""
    op.drop_table("upstream_logouts")
    op.drop_table("upstream_sessions")
