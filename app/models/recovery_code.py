"""Codes for whoever lost the other factors."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class RecoveryCode(Base):
    """One of a set; a new set replaces all of it. The code itself is not kept."""

    __tablename__ = "recovery_codes"
    retention: ClassVar[str] = "until the account is deleted, or a new set replaces it"
    exported: ClassVar[str] = "as `recovery_codes`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    code_hash: Mapped[str] = mapped_column(String(1024))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
