"""The other side is asked again about who came from there, while they are signed in.

By a refresh token, or one that still says whose it is. What is over there ends here;
that nobody answers is no word about anybody. Of a refresh token that changes with each
use one process alone may have it: a session is claimed before its token is sent, and
what was learned counts only while it is claimed.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.events.upstream import UpstreamWithdrawn
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process
from app.services.sign_in.elsewhere import (
    asked_every,
    kept_tokens,
    opened_tokens,
    sealed_tokens,
)
from app.services.upstreams.directory import ConnectionDirectory, Way
from app.services.upstreams.follow import follow_groups, follow_profile
from app.services.upstreams.withdrawal import WITHDREW, end_found

if TYPE_CHECKING:
    from app.upstreams.protocol import Refused, Tokens, UpstreamIdentity

BATCH = 40  # sessions of a run
_AT_ONCE = 4  # questions that are under way
_LEASE = timedelta(seconds=120)  # longer than any answer may take
_AGAIN = timedelta(seconds=300)  # after a question that nobody answered
_OFF = timedelta(days=1)
# What says that somebody is not who they were there, or not any more.
_OVER = frozenset({"withdrawn", "not_admitted", "wrong_subject"})
_log = logging.getLogger("auth_serve.connection")


class UpstreamCheckService:
    """Asks about the sessions that are due."""

    def __init__(self, process: Process, connections: ConnectionDirectory) -> None:
        """Work in transactions of its own; none is open while somebody is asked."""
        self._process = process
        self._connections = connections

    async def advance(self) -> bool:
        """Ask about a batch; True while there may be more."""
        ways = {way.id: way for way in await self._connections.all()}
        if not ways:
            return False  # sessions of what is off have ended
        now = self._process.clock.now()
        async with self._process.unit_of_work(read_only=True) as uow:
            due = await uow.upstream_sessions.list_due(now, BATCH)
        turns = asyncio.Semaphore(_AT_ONCE)

        async def in_turn(row: Any) -> None:
            async with turns:
                await self._check(row, ways.get(row.connection_id))

        await asyncio.gather(*(in_turn(row) for row in due))
        return len(due) == BATCH

    async def _check(self, row: Any, way: Way | None) -> None:
        now = self._process.clock.now()
        every = asked_every(way.policy, way) if way else 0
        tokens = opened_tokens(self._process, row.identity_id, row.sealed_tokens)
        is_askable = _is_askable(tokens, now.timestamp())
        signs_out = way is not None and way.policy.get("signs_out")
        is_hint = tokens is not None and signs_out and tokens.id_token is not None
        if not row.is_live or tokens is None or not (is_askable or is_hint):
            async with self._process.unit_of_work() as uow:
                await uow.upstream_sessions.forget(row.session_id, row.claims)
            return
        wait = _LEASE if way and every and is_askable else _OFF
        async with self._process.unit_of_work() as uow:
            is_mine = await uow.upstream_sessions.claim(
                row.session_id, row.claims, now + wait
            )
        if is_mine and way is not None and every and is_askable:
            await self._ask(row, way, tokens, timedelta(seconds=every))

    async def _ask(
        self, row: Any, way: Way, tokens: "Tokens", every: timedelta
    ) -> None:
        from app.upstreams.password import PasswordConnector
        from app.upstreams.protocol import Reason, Refused

        if isinstance(way.connector, PasswordConnector):
            return  # a directory gives no tokens
        try:
            identity = await way.connector.refresh(
                row.subject, replace(tokens, id_token=None)
            )
        except Refused as refusal:
            if refusal.reason in _OVER:
                await self._end(row, way, refusal)
                return
            told = {"connection": way.name, "reason": str(refusal)}
            _log.warning("the other side says nothing of somebody", extra=told)
            until = self._process.clock.now() + min(_AGAIN, every)
            is_silent = refusal.reason is Reason.UNREACHABLE
            async with self._process.unit_of_work() as uow:
                await uow.upstream_sessions.postpone(
                    row.session_id, way.id if is_silent else None, until
                )
            return
        await self._follow(row, way, identity, tokens, every)

    async def _follow(
        self,
        row: Any,
        way: Way,
        identity: "UpstreamIdentity",
        before: "Tokens",
        every: timedelta,
    ) -> None:
        """Keep the tokens that follow, and take over who they are now."""
        # The ID token of before was not shown, so that this one came with the answer.
        is_whole = identity.tokens.id_token is not None
        follows = replace(
            identity.tokens,
            refresh_token=identity.tokens.refresh_token or before.refresh_token,
            id_token=identity.tokens.id_token or before.id_token,
        )
        kept = kept_tokens(follows, way.policy, asks=True)
        sealed = sealed_tokens(self._process, row.identity_id, kept)
        async with self._process.unit_of_work() as uow:
            user = await uow.users.by_id(row.user_id, lock=True)
            connection = await uow.connections.shared(way.id)
            due_at = uow.clock.now() + every
            is_mine = await uow.upstream_sessions.settle(
                row.session_id, row.claims + 1, sealed, due_at
            )
            if user is None or connection is None or not is_mine:
                return
            policy: Mapping[str, Any] = connection.policy
            await follow_profile(uow, user, policy, identity.claims)
        if is_whole or policy["follow"]["groups"]["claim"] in identity.claims:
            await follow_groups(self._process, row.user_id, policy, identity.claims)

    async def _end(self, row: Any, way: Way, refusal: "Refused") -> None:
        """End the session, and have all others of that identity asked about at once.

        Those that nobody can be asked about end with it.
        """
        async with self._process.unit_of_work() as uow:
            await uow.users.by_id(row.user_id, lock=True)  # as a sign-in does first
            sessions = uow.upstream_sessions
            if not await sessions.forget(row.session_id, row.claims + 1):
                return  # signed in to once more meanwhile
            others = await sessions.live_of(row.identity_id, uow.clock.now())
            found = [row, *(each for each in others if not self._can_ask(each))]
            count = await end_found(uow, found, WITHDREW, with_grants=True)
            await sessions.hurry(row.identity_id, uow.clock.now())
            self._tell(uow, row, way, refusal, count)

    def _tell(
        self, uow: UnitOfWork, row: Any, way: Way, refusal: "Refused", count: int
    ) -> None:
        uow.record(
            UpstreamWithdrawn(
                user_id=row.user_id,
                connection=way.name,
                identity_id=row.identity_id,
                reason=str(refusal.reason),
                detail=refusal.detail[:500],
                sessions=count,
            )
        )

    def _can_ask(self, row: Any) -> bool:
        tokens = opened_tokens(self._process, row.id, row.sealed_tokens)
        return _is_askable(tokens, self._process.clock.now().timestamp())


def _is_askable(tokens: "Tokens | None", now: float) -> bool:
    """Tell whether a token still says something; that one has expired says nothing."""
    if tokens is None:
        return False
    if tokens.refresh_token is not None:
        return True
    expires_at = tokens.expires_at
    return tokens.access_token is not None and (expires_at is None or expires_at > now)
