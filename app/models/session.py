"""Sign-ins that last."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Session(Base):
    """A signed-in browser or device.

    Its refresh token is no row: it is ``id`` and ``counter`` under an HMAC, so a
    refresh is one guarded update and nothing grows (ADR-0003). A browser's cookie is
    made of the same two under another key; there the counter counts fresh sign-ins
    (ADR-0011). ``network`` is the address, or for IPv6 its /64: the unit that the
    limiter counts by.
    """

    __tablename__ = "sessions"
    retention: ClassVar[str] = "until it ended, plus AUTH_SERVE_RETENTION__SESSION_TTL"
    exported: ClassVar[str] = "as `sessions`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    counter: Mapped[int]
    amr: Mapped[list[str]]  # RFC 8176 values, in order of use
    ip: Mapped[str] = mapped_column(String(45))
    network: Mapped[str] = mapped_column(String(49))
    user_agent: Mapped[str] = mapped_column(String(256))
    created_at: Mapped[datetime]
    authenticated_at: Mapped[datetime]
    refreshed_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    absolute_expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(index=True)
    revoked_reason: Mapped[str | None] = mapped_column(String(32))
