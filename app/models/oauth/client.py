"""Applications that sign people in here."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

ADMINISTRATOR, REGISTRATION_TOKEN, NOBODY = (
    "administrator",
    "registration_token",
    "nobody",
)
MAX_CLIENT_ID = 255  # characters; other products make them as long as that
# Compared and sorted by bytes on both databases, whatever the server's locale. The
# length that SQLite was told when its tables were made, it does not hold anybody to.
CLIENT_ID = String(64).with_variant(String(MAX_CLIENT_ID, collation="C"), "postgresql")


class OAuthClient(Base):
    """A registered client (RFC 7591).

    ``document`` is its metadata as ``oauth.registration`` judged it, complete with the
    standard's defaults; what the administrator decides about it stands in columns of
    its own, so that a client that changes its metadata cannot touch it. ``version``
    counts the changes (``ETag``). ``vouched_by`` is who answers for where it sends
    people (ADR-0014); ask ``voucher``, since the release before writes none.
    ``minimum_acr`` is how strongly people sign in to it at least (ADR-0054). ``theme``
    is the accent of its pages, as ``services.clients.theme`` judged it (ADR-0066).
    ``id_token_claims`` and ``claim_mappings`` are what it is told besides (ADR-0078).
    ``resources`` are the APIs that it may ask tokens for by name, each with the scopes
    that it may have there, or null for all (ADR-0075). ``token_exchange`` is whose
    tokens it may exchange (ADR-0080). ``owner_id`` is the account of who answers for
    it, which may be gone (ADR-0089).
    """

    __tablename__ = "oauth_clients"
    __table_args__ = (CheckConstraint("status IN ('active', 'disabled')", "status"),)
    retention: ClassVar[str] = (
        "until deleted; self-registered ones until AUTH_SERVE_OAUTH__UNUSED_CLIENT_TTL "
        "after their last use"
    )
    exported: ClassVar[str] = "as `owned_clients`, to who answers for them"

    client_id: Mapped[str] = mapped_column(CLIENT_ID, primary_key=True)
    client_name: Mapped[str] = mapped_column(String(200))
    document: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(16))
    is_self_registered: Mapped[bool]
    vouched_by: Mapped[str | None] = mapped_column(String(32))
    is_first_party: Mapped[bool]
    is_resource_server: Mapped[bool]
    audience: Mapped[str | None] = mapped_column(String(1024))
    pkce: Mapped[Literal["always", "pkce_or_nonce", "public_only"] | None] = (
        mapped_column(String(16))
    )
    minimum_acr: Mapped[str | None] = mapped_column(String(16))
    redirect_uri_patterns: Mapped[list[str] | None] = mapped_column(
        JSON(none_as_null=True)
    )
    token_exchange: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )
    theme: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    resources: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    id_token_claims: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    claim_mappings: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    # No foreign key: a program whose owner was deleted is to be seen.
    owner_id: Mapped[UUID | None] = mapped_column(index=True)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]

    @property
    def voucher(self) -> str:
        """Return who vouches for it; unsaid: for what registered itself nobody."""
        return self.vouched_by or (NOBODY if self.is_self_registered else ADMINISTRATOR)


class OAuthClientSecret(Base):
    """A secret of a client, as SHA-256 of its 256 bits of chance; two may live."""

    __tablename__ = "oauth_client_secrets"
    retention: ClassVar[str] = "until expires_at, or with its client"
    exported: ClassVar[str] = "no: a hash that is of use to the application alone"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(
        ForeignKey("oauth_clients.client_id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
