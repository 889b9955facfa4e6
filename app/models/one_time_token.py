"""Everything that may be used once."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class OneTimeToken(Base):
    """A link or code that works once (architecture, rule 2).

    No secret is stored, nor its hash: link and code are HMACs of ``id`` under a key
    that the database never sees (ADR-0002), so a dump opens nothing and the mail worker
    can make the link again when it sends.
    """

    __tablename__ = "one_time_tokens"
    __table_args__ = (Index(None, "purpose", "subject"),)
    retention: ClassVar[str] = "until a day after it expired"
    exported: ClassVar[str] = "as `one_time_tokens`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    subject: Mapped[str] = mapped_column(String(1024))  # what a code is typed with
    data: Mapped[dict[str, Any]]
    attempts: Mapped[int]  # codes tried, right or wrong
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    consumed_at: Mapped[datetime | None]
