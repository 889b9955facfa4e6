"""What leaves the service as a whole, and who had it sent."""

from typing import ClassVar

from app.events.base import Event, event


@event
class AuditExported(Event):
    """Somebody had the audit trail, or a span of it, written out as a whole."""

    name: ClassVar[str] = "audit.exported"

    form: str
    since: str | None
    until: str
