"""The one door for outbound HTTP: time, size, address and failure limits for all."""

from app.core.outbound.body import OutboundResponse
from app.core.outbound.client import OutboundClient, breaker_of
from app.core.outbound.errors import OutboundFailed, OutboundRefused

__all__ = [
    "OutboundClient",
    "OutboundFailed",
    "OutboundRefused",
    "OutboundResponse",
    "breaker_of",
]
