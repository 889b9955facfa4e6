"""Personal access tokens."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class PersonalToken(Base):
    """A token that somebody made for a script of theirs (ADR-0086).

    What is stored is a digest (``utils.personal_token``). ``scope`` bounds what it may
    do of what its owner may do at that moment; ``amr`` is how the session that made it
    was proven, for roles that count with two factors only. Revoked, it is deleted.
    """

    __tablename__ = "personal_tokens"
    retention: ClassVar[str] = (
        "until it is revoked; else until it expired, plus "
        "AUTH_SERVE_RETENTION__SESSION_TTL"
    )
    exported: ClassVar[str] = "as `personal_tokens`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    scope: Mapped[str] = mapped_column(Text)  # names, joined by spaces
    amr: Mapped[list[str]]  # RFC 8176 values
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    last_used_at: Mapped[datetime | None]
    last_used_ip: Mapped[str | None] = mapped_column(String(45))

    @property
    def scopes(self) -> list[str]:
        """What it was made for, each by its name."""
        return self.scope.split()
