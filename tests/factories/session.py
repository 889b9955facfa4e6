"""Sessions past every sign-in, for tests of what becomes of them."""

from datetime import datetime
from uuid import UUID

from app.models import Session
from app.services.server.runtime import Runtime


def session_of(
    runtime: Runtime,
    user_id: UUID,
    expires_at: datetime,
    *,
    revoked_at: datetime | None = None,
) -> Session:
    """Return a session that began just now, not yet stored."""
    now = runtime.clock.now()
    return Session(
        id=runtime.randomness.uuid7(),
        user_id=user_id,
        counter=0,
        amr=["pwd"],
        ip="",
        network="",
        user_agent="",
        created_at=now,
        authenticated_at=now,
        refreshed_at=now,
        expires_at=expires_at,
        absolute_expires_at=expires_at,
        revoked_at=revoked_at,
    )
