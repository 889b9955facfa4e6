"""Standard claims about people that no column of ``users`` holds."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class UserClaims(Base):
    """Members of OIDC Core section 5.1, such as ``nickname`` and ``address``.

    A table of its own: accounts are read on every request, and these are not.
    """

    __tablename__ = "user_claims"
    retention: ClassVar[str] = "until the account is deleted"
    exported: ClassVar[str] = "as `user`: its `claims`"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    claims: Mapped[dict[str, Any]]
    # Of the preferred_username that an administrator gave: without it, it is not told.
    username_key: Mapped[str | None] = mapped_column(
        String(256), unique=True, index=True
    )
    updated_at: Mapped[datetime]
