"""Add issuers whose tokens of workloads are believed (ADR-0079).

Expand: the release before does not know the table, and believes nobody.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Create the table; nobody is trusted."""
    op.create_table(
        "trusted_issuers",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("issuer", sa.String(1024), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_trusted_issuers")),
        sa.UniqueConstraint("issuer", name=op.f("uq_trusted_issuers_issuer")),
        sa.CheckConstraint(
            "status IN ('active', 'disabled')", name=op.f("ck_trusted_issuers_status")
        ),
    )


def downgrade() -> None:
    """Drop the table: workloads get no tokens until their issuers are made anew."""
    op.drop_table("trusted_issuers")
