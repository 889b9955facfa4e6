"""What people agreed to, application by application."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class OAuthConsent(Base):
    """The scopes and single claims that a person let an application have.

    All are joined by spaces, sorted. ``claims`` are those that no scope stands for;
    ``places`` is where they agreed to be sent to (ADR-0014). ``resources`` is what they
    agreed to at APIs that were named, each with a list of scopes; ``scope`` has none of
    that (ADR-0075).
    """

    __tablename__ = "oauth_consents"
    __table_args__ = (UniqueConstraint("user_id", "client_id"),)
    retention: ClassVar[str] = "until revoked, or with its account or client"
    exported: ClassVar[str] = "as `oauth_consents`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    client_id: Mapped[str] = mapped_column(
        ForeignKey("oauth_clients.client_id", ondelete="CASCADE"), index=True
    )
    scope: Mapped[str] = mapped_column(Text)
    claims: Mapped[str] = mapped_column(Text)
    places: Mapped[str | None] = mapped_column(Text)
    resources: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
