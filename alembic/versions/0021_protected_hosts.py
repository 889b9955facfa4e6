"""Let proxies ask who is there, for programs without a sign-in (ADR-0081).

Expand: the release before neither reads nor writes the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def _bytewise(length: int, lite: int | None = None) -> sa.types.TypeEngine[str]:
    kept = sa.String(length, collation="C")
    return sa.String(lite or length).with_variant(kept, "postgresql")


def upgrade() -> None:
    """Create the table; no host is protected."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "protected_hosts",
        sa.Column("host", _bytewise(261), nullable=False),
        sa.Column("client_id", _bytewise(255, 64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=True),
        sa.Column("open_paths", sa.JSON(), nullable=False),
        sa.Column("minimum_acr", sa.String(length=16), nullable=True),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("machines", sa.JSON(), nullable=False),
        sa.Column("sign_out_path", sa.String(length=200), nullable=False),
        sa.Column("ends_session", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["oauth_clients.client_id"],
            name=op.f("fk_protected_hosts_client_id_oauth_clients"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_protected_hosts")),
        sa.UniqueConstraint("client_id", name=op.f("uq_protected_hosts_client_id")),
    )


def downgrade() -> None:
    """Drop the table: their proxies let nobody in. Their clients stay."""
    op.drop_table("protected_hosts")
