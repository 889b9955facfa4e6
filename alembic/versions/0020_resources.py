"""Let tokens be asked for by the name of an API (RFC 8707, ADR-0075).

Expand: the release before reads none of it. A grant that names resources is refreshed
by it as if none were named, so resources are registered once no process of it is left.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from app.models.base import UtcDateTime

revision = "0020"
down_revision = "0019"

_IDENTIFIER = sa.String(1024).with_variant(sa.String(1024, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table; clients, grants and consents name no resource yet."""
    op.create_table(
        "oauth_resources",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier", _IDENTIFIER, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("access", sa.String(16), nullable=False),
        sa.Column("access_token_ttl", sa.Integer(), nullable=True),
        sa.Column("algorithm", sa.String(16), nullable=True),
        sa.Column("typ", sa.String(16), nullable=False),
        sa.Column("audience_form", sa.String(16), nullable=False),
        sa.Column("scope_form", sa.String(16), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'disabled')",
            name=op.f("ck_oauth_resources_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_resources")),
        sa.UniqueConstraint("identifier", name=op.f("uq_oauth_resources_identifier")),
    )
    op.add_column("oauth_clients", sa.Column("resources", sa.JSON(), nullable=True))
    op.add_column("oauth_consents", sa.Column("resources", sa.JSON(), nullable=True))
    op.add_column("oauth_grants", sa.Column("resources", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop it all. Grants that name resources end: nothing would bound them any more.

    Tokens of a refresh would be for the client's own API, which nobody agreed to.
    """
    grants = sa.table(
        "oauth_grants",
        sa.column("resources", sa.Text()),
        sa.column("revoked_at", UtcDateTime()),
        sa.column("revoked_reason", sa.String(32)),
    )
    op.execute(
        grants.update()
        .where(grants.c.resources.is_not(None), grants.c.revoked_at.is_(None))
        .values(revoked_at=datetime.now(UTC), revoked_reason="downgrade")
    )
    op.drop_column("oauth_grants", "resources")
    op.drop_column("oauth_consents", "resources")
    op.drop_column("oauth_clients", "resources")
    op.drop_table("oauth_resources")
