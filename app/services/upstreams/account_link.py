"""Who owners of accounts are elsewhere, as administrators see it, and end it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.core.exceptions import Forbidden
from app.events.upstream import UpstreamUnlinked
from app.models.user import User
from app.policies.permission import Actor
from app.policies.user import may_edit
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.connection import AccountLink
from app.services.accounts.change import existing
from app.services.factors.way_in import LastWayIn, demand_way_in
from app.services.one_time.not_me_link import not_me_link
from app.services.process.process import Process
from app.services.upstreams.account import told_as
from app.services.upstreams.errors import UpstreamLinkNotFound
from app.services.upstreams.withdrawal import UNLINKED, end_of_identity


class AccountLinkService:
    """What users with ``users:read`` and ``users:write`` may do."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._process = process

    async def list_page(
        self, user_id: UUID, *, after: UUID | None = None, limit: int
    ) -> Sequence[AccountLink]:
        """Return who somebody is elsewhere, the oldest first.

        Raises:
            UserNotFound: There is no such account.
        """
        await existing(self._uow, user_id)
        return await self.list_known(user_id, after=after, limit=limit)

    async def list_known(
        self, user_id: UUID, *, after: UUID | None = None, limit: int
    ) -> Sequence[AccountLink]:
        """Return the same of an account that is known to be there."""
        identities = self._uow.upstream_identities
        rows = await identities.list_with_names(user_id, after, limit)
        return [_shown(*row) for row in rows]

    async def end(
        self, actor: Actor, user_id: UUID, link_id: UUID, *, even_last: bool
    ) -> None:
        """End a link of somebody, who is told; sessions that began by it end too.

        Args:
            actor: Who asks. Their own links they end as every owner does, who has to
                have signed in just now.
            user_id: Whose.
            link_id: Which.
            even_last: Whether nobody may get into the account any more by it.

        Raises:
            Forbidden: The account may do more than the actor, or is theirs.
            LastWayIn: Nobody would get in any more.
            UpstreamLinkNotFound: There is none.
            UserNotFound: There is no such account.
        """
        if actor.user_id == user_id:
            raise Forbidden(hint="one's own links are ended at the account")
        user = await existing(self._uow, user_id, lock=True)
        refusal = may_edit(actor, await self._uow.roles.permissions_of(user_id))
        if refusal is not None:
            raise Forbidden(hint=refusal)
        await unlink(
            self._uow, self._process, user, link_id, actor.user_id, even_last=even_last
        )


async def unlink(
    uow: UnitOfWork,
    process: Process,
    user: User,
    link_id: UUID,
    actor_id: UUID,
    *,
    even_last: bool = False,
) -> None:
    """End a link; whoever comes by it from then on is not this account's owner.

    Args:
        uow: The caller's transaction.
        process: The process.
        user: Whose, locked.
        link_id: Which.
        actor_id: Who ends it.
        even_last: Whether nobody may get in any more.

    Raises:
        LastWayIn: Nobody would get in any more.
        UpstreamLinkNotFound: There is none.
    """
    links = await uow.upstream_identities.list_with_names(user.id)
    ended = [each for each in links if each[0].id == link_id]
    if not ended:
        raise UpstreamLinkNotFound
    await end_of_identity(uow, link_id, UNLINKED)
    await uow.upstream_identities.delete_one(user.id, link_id)
    was_last = await _is_shut(uow, user)
    if was_last and not even_last:
        raise LastWayIn
    user.factors_version += 1  # a sign-in by it that is under way is over
    connection = ended[0][1]
    uow.record(
        UpstreamUnlinked(
            user_id=user.id,
            actor_id=actor_id,
            connection=connection.name,
            service=connection.display_name,
            identity_id=link_id,
            was_last=was_last,
            to=user.email,
            locale=user.locale,
            not_me_id=not_me_link(uow, process, user),
        )
    )


async def _is_shut(uow: UnitOfWork, user: User) -> bool:
    try:
        await demand_way_in(uow, user)
    except LastWayIn:
        return True
    return False


def _shown(row: Any, connection: Any) -> AccountLink:
    return AccountLink(
        id=row.id,
        connection=connection.name,
        display_name=connection.display_name,
        enabled=connection.enabled,
        subject=row.subject,
        who=told_as(row.claims),
        linked_at=row.linked_at,
        last_used_at=row.last_used_at,
    )
