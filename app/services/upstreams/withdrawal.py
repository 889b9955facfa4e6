"""What was let in by a connection ends with it: sessions, in one way for all reasons.

Whoever ends them holds the connection, or the account, so that nobody begins another
one by it in the same moment (``services.sign_in.elsewhere.admit``).
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.events.session import SessionRevoked
from app.repositories.unit_of_work import UnitOfWork
from app.services.sessions.end import end_these_sessions

BATCH = 500  # sessions that statements name at once

# Why sessions end, for their rows and the trail
SIGNED_OUT, WITHDREW = "upstream_signed_out", "upstream_withdrew"
UNLINKED = "upstream_unlinked"
DISABLED, DELETED = "connection_disabled", "connection_deleted"


async def end_found(
    uow: UnitOfWork, found: Sequence[Any], reason: str, *, with_grants: bool
) -> int:
    """End sessions that ``upstream_sessions`` found; return how many lived.

    Args:
        uow: The caller's transaction.
        found: Rows with ``session_id``.
        reason: Why.
        with_grants: Whether what applications were granted in them ends as well that
            they were to keep: nobody could be asked about it any more.
    """
    if not found:
        return 0
    ids = [each.session_id for each in found]
    ended = await end_these_sessions(uow, ids, reason, with_grants=with_grants)
    for user_id, session_id in ended:
        uow.record(
            SessionRevoked(user_id=user_id, session_id=session_id, reason=reason)
        )
    return len(ended)


async def end_of_identity(uow: UnitOfWork, identity_id: UUID, reason: str) -> int:
    """End what began by an identity; return how many sessions lived."""
    found = await uow.upstream_sessions.of_identity(identity_id)
    return await end_found(uow, found, reason, with_grants=True)


async def end_of_connection(uow: UnitOfWork, connection_id: UUID, reason: str) -> int:
    """End what began by a connection, which is locked; return how many lived.

    A batch at a time, so that neither statements nor memory grow with their number.
    """
    after, count = None, 0
    while True:
        found = await uow.upstream_sessions.of_connection(connection_id, after, BATCH)
        count += await end_found(uow, found, reason, with_grants=True)
        await uow.db.flush()
        if len(found) < BATCH:
            return count
        after = found[-1].session_id
