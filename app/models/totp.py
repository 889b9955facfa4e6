"""Secrets of authenticator applications (RFC 6238)."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Totp(Base):
    """The one authenticator application of an account, once a code confirmed it.

    ``last_step`` is the time step of the last code that was accepted: a code works
    once, and no earlier one works after it.
    """

    __tablename__ = "totps"
    retention: ClassVar[str] = (
        "until the account is deleted, or the factor by its owner"
    )
    exported: ClassVar[str] = "as `totps`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), unique=True
    )
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    algorithm: Mapped[str] = mapped_column(String(8))  # SHA1, SHA256 or SHA512
    digits: Mapped[int] = mapped_column(SmallInteger)
    period: Mapped[int] = mapped_column(SmallInteger)  # seconds
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
