"""SQL for authenticator applications."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from app.models.totp import Totp
from app.repositories.base import Order, Repository

_OLDEST_FIRST = Order((Totp.id,))


class TotpRepository(Repository[Totp]):
    """At most one for each account."""

    async def of(self, user_id: UUID) -> Totp | None:
        """Return the one of an account, or None."""
        return await self.one_or_none(select(Totp).where(Totp.user_id == user_id))

    async def list_for_user(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[Totp]:
        """Return what is stored about the account's, as a page of at most one."""
        query = select(Totp).where(Totp.user_id == user_id)
        key = None if after is None else [after]
        return await self.page(query, _OLDEST_FIRST, after=key, limit=limit)

    async def spend(self, totp_id: UUID, step: int, now: datetime) -> bool:
        """Accept the code of a time step; False when it or a later one was before."""
        unused = or_(Totp.last_step.is_(None), Totp.last_step < step)
        query = update(Totp).where(Totp.id == totp_id, unused)
        query = query.values(last_step=step, last_used_at=now)
        return len((await self.db.scalars(query.returning(Totp.id))).all()) == 1

    async def delete_for_user(
        self, user_id: UUID, *, since: datetime | None = None
    ) -> int:
        """Delete the one of an account, if it came since; return how many went."""
        query = delete(Totp).where(Totp.user_id == user_id)
        if since is not None:
            query = query.where(Totp.created_at >= since)
        return len((await self.db.scalars(query.returning(Totp.id))).all())
