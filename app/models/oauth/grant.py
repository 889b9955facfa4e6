"""What people granted to applications, until it ends."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class OAuthGrant(Base):
    """What one authorization code became (ADR-0010, ADR-0011).

    It is written together with its code, under the same id, and begins to count when
    the code is redeemed. Its refresh token is ``id`` and ``counter`` under an HMAC.
    Without ``offline_access`` it ends with the session of its sign-in. ``scope``,
    ``amr`` and ``resources``, the identifiers of the APIs that were named (ADR-0075),
    are joined by spaces, as the protocol has them.
    """

    __tablename__ = "oauth_grants"
    __table_args__ = (Index(None, "user_id", "client_id"),)
    retention: ClassVar[str] = (
        "until it ended, plus AUTH_SERVE_RETENTION__SESSION_TTL; a day if unredeemed"
    )
    exported: ClassVar[str] = "as `oauth_grants`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(
        ForeignKey("oauth_clients.client_id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    session_id: Mapped[UUID] = mapped_column(index=True)
    is_offline: Mapped[bool]
    scope: Mapped[str] = mapped_column(Text)
    claims: Mapped[dict[str, Any]]  # the ``claims`` parameter, parsed
    resources: Mapped[str | None] = mapped_column(Text)
    acr: Mapped[str] = mapped_column(String(64))
    amr: Mapped[str] = mapped_column(String(128))
    authenticated_at: Mapped[datetime]
    counter: Mapped[int]
    created_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]
    refreshed_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    absolute_expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(index=True)
    revoked_reason: Mapped[str | None] = mapped_column(String(32))
