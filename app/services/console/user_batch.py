"""One change of many accounts, each by the rules of a single one.

What one account refuses is undone for that account alone, and said; everything else is
committed together. Accounts are taken in the order of their ids, so that two batches
wait for each other instead of standing in each other's way.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.core.exceptions import AppError
from app.events.user import UsersChangedTogether
from app.policies.permission import ADMIN_ROLE, Actor
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.password import PasswordService
from app.services.accounts.user import UserService, charge_mail
from app.services.process.process import Process

MOST = 200
"""How many at a time: a second or two, in which nobody else changes administrators."""
YOURSELF = "yourself"


class BatchAction(StrEnum):
    """What can be done to many at once."""

    DISABLE = "disable"
    ENABLE = "enable"
    END_SESSIONS = "end_sessions"
    ADD_ROLE = "add_role"
    INVITE_AGAIN = "invite_again"


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be done, and to whom.

    Attributes:
        role: For ``ADD_ROLE``.
    """

    action: BatchAction
    user_ids: Sequence[UUID]
    role: str = ""


class UserBatchService:
    """Changes many accounts in one transaction."""

    def __init__(self, process: Process) -> None:
        """Open the transaction itself, once every mail is counted."""
        self._process = process

    async def run(self, actor: Actor, batch: Batch) -> UsersChangedTogether:
        """Do it, leave evidence, and return that.

        Args:
            actor: Who asks; their own account is left alone.
            batch: At most ``MOST`` accounts.
        """
        chosen = sorted(set(batch.user_ids))[:MOST]
        refused = {each: YOURSELF for each in chosen if each == actor.user_id}
        if batch.action is BatchAction.INVITE_AGAIN:
            refused |= await self._charge(actor, chosen, refused)
        async with self._process.unit_of_work() as uow:
            await uow.roles.by_name(ADMIN_ROLE, lock=True)
            work = self._work(uow, actor, batch)
            for user_id in chosen:
                if user_id not in refused:
                    code = await _apart(uow, work, user_id)
                    refused |= {user_id: code} if code else {}
            event = UsersChangedTogether(
                action=batch.action.value,
                role=batch.role,
                done=len(chosen) - len(refused),
                refused={str(user_id): code for user_id, code in refused.items()},
            )
            uow.record(event)
        return event

    def _work(
        self, uow: UnitOfWork, actor: Actor, batch: Batch
    ) -> Callable[[UUID], Awaitable[object]]:
        users = UserService(uow, self._process, PasswordService(self._process))
        works: dict[BatchAction, Callable[[UUID], Awaitable[object]]] = {
            BatchAction.DISABLE: lambda user_id: users.update(
                actor, user_id, {"status": "disabled"}, None
            ),
            BatchAction.ENABLE: lambda user_id: users.update(
                actor, user_id, {"status": "active"}, None
            ),
            BatchAction.END_SESSIONS: lambda user_id: users.revoke_sessions(
                actor, user_id
            ),
            BatchAction.ADD_ROLE: lambda user_id: users.change_roles(
                actor, user_id, add=[batch.role]
            ),
            BatchAction.INVITE_AGAIN: lambda user_id: users.send_invitation(
                actor, user_id
            ),
        }
        return works[batch.action]

    async def _charge(
        self, actor: Actor, user_ids: Collection[UUID], known: Collection[UUID]
    ) -> dict[UUID, str]:
        """Count the mails before the transaction; return who may be sent none."""
        refused = {}
        for user_id in user_ids:
            if user_id in known:
                continue
            try:
                await charge_mail(self._process, actor, user_id)
            except AppError as error:
                refused[user_id] = error.code
        return refused


async def _apart(
    uow: UnitOfWork, work: Callable[[UUID], Awaitable[object]], user_id: UUID
) -> str:
    """Change one account; return why it was refused, and leave it as it was then."""
    try:
        async with uow.db.begin_nested():
            await work(user_id)
    except AppError as error:
        return error.code
    return ""
