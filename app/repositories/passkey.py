"""SQL for passkeys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from app.models.passkey import Passkey
from app.repositories.base import Order, Repository
from app.repositories.statements.session import knows_network

_OLDEST_FIRST = Order((Passkey.id,))


class PasskeyRepository(Repository[Passkey]):
    """Passkeys of an account, and the one of a credential id."""

    async def list_for_user(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[Passkey]:
        """Return a page of an account's passkeys, the oldest first."""
        query = select(Passkey).where(Passkey.user_id == user_id)
        key = None if after is None else [after]
        return await self.page(query, _OLDEST_FIRST, after=key, limit=limit)

    async def claimed(
        self, credential_id: bytes, network: str
    ) -> tuple[Passkey, bool] | None:
        """Return the passkey of whoever it is, or None.

        And whether its owner signed in from a network before.
        """
        is_known = knows_network(Passkey.user_id, network)
        query = select(Passkey, is_known).where(Passkey.credential_id == credential_id)
        row = (await self.db.execute(query)).one_or_none()
        return None if row is None else (row[0], bool(row[1]))

    async def by_id(self, passkey_id: UUID, user_id: UUID) -> Passkey | None:
        """Return a passkey of this account, or None."""
        query = select(Passkey).where(
            Passkey.id == passkey_id, Passkey.user_id == user_id
        )
        return await self.one_or_none(query)

    async def spend(
        self,
        passkey_id: UUID,
        sign_count: int,
        *,
        is_backup_eligible: bool,
        is_backed_up: bool,
        now: datetime,
    ) -> bool:
        """Move the counter on; False when another sign-in moved it as far before.

        An authenticator without a counter sends 0 always (WebAuthn Level 3 6.1.1).
        """
        forward = or_(
            Passkey.sign_count < sign_count,
            (Passkey.sign_count == 0) & (sign_count == 0),
        )
        query: Any = update(Passkey).where(Passkey.id == passkey_id, forward)
        query = query.values(
            sign_count=sign_count,
            is_backup_eligible=is_backup_eligible,
            is_backed_up=is_backed_up,
            last_used_at=now,
        )
        return len((await self.db.scalars(query.returning(Passkey.id))).all()) == 1

    async def delete_for_user(
        self,
        user_id: UUID,
        passkey_id: UUID | None = None,
        *,
        since: datetime | None = None,
    ) -> int:
        """Delete one passkey, or all, or those made since; return how many went."""
        query = delete(Passkey).where(Passkey.user_id == user_id)
        if passkey_id is not None:
            query = query.where(Passkey.id == passkey_id)
        if since is not None:
            query = query.where(Passkey.created_at >= since)
        return len((await self.db.scalars(query.returning(Passkey.id))).all())
