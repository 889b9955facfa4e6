"""Connects an account with who its owner is elsewhere; both were proven."""

from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.services.process.process import Process
from app.services.upstreams.account import UpstreamAccountService
from app.services.upstreams.errors import UpstreamSignInRefused


async def connect(
    process: Process,
    connection_id: UUID,
    user_id: UUID,
    subject: str,
    claims: dict[str, Any],
) -> None:
    """Connect an account with who its owner is elsewhere; both were proven.

    Raises:
        UpstreamSignInRefused: Connection or account changed, or somebody else's
            account is known by it.
    """
    try:
        async with process.unit_of_work() as uow:
            connection = await uow.connections.shared(connection_id)
            user = await uow.users.by_id(user_id, lock=True)
            if connection is None or user is None or not user.is_active:
                raise UpstreamSignInRefused("changed_meanwhile", "one of both is gone")
            identities = uow.upstream_identities
            known = await identities.by_subject(connection_id, subject)
            if known is not None and known.user_id == user_id:
                return
            if known is not None:
                raise UpstreamSignInRefused("linked_elsewhere", "to another account")
            accounts = UpstreamAccountService(uow, process, connection)
            await accounts.link_as(user, subject, claims, "proven")
    except IntegrityError as error:
        raise UpstreamSignInRefused("linked_elsewhere", "a moment ago") from error
