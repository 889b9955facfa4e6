"""SQL that ends everything that was issued, whosever it is."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from app.database import Database
from app.models.idempotency_key import IdempotencyKey
from app.models.oauth.grant import OAuthGrant
from app.models.one_time_token import OneTimeToken
from app.models.outbox import OutboxMessage
from app.models.session import Session
from app.models.token_epoch import TokenEpoch
from app.repositories.base import Repository

_CURRENT = (
    select(TokenEpoch.id)
    .order_by(TokenEpoch.started_at.desc(), TokenEpoch.id.desc())
    .limit(1)
)


async def current_epoch(database: Database) -> UUID | None:
    """Return the id of the latest epoch, outside of any transaction."""
    row = await database.fetch_one(_CURRENT, {})
    found: UUID | None = row.id if row is not None else None
    return found


class TokenEpochRepository(Repository[TokenEpoch]):
    """Epochs, and what each of them ends."""

    async def current(self) -> UUID | None:
        """Return the id of the latest epoch, or None before the first."""
        found: UUID | None = await self.db.scalar(_CURRENT)
        return found

    async def revoke_sessions(self, at: datetime, reason: str) -> int:
        """End every session that is not revoked; return how many."""
        return await self._revoke(Session, at, reason)

    async def revoke_grants(self, at: datetime, reason: str) -> int:
        """End every grant, redeemed or not; return how many."""
        return await self._revoke(OAuthGrant, at, reason)

    async def use_up_tokens(self, at: datetime) -> int:
        """Use up every link, code, flow and initial access token; return how many."""
        unused = OneTimeToken.consumed_at.is_(None)
        query = update(OneTimeToken).where(unused).values(consumed_at=at)
        return await self._count(query.returning(OneTimeToken.id))

    async def forget_answers(self) -> None:
        """Forget the answers that would be given again; they may hold tokens."""
        await self.db.execute(delete(IdempotencyKey))

    async def stop_messages(self, at: datetime, why: str) -> None:
        """Give up what waits: its links are dead, or it was delivered long ago."""
        waiting = OutboxMessage.delivered_at.is_(None), OutboxMessage.failed_at.is_(
            None
        )
        query = update(OutboxMessage).where(*waiting)
        await self.db.execute(query.values(failed_at=at, last_error=why))

    async def _revoke(self, table: Any, at: datetime, reason: str) -> int:
        live = table.revoked_at.is_(None)
        query = update(table).where(live).values(revoked_at=at, revoked_reason=reason)
        return await self._count(query.returning(table.id))

    async def _count(self, changing: Any) -> int:
        return len((await self.db.scalars(changing)).all())
