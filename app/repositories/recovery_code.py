"""SQL for recovery codes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from app.models.recovery_code import RecoveryCode
from app.repositories.base import Order, Repository

_OLDEST_FIRST = Order((RecoveryCode.id,))


class RecoveryCodeRepository(Repository[RecoveryCode]):
    """The set of each account that made one."""

    async def list_unused(self, user_id: UUID) -> Sequence[RecoveryCode]:
        """Return what is left of an account's set."""
        query = select(RecoveryCode).where(
            RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)
        )
        return (await self.db.scalars(query.order_by(RecoveryCode.id))).all()

    async def list_for_user(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[RecoveryCode]:
        """Return a page of all that is stored about an account's set."""
        query = select(RecoveryCode).where(RecoveryCode.user_id == user_id)
        key = None if after is None else [after]
        return await self.page(query, _OLDEST_FIRST, after=key, limit=limit)

    async def spend(self, code_id: UUID, now: datetime) -> bool:
        """Use a code up; False when somebody did before."""
        query = update(RecoveryCode).where(
            RecoveryCode.id == code_id, RecoveryCode.used_at.is_(None)
        )
        query = query.values(used_at=now)
        return len((await self.db.scalars(query.returning(RecoveryCode.id))).all()) == 1

    async def replace_hash(self, code_id: UUID, old: str, new: str) -> None:
        """Store another form of a code that is still unused and as it was."""
        query = update(RecoveryCode).where(
            RecoveryCode.id == code_id,
            RecoveryCode.code_hash == old,
            RecoveryCode.used_at.is_(None),
        )
        await self.db.execute(query.values(code_hash=new))

    async def delete_for_user(
        self, user_id: UUID, *, since: datetime | None = None
    ) -> int:
        """Delete the set of an account, if made since; return how many codes went."""
        query = delete(RecoveryCode).where(RecoveryCode.user_id == user_id)
        if since is not None:
            query = query.where(RecoveryCode.created_at >= since)
        return len((await self.db.scalars(query.returning(RecoveryCode.id))).all())
