"""Pictures of people, as they uploaded them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class UserPicture(Base):
    """The one picture of an account; ``users.picture`` is its address (ADR-0070).

    A table of its own: accounts are read on every request, and pictures are large. The
    id is chance alone, for whoever knows it sees the picture, and a new picture has a
    new one.
    """

    __tablename__ = "user_pictures"
    retention: ClassVar[str] = "until the account is deleted, or another replaces it"
    exported: ClassVar[str] = "as `pictures`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), unique=True
    )
    media_type: Mapped[str] = mapped_column(String(16))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
