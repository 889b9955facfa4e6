"""Browsers that need no second step for a while."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Device(Base):
    """A browser that its owner had remembered at a second step.

    Its cookie is ``id`` under an HMAC; without the first factor it opens nothing.
    """

    __tablename__ = "devices"
    retention: ClassVar[str] = "until a day after it expired"
    exported: ClassVar[str] = "as `devices`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    ip: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(256))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
