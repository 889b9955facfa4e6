"""Keep devices that ask to be let in (RFC 8628, ADR-0076).

Expand: the release before knows neither the table nor the grant.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "device_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", _client_id(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("resources", sa.Text(), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=256), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        *(_instant(name) for name in ("created_at", "expires_at")),
        *(_instant(name, True) for name in ("approved_at", "denied_at", "redeemed_at")),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["oauth_clients.client_id"],
            name=op.f("fk_device_codes_client_id_oauth_clients"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_device_codes_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_device_codes_code_hash")),
    )
    for column in ("client_id", "expires_at", "user_id"):
        name = op.f(f"ix_device_codes_{column}")
        op.create_index(name, "device_codes", [column])


def _instant(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def downgrade() -> None:
    """Drop it: devices that wait have to ask anew."""
    op.drop_table("device_codes")


def _client_id() -> sa.types.TypeEngine[str]:
    bytewise = sa.String(length=255, collation="C")
    return sa.String(length=64).with_variant(bytewise, "postgresql")
