"""Devices that ask to be let in (RFC 8628)."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class DeviceCode(Base):
    """A device that shows a code, until its person decides (ADR-0076).

    What it polls with is an HMAC of ``id``; what it shows is looked up by
    ``code_hash``, a keyed digest, since a plain one of eight letters is soon guessed.
    Approved, it is a grant under the same id, which begins to count when the device
    comes for it.
    """

    __tablename__ = "device_codes"
    retention: ClassVar[str] = "until a day after it expired"
    exported: ClassVar[str] = "as `device_codes`, once its owner began to answer it"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(
        ForeignKey("oauth_clients.client_id", ondelete="CASCADE"), index=True
    )
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    scope: Mapped[str] = mapped_column(Text)
    resources: Mapped[str] = mapped_column(Text)  # identifiers, as scope has its own
    ip: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(256))
    user_id: Mapped[UUID | None] = mapped_column(  # who began to answer it
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    approved_at: Mapped[datetime | None]
    denied_at: Mapped[datetime | None]
    redeemed_at: Mapped[datetime | None]
