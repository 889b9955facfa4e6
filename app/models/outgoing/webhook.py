"""Where events are sent, and what became of each (ADR-0094)."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Webhook(Base):
    """An endpoint of somebody else that is told what happens here.

    ``secret`` and ``previous_secret`` are sealed; the latter signs beside the former
    until ``previous_until``, and so do ``signing_key`` and ``previous_signing_key``,
    the private halves of a pair (Ed25519), where the endpoint has one. Every event up
    to ``seen_id`` has its delivery, or was not asked for. ``failures`` are those in a
    row, the first of them at ``failing_since``; nothing is sent before
    ``paused_until``. ``version`` counts the changes by people.
    """

    __tablename__ = "webhooks"
    retention: ClassVar[str] = "until the webhook is deleted"
    exported: ClassVar[str] = "no: another service, and nobody's account"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(1024))
    description: Mapped[str] = mapped_column(String(200))
    events: Mapped[list[str]]
    enabled: Mapped[bool]
    disabled_reason: Mapped[str | None] = mapped_column(String(16))
    secret: Mapped[bytes]
    previous_secret: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    signing_key: Mapped[bytes | None]
    previous_signing_key: Mapped[bytes | None]
    seen_id: Mapped[UUID]
    failures: Mapped[int]
    failing_since: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def asymmetric(self) -> bool:
        """Whether a key signs besides the secret."""
        return self.signing_key is not None


class WebhookDelivery(Base):
    """One event for one endpoint, claimed and tried as messages of the outbox are.

    What is sent is made from the event when it is sent. Those with one ``subject``
    leave one after another, in the order of ``event_id``.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        Index("ix_webhook_deliveries_order", "webhook_id", "subject", "event_id"),
        Index(
            "ix_webhook_deliveries_due",
            *("delivered_at", "failed_at", "available_at", "webhook_id"),
        ),
        Index(None, "failed_at"),
    )
    retention: ClassVar[str] = (
        "until finished, or due for 7 days; plus AUTH_SERVE_RETENTION__OUTBOX_TTL"
    )
    exported: ClassVar[str] = "no: only ids; what it tells is in `activity`"
    traceparent: ClassVar[str | None] = None  # the trail, which promised it, has none

    id: Mapped[UUID] = mapped_column(primary_key=True)
    webhook_id: Mapped[UUID] = mapped_column(
        ForeignKey("webhooks.id", ondelete="CASCADE")
    )
    event_id: Mapped[UUID]
    event_name: Mapped[str] = mapped_column(String(64))
    subject: Mapped[UUID]
    created_at: Mapped[datetime]
    available_at: Mapped[datetime]
    attempts: Mapped[int]
    claims: Mapped[int]
    leased_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(500))
