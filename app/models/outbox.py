"""Promises to the outside, kept by the worker."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class OutboxMessage(Base):
    """A message promised by a committed change, delivered at least once.

    ``id`` is the idempotency key. ``available_at`` is when it may be tried next; a
    claim moves it to the end of its lease, so a worker that dies gives the message back
    by itself. ``claims`` numbers the claims and only grows: whoever holds an older
    number is too late. ``attempts`` counts the tries, anew when somebody asks for it.
    ``traceparent`` names the request that promised it, where requests are traced.
    The payload names things, it holds no secret.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "delivered_at", "failed_at", "available_at"),)
    retention: ClassVar[str] = "until finished, plus AUTH_SERVE_RETENTION__OUTBOX_TTL"
    exported: ClassVar[str] = "no: on its way out; what it tells is in `activity`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    available_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    attempts: Mapped[int]
    claims: Mapped[int]
    leased_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None] = mapped_column(index=True)
    last_error: Mapped[str | None] = mapped_column(String(500))
    traceparent: Mapped[str | None] = mapped_column(String(55))
