"""Sessions: tokens for them, and their ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.context import current, passed
from app.core.exceptions import NotFound, Unauthenticated
from app.events.session import RefreshTokenReused, SessionRevoked, SessionsRevoked
from app.models.session import Session
from app.oauth.errors import Check
from app.policies.refresh_token import is_repeatable
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process
from app.services.sessions.end import (
    end_all_sessions,
    end_session,
    end_surplus_sessions,
)


class InvalidRefreshToken(Unauthenticated):
    """Forged, expired, revoked: sign in again."""

    code = "invalid_refresh_token"
    title = "The session is over; sign in again"


class ReusedRefreshToken(Unauthenticated):
    """A spent token came back: there are two holders, so there is none any more."""

    code = "refresh_token_reused"
    title = "The session was ended because its refresh token was used twice"


class SessionNotFound(NotFound):
    """There is no such live session of this account."""

    code = "session_not_found"
    title = "There is no such session"


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """What a client gets for a session. Lives are seconds from now."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int


class SessionTokenService:
    """Tokens of a session: issued, refreshed. One statement, no transaction held."""

    def __init__(self, process: Process) -> None:
        """Work outside of a request's transaction."""
        self._process = process

    async def refresh(self, token: str) -> IssuedTokens:
        """Exchange a refresh token for its successor and an access token.

        The same token again gets the very same successor, however late, until that
        is used: two tabs, a retry and a lost answer are no attack (ADR-0020). It is no
        use of the session: only the successor prolongs that.

        Raises:
            InvalidRefreshToken: Not ours, or the session is over.
            ReusedRefreshToken: Its successor was used; the session ends now.
        """
        process = self._process
        read = process.secret_key.read_refresh_token(token)
        if read is None:
            raise InvalidRefreshToken(hint="not a refresh token of ours")
        session_id, presented = read
        now = process.clock.now()
        idle = timedelta(seconds=process.settings.session.idle_ttl)
        row = await process.statements.rotate(session_id, presented, now=now, idle=idle)
        if row is None:
            row = await self._repeated(session_id, presented, now)
        context = current()
        context.user_id = row.user_id
        if context.is_explained:
            told = {"session": str(session_id), "count": str(presented)}
            passed(Check.REFRESH_TOKEN, {"user": str(row.user_id), **told})
        return await self.issue(
            session_id=session_id,
            user_id=row.user_id,
            counter=presented + 1,
            roles=tuple((row.roles or "").split()),
            expires_at=row.expires_at,
            now=now,
        )

    async def issue(
        self,
        *,
        session_id: UUID,
        user_id: UUID,
        counter: int,
        roles: Sequence[str],
        expires_at: datetime,
        now: datetime,
    ) -> IssuedTokens:
        """Return the tokens of a session at a count."""
        process = self._process
        access = await process.tokens.issue(
            user_id=user_id,
            session_id=session_id,
            roles=sorted(roles),
            token_id=process.randomness.uuid7(),
            now=now,
        )
        return IssuedTokens(
            access_token=access,
            expires_in=process.tokens.ttl,
            refresh_token=process.secret_key.refresh_token(session_id, counter),
            refresh_expires_in=int((expires_at - now).total_seconds()),
        )

    async def _repeated(self, session_id: UUID, presented: int, now: datetime) -> Any:
        """Return the session's row if the token was a retry; else refuse or end it."""
        state = await self._process.statements.state(session_id)
        if state is None:
            raise InvalidRefreshToken(hint="the session is gone")
        if state.revoked_at is not None or now >= state.expires_at:
            raise InvalidRefreshToken(hint="the session is revoked or expired")
        if state.status != "active":
            raise InvalidRefreshToken(hint="the account is disabled")
        window = timedelta(seconds=self._process.settings.session.refresh_window)
        if is_repeatable(
            presented,
            state.counter,
            counted_at=state.refreshed_at,
            now=now,
            window=window,
        ):
            return state
        await self._end_reused(state, session_id, presented)
        raise ReusedRefreshToken(hint=f"{presented} presented, at {state.counter}")

    async def _end_reused(self, state: Any, session_id: UUID, presented: int) -> None:
        async with self._process.unit_of_work() as uow:
            reason = "refresh_token_reused"
            if await end_session(uow, state.user_id, session_id, reason):
                uow.record(
                    RefreshTokenReused(
                        user_id=state.user_id,
                        session_id=session_id,
                        presented=presented,
                        current=state.counter,
                    )
                )


class SessionService:
    """Sessions of an account: listed and ended."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def list_live(
        self, user_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Session]:
        """Return a page of the live sessions, the latest first."""
        now = self._uow.clock.now()
        return await self._uow.sessions.list_live(
            user_id, now, after=after, limit=limit
        )

    async def end(self, user_id: UUID, session_id: UUID, reason: str) -> None:
        """End one session of a user; its refresh token dies with it.

        Raises:
            SessionNotFound: It is not the user's, or it was over already.
        """
        if not await end_session(self._uow, user_id, session_id, reason):
            raise SessionNotFound
        self._uow.record(
            SessionRevoked(user_id=user_id, session_id=session_id, reason=reason)
        )

    async def end_surplus(self, most: int, limit: int) -> int:
        """End what accounts have beyond so many live sessions; return how many ended.

        No table may grow as somebody likes, and nobody uses a hundred devices.
        """
        reason = "too_many_sessions"
        ended = await end_surplus_sessions(self._uow, most, reason, limit=limit)
        for user_id, session_id in ended:
            self._uow.record(
                SessionRevoked(user_id=user_id, session_id=session_id, reason=reason)
            )
        return len(ended)

    async def end_all(
        self, user_id: UUID, reason: str, *, keep: UUID | None = None
    ) -> int:
        """End a user's sessions and grants, but ``keep``; return how many ended."""
        count = await end_all_sessions(self._uow, user_id, reason, keep=keep)
        self._uow.record(SessionsRevoked(user_id=user_id, count=count, reason=reason))
        return count
