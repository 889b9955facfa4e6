"""Add second factors and remembered devices (expand).

The release before knows none of them: an account that has a second factor signs in
there with its password alone, which is why nobody sets one up until every process is of
this release. What is added to existing tables has a default that the database gives.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of_user(table: str) -> list[sa.schema.SchemaItem]:
    """Return what every table about a person begins with."""
    user = sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], name=f"fk_{table}_user_id_users", ondelete="CASCADE"
    )
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        _instant("created_at"),
        user,
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    ]


def upgrade() -> None:
    """Create the tables and columns; nobody has a factor yet."""
    _create_passkeys()
    _create_totps()
    _create_recovery_codes()
    _create_devices()
    for table, name in (("users", "must_reset_password"), ("roles", "mfa_required")):
        off = sa.false()
        op.add_column(
            table, sa.Column(name, sa.Boolean(), nullable=False, server_default=off)
        )
    version = sa.Column(
        "factors_version", sa.Integer(), nullable=False, server_default="0"
    )
    op.add_column("users", version)
    op.add_column("users", _instant("factors_frozen_until", nullable=True))
    op.add_column("users", _instant("devices_forgotten_at", nullable=True))


def _create_passkeys() -> None:
    op.create_table(
        "passkeys",
        *_of_user("passkeys"),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("user_handle", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("is_backup_eligible", sa.Boolean(), nullable=True),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        sa.Column("is_user_verified", sa.Boolean(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("aaguid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        _instant("last_used_at", nullable=True),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    )
    op.create_index("ix_passkeys_user_id", "passkeys", ["user_id"])


def _create_totps() -> None:
    op.create_table(
        "totps",
        *_of_user("totps"),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("algorithm", sa.String(length=8), nullable=False),
        sa.Column("digits", sa.SmallInteger(), nullable=False),
        sa.Column("period", sa.SmallInteger(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        _instant("last_used_at", nullable=True),
        sa.UniqueConstraint("user_id", name="uq_totps_user_id"),
    )


def _create_recovery_codes() -> None:
    op.create_table(
        "recovery_codes",
        *_of_user("recovery_codes"),
        sa.Column("code_hash", sa.String(length=1024), nullable=False),
        _instant("used_at", nullable=True),
    )
    op.create_index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"])


def _create_devices() -> None:
    op.create_table(
        "devices",
        *_of_user("devices"),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=256), nullable=False),
        _instant("last_used_at"),
        _instant("expires_at"),
    )
    op.create_index("ix_devices_user_id", "devices", ["user_id"])
    op.create_index("ix_devices_expires_at", "devices", ["expires_at"])


def downgrade() -> None:
    """Drop them; everybody signs in with one factor again."""
    names = "must_reset_password", "factors_frozen_until", "devices_forgotten_at"
    for name in (*names, "factors_version"):
        op.drop_column("users", name)
    op.drop_column("roles", "mfa_required")
    for table in ("devices", "recovery_codes", "totps", "passkeys"):
        op.drop_table(table)
