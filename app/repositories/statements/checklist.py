"""SQL for the checklist of a new installation."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select

from app.models.checklist_mark import ChecklistMark
from app.models.oauth.client import OAuthClient
from app.models.outbox import OutboxMessage
from app.models.passkey import Passkey
from app.models.totp import Totp
from app.repositories.base import Repository, upserting


class ChecklistRepository(Repository[ChecklistMark]):
    """Marks, and in one statement what items are judged by."""

    async def marks(self) -> Sequence[ChecklistMark]:
        """Return every mark."""
        return (await self.db.scalars(select(ChecklistMark))).all()

    async def put(self, item: str, mark: str, at: datetime) -> None:
        """Mark an item, or move its mark to now."""
        adding = upserting(self.db.get_bind().dialect.name)(ChecklistMark)
        await self.db.execute(
            adding.values(item=item, mark=mark, marked_at=at).on_conflict_do_update(
                index_elements=[ChecklistMark.item, ChecklistMark.mark],
                set_={"marked_at": at},
            )
        )

    async def remove(self, item: str, mark: str) -> None:
        """Take a mark away, if it is there."""
        mine = (ChecklistMark.item == item) & (ChecklistMark.mark == mark)
        await self.db.execute(delete(ChecklistMark).where(mine))

    async def facts(self, user_id: UUID, but_client: str, kind: str) -> Any:
        """Return what the database tells of an installation.

        Args:
            user_id: Whose second factor is looked for.
            but_client: A client that does not count.
            kind: Of messages, of which it is asked when one was last delivered and
                when one was last given up.
        """
        ours = OutboxMessage.kind == kind
        delivered = select(func.max(OutboxMessage.delivered_at)).where(ours)
        failed = select(func.max(OutboxMessage.failed_at)).where(ours)
        factor = or_(
            exists().where(Passkey.user_id == user_id),
            exists().where(Totp.user_id == user_id),
        )
        query = select(
            exists().where(OAuthClient.client_id != but_client).label("has_client"),
            factor.label("has_factor"),
            delivered.scalar_subquery().label("delivered_at"),
            failed.scalar_subquery().label("failed_at"),
        )
        return (await self.db.execute(query)).one()
