"""Add the tables of the OpenID Connect provider (expand: no row of 0001 is touched)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _client_id() -> sa.types.TypeEngine[str]:
    bytewise = sa.String(length=64, collation="C")
    return sa.String(length=64).with_variant(bytewise, "postgresql")


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of_client(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["client_id"],
        ["oauth_clients.client_id"],
        name=f"fk_{table}_client_id_oauth_clients",
        ondelete="CASCADE",
    )


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], name=f"fk_{table}_user_id_users", ondelete="CASCADE"
    )


def upgrade() -> None:
    """Create the tables; the previous release runs unharmed beside them."""
    _create_clients()
    _create_grants()
    _create_consents()
    _create_used()
    op.create_table(
        "user_claims",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        _instant("updated_at"),
        _of_user("user_claims"),
        sa.PrimaryKeyConstraint("user_id", name="pk_user_claims"),
    )


def _create_clients() -> None:
    op.create_table(
        "oauth_clients",
        sa.Column("client_id", _client_id(), nullable=False),
        sa.Column("client_name", sa.String(length=200), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("is_self_registered", sa.Boolean(), nullable=False),
        sa.Column("is_first_party", sa.Boolean(), nullable=False),
        sa.Column("is_resource_server", sa.Boolean(), nullable=False),
        sa.Column("audience", sa.String(length=1024)),
        sa.Column("pkce", sa.String(length=16)),
        sa.Column("version", sa.Integer(), nullable=False),
        _instant("created_at"),
        _instant("updated_at"),
        _instant("last_used_at", nullable=True),
        sa.CheckConstraint(
            "status IN ('active', 'disabled')", name=op.f("ck_oauth_clients_status")
        ),
        sa.PrimaryKeyConstraint("client_id", name="pk_oauth_clients"),
    )
    op.create_table(
        "oauth_client_secrets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", _client_id(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        _instant("created_at"),
        _instant("expires_at", nullable=True),
        _of_client("oauth_client_secrets"),
        sa.PrimaryKeyConstraint("id", name="pk_oauth_client_secrets"),
    )
    for column in ("client_id", "expires_at"):
        op.create_index(
            f"ix_oauth_client_secrets_{column}", "oauth_client_secrets", [column]
        )


def _create_grants() -> None:
    op.create_table(
        "oauth_grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", _client_id(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("is_offline", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("acr", sa.String(length=64), nullable=False),
        sa.Column("amr", sa.String(length=128), nullable=False),
        _instant("authenticated_at"),
        sa.Column("counter", sa.Integer(), nullable=False),
        _instant("created_at"),
        _instant("redeemed_at", nullable=True),
        _instant("refreshed_at"),
        _instant("expires_at"),
        _instant("absolute_expires_at"),
        _instant("revoked_at", nullable=True),
        sa.Column("revoked_reason", sa.String(length=32)),
        _of_client("oauth_grants"),
        _of_user("oauth_grants"),
        sa.PrimaryKeyConstraint("id", name="pk_oauth_grants"),
    )
    for column in ("client_id", "expires_at", "revoked_at", "session_id"):
        op.create_index(f"ix_oauth_grants_{column}", "oauth_grants", [column])
    op.create_index(
        "ix_oauth_grants_user_id_oauth_grants_client_id",
        "oauth_grants",
        ["user_id", "client_id"],
    )


def _create_consents() -> None:
    op.create_table(
        "oauth_consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", _client_id(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("claims", sa.Text(), nullable=False),
        _instant("created_at"),
        _instant("updated_at"),
        _of_client("oauth_consents"),
        _of_user("oauth_consents"),
        sa.PrimaryKeyConstraint("id", name="pk_oauth_consents"),
        sa.UniqueConstraint(
            "user_id", "client_id", name="uq_oauth_consents_user_id_client_id"
        ),
    )
    op.create_index("ix_oauth_consents_client_id", "oauth_consents", ["client_id"])


def _create_used() -> None:
    op.create_table(
        "oauth_revoked_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        _instant("expires_at"),
        sa.PrimaryKeyConstraint("id", name="pk_oauth_revoked_tokens"),
    )
    op.create_table(
        "oauth_assertions",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        _instant("expires_at"),
        sa.PrimaryKeyConstraint("digest", name="pk_oauth_assertions"),
    )
    for table in ("oauth_revoked_tokens", "oauth_assertions"):
        op.create_index(f"ix_{table}_expires_at", table, ["expires_at"])


def downgrade() -> None:
    """Drop the tables; every application has to be registered again."""
    op.drop_table("user_claims")
    op.drop_table("oauth_assertions")
    op.drop_table("oauth_revoked_tokens")
    op.drop_table("oauth_consents")
    op.drop_table("oauth_grants")
    op.drop_table("oauth_client_secrets")
    op.drop_table("oauth_clients")
