"""Let the domain of an address decide which connection leads (ADR-0103).

Expand: the release before knows no such table, and leads nobody.
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Add the table; nobody is led anywhere."""
    op.create_table(
        "realm_domains",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.String(16), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_realm_domains_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_realm_domains")),
        sa.UniqueConstraint("domain", name=op.f("uq_realm_domains_domain")),
    )
    op.create_index(
        op.f("ix_realm_domains_connection_id"), "realm_domains", ["connection_id"]
    )


def downgrade() -> None:
    """Drop it: people sign in with passwords of here again."""
    op.drop_table("realm_domains")
