"""Connects an account with who its owner is elsewhere; both were proven."""

from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.services.accounts.errors import UserNotFound
from app.services.factors.change import changeable
from app.services.process.process import Process
from app.services.sessions.authentication import InvalidAccessToken
from app.services.sign_in.browser_session import BrowserAccount
from app.services.upstreams.account import UpstreamAccountService
from app.services.upstreams.errors import UpstreamSignInRefused
from app.services.upstreams.journey import settings_mark


async def connect(
    process: Process,
    connection_id: UUID,
    account: BrowserAccount,
    subject: str,
    claims: dict[str, Any],
    asked: str,
) -> None:
    """Connect an account with who its owner is elsewhere; both were proven.

    It is a way in that lasts, so it takes what a factor does: a session that still
    lives after the other side took its time, and an address that was confirmed.

    Args:
        process: The process.
        connection_id: By which they came.
        account: Whose, as it is signed in.
        subject: Who they are there.
        claims: What is kept of them.
        asked: ``settings_mark`` of who said so: today's settings may name another.

    Raises:
        AddressNotConfirmed: Anybody may have registered the account.
        FactorsFrozen: Somebody is looking into a sign-in.
        UpstreamSignInRefused: Connection or account changed, or somebody else's
            account is known by it.
    """
    try:
        async with process.unit_of_work() as uow:
            connection = await uow.connections.shared(connection_id)
            user = await changeable(uow, account.user_id, account.session_id)
            if connection is None or not user.is_active:
                raise UpstreamSignInRefused("changed_meanwhile", "one of both is gone")
            if settings_mark(connection.settings) != asked:
                raise UpstreamSignInRefused("changed_meanwhile", "other settings")
            identities = uow.upstream_identities
            known = await identities.by_subject(connection_id, subject)
            if known is not None and known.user_id == user.id:
                return
            if known is not None:
                raise UpstreamSignInRefused("linked_elsewhere", "to another account")
            accounts = UpstreamAccountService(uow, process, connection)
            await accounts.link_as(user, subject, claims, "proven")
    except (InvalidAccessToken, UserNotFound) as error:
        raise UpstreamSignInRefused("changed_meanwhile", "signed out") from error
    except IntegrityError as error:
        raise UpstreamSignInRefused("linked_elsewhere", "a moment ago") from error
