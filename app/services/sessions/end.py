"""The one way in which sessions end: applications are told in the same transaction.

A grant without ``offline_access`` is live only while its session is (ADR-0011), so
ending the session ends it. What ends all of a person's sessions ends every grant too,
offline ones among them: it happens because somebody else may have been in.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from app.models.oauth.client import OAuthClient
from app.repositories.unit_of_work import BACKCHANNEL_LOGOUT, UnitOfWork

# A code that is on its way to the token endpoint just now will be tokens in a moment:
# whoever holds it is told as well. This is the longest that a code may live.
_CODE = timedelta(minutes=10)


async def end_session(
    uow: UnitOfWork, user_id: UUID, session_id: UUID, reason: str
) -> bool:
    """End one live session of a user; tell whether there was one."""
    now = uow.clock.now()
    if not await uow.sessions.revoke(session_id, user_id, at=now, reason=reason):
        return False
    await _tell_applications(uow, [session_id])
    return True


async def end_all_sessions(
    uow: UnitOfWork, user_id: UUID, reason: str, *, keep: UUID | None = None
) -> int:
    """End a user's sessions and what was granted in them; return how many sessions.

    Args:
        uow: The caller's transaction.
        user_id: Whose.
        reason: Why.
        keep: This session and its grants live on.
    """
    now = uow.clock.now()
    # Twice: a refresh locks its grant before the session, and must not meet us on the
    # way back; and what was granted until the sessions ended must not slip through.
    await uow.oauth_grants.revoke_for_user(user_id, at=now, reason=reason, keep=keep)
    ended = await uow.sessions.revoke_all(user_id, at=now, reason=reason, keep=keep)
    await uow.oauth_grants.revoke_for_user(user_id, at=now, reason=reason, keep=keep)
    await _tell_applications(uow, ended)
    return len(ended)


async def end_in_session(
    uow: UnitOfWork,
    session_id: UUID,
    client_id: str,
    reason: str,
    *,
    is_told: bool = True,
) -> int:
    """End what one application has in a session; return how many grants.

    Args:
        uow: The caller's transaction.
        session_id: Which; it goes on.
        client_id: Which application.
        reason: Why.
        is_told: Whether its back channel hears of it; the end of the session tells.
    """
    now = uow.clock.now()
    ended = await uow.oauth_grants.revoke_in_session(
        session_id, client_id, at=now, reason=reason
    )
    if ended and is_told:
        await _tell_applications(uow, [session_id], client_id)
    return ended


async def end_surplus_sessions(
    uow: UnitOfWork, most: int, reason: str, *, limit: int
) -> Sequence[tuple[UUID, UUID]]:
    """End what accounts have beyond so many sessions; return account and session."""
    ended = await uow.sessions.revoke_surplus(
        most, at=uow.clock.now(), reason=reason, limit=limit
    )
    await _tell_applications(uow, [session_id for _, session_id in ended])
    return ended


async def end_these_sessions(
    uow: UnitOfWork,
    session_ids: Collection[UUID],
    reason: str,
    *,
    with_grants: bool = False,
) -> Sequence[tuple[UUID, UUID]]:
    """End sessions of whomever; return account and session of those that lived.

    Args:
        uow: The caller's transaction.
        session_ids: Which; some may be over.
        reason: Why.
        with_grants: Whether applications lose what they were to keep without the
            session as well.
    """
    now = uow.clock.now()
    if with_grants:  # before and after, as above
        await uow.oauth_grants.revoke_in_sessions(session_ids, at=now, reason=reason)
    ended = await uow.sessions.revoke_these(session_ids, at=now, reason=reason)
    if with_grants:
        await uow.oauth_grants.revoke_in_sessions(session_ids, at=now, reason=reason)
    await _tell_applications(uow, [session_id for _, session_id in ended])
    return ended


async def framed_applications(
    uow: UnitOfWork, session_id: UUID
) -> Sequence[OAuthClient]:
    """Return the applications that hear in a frame that a session ended.

    They are no part of the end: only a page that somebody looks at can frame them.
    """
    since = uow.clock.now() - _CODE
    return await uow.oauth_grants.list_framed(session_id, since)


async def _tell_applications(
    uow: UnitOfWork, session_ids: Sequence[UUID], client_id: str | None = None
) -> None:
    """Promise each application that was in a session to be told of its end.

    After the sessions were ended: what is granted from then on finds them so. The
    account is named by its id, since its name at a pairwise client takes the secret
    key, and neither that nor the row of a deleted account is needed here.
    """
    if not session_ids:
        return
    since = uow.clock.now() - _CODE
    for grant in await uow.oauth_grants.list_told(session_ids, since, client_id):
        uow.promise(
            BACKCHANNEL_LOGOUT,
            {
                "client_id": grant.client_id,
                "user_id": str(grant.user_id),
                "sid": str(grant.session_id),
            },
        )
