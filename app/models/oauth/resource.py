"""APIs that access tokens are asked for by name."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

MAX_IDENTIFIER = 1_024  # characters
IDENTIFIER = String(MAX_IDENTIFIER).with_variant(
    String(MAX_IDENTIFIER, collation="C"), "postgresql"
)


class OAuthResource(Base):
    """A protected resource (RFC 8707), as `app.oauth.clients.resource` explains it.

    ``scopes`` is what each of its scopes means to people. ``access``,
    ``audience_form`` and ``scope_form`` are words of the engine. ``version`` counts the
    changes (``ETag``).
    """

    __tablename__ = "oauth_resources"
    __table_args__ = (CheckConstraint("status IN ('active', 'disabled')", "status"),)
    retention: ClassVar[str] = "until the resource is deleted"
    exported: ClassVar[str] = "no: an API, and nobody's account"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier: Mapped[str] = mapped_column(IDENTIFIER, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[dict[str, Any]]
    access: Mapped[str] = mapped_column(String(16))
    access_token_ttl: Mapped[int | None]
    algorithm: Mapped[str | None] = mapped_column(String(16))
    typ: Mapped[str] = mapped_column(String(16))
    audience_form: Mapped[str] = mapped_column(String(16))
    scope_form: Mapped[str] = mapped_column(String(16))
    claims: Mapped[list[Any]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
