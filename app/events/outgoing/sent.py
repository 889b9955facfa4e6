"""What leaves the service, and who had it sent."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, event


@event
class AuditExported(Event):
    """Somebody had the audit trail, or a span of it, written out as a whole."""

    name: ClassVar[str] = "audit.exported"

    form: str
    since: str | None
    until: str


@event
class WebhookCreated(Event):
    """An endpoint is told of events from now on; ``url`` is without path and query."""

    name: ClassVar[str] = "webhook.created"

    webhook_id: UUID
    url: str
    events: tuple[str, ...]


@event
class WebhookUpdated(Event):
    """What an endpoint is told, or where it is, changed.

    ``url`` is where it is now, without path and query.
    """

    name: ClassVar[str] = "webhook.updated"

    webhook_id: UUID
    url: str
    fields: tuple[str, ...]


@event
class WebhookDeleted(Event):
    """An endpoint is told nothing any more; ``url`` is without path and query."""

    name: ClassVar[str] = "webhook.deleted"

    webhook_id: UUID
    url: str


@event
class WebhookSecretRotated(Event):
    """An endpoint has another secret; the one before signs for ``overlap`` seconds."""

    name: ClassVar[str] = "webhook.secret_rotated"

    webhook_id: UUID
    overlap: int


@event
class WebhookTested(Event):
    """Somebody had this very event sent to an endpoint, to see that it arrives."""

    name: ClassVar[str] = "webhook.tested"

    webhook_id: UUID


@event
class WebhookReplayed(Event):
    """Somebody had events sent to an endpoint once more."""

    name: ClassVar[str] = "webhook.replayed"

    webhook_id: UUID
    count: int


@event
class WebhookDisabled(Event):
    """An endpoint failed for too long, or said that it is gone for good."""

    name: ClassVar[str] = "webhook.disabled"

    webhook_id: UUID
    url: str
    reason: str
