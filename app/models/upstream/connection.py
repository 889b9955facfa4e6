"""Connections to identity elsewhere, and who is known there as whom."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

MAX_CONNECTIONS = 100  # each process holds those that are on
CHECK_EVERY = 3_600  # seconds, unless an administrator says otherwise
MAX_SUBJECT = 255  # characters (OIDC Core §2)


class Connection(Base):
    """Where people may come from who are known elsewhere (ADR-0101).

    ``name`` is part of the address that the other side answers to. ``settings`` are
    those of the kind, but for the secret ones, which are sealed together in
    ``sealed_secrets``. ``policy`` says what is believed of the other side, as
    ``schemas.connection.Policy`` has it. ``version`` counts the changes.
    """

    __tablename__ = "connections"
    retention: ClassVar[str] = "until the connection is deleted"
    exported: ClassVar[str] = "no: another service, and nobody's account"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    display_name: Mapped[str] = mapped_column(String(100))
    enabled: Mapped[bool]
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    sealed_secrets: Mapped[bytes | None]
    policy: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class UpstreamIdentity(Base):
    """Somebody as a connection knows them, and whose account that is here.

    Only connection and subject say who it is. ``claims`` is what a person tells the
    account from others of theirs by: an address, a name.
    """

    __tablename__ = "upstream_identities"
    __table_args__ = (UniqueConstraint("connection_id", "subject"),)
    retention: ClassVar[str] = "as long as the user and the connection"
    exported: ClassVar[str] = "as `upstream_identities`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE")
    )
    subject: Mapped[str] = mapped_column(String(MAX_SUBJECT))
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    claims: Mapped[dict[str, Any]] = mapped_column(JSON)
    linked_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
