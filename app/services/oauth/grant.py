"""What people granted to applications: ended, and kept in bounds."""

from uuid import UUID

from app.events.base import Event
from app.events.oauth.grant import GrantEnded
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process

MAX_GRANTS = 100  # of one person at one application; a sign-in to it makes one


class GrantService:
    """Grants as a whole, apart from single requests."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def end_surplus(self, limit: int, *, most: int = MAX_GRANTS) -> int:
        """End what people have beyond so many grants at one application.

        No table may grow as somebody likes. The least used end first, and their
        refresh tokens with them; nobody uses an application on a hundred devices.

        Args:
            limit: How many end at most.
            most: How many may live.

        Returns:
            How many ended.
        """
        now, reason = self._uow.clock.now(), "too_many_grants"
        ended = await self._uow.oauth_grants.revoke_surplus(
            most, at=now, reason=reason, limit=limit
        )
        for grant in ended:
            self._uow.record(
                GrantEnded(
                    user_id=grant.user_id,
                    client_id=grant.client_id,
                    grant_id=grant.id,
                    reason=reason,
                )
            )
        return len(ended)


async def end_grant(
    process: Process, grant_id: UUID, reason: str, evidence: Event
) -> None:
    """End a grant in a transaction of its own; only who ended it leaves evidence."""
    async with process.unit_of_work() as uow:
        if await uow.oauth_grants.revoke(grant_id, at=uow.clock.now(), reason=reason):
            uow.record(evidence)
