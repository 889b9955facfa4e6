"""Bodies of ``/api/v1/users/me/devices``."""

from uuid import UUID

from app.schemas.base import Instant, Output


class Device(Output):
    """A browser that is remembered for the second step."""

    id: UUID
    ip: str
    user_agent: str
    created_at: Instant
    last_used_at: Instant
    expires_at: Instant
