"""Signing out with an ID token alone, as servers of applications do (ADR-0015).

Keycloak as a broker and oauth2-proxy ask from their servers: no cookie comes along. The
token proves that we told this client of this session, and no more; so what it ends is
bounded by time, by a setting, and by whether anybody vouches for the client.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from app.events.logout import LogoutByHint
from app.oauth.clients.client import Client
from app.oauth.hints import Hint
from app.repositories.unit_of_work import UnitOfWork
from app.services.oauth.person import session_name, subject_of
from app.services.process.process import Process
from app.services.sessions.end import end_in_session
from app.services.sessions.session import SessionNotFound, SessionService

_REASON = "oauth_logout"


@dataclass(frozen=True, slots=True)
class NamedSession:
    """A session that lives, and that a hint names.

    Attributes:
        name: ``sid`` as the client knows it.
        is_ended: Whether the hint is good enough to end anything of it.
    """

    session_id: UUID
    user_id: UUID
    name: str
    is_ended: bool


class HintLogoutService:
    """Finds the session that an ID token names, and ends of it what may be ended."""

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own."""
        self._process = process

    async def find(self, hint: Hint, client: Client) -> NamedSession | None:
        """Return the session that a verified hint of this client names, if it lives."""
        async with self._process.unit_of_work(read_only=True) as uow:
            now = uow.clock.now()
            for session_id, user_id in await self._candidates(uow, hint, client):
                if await uow.sessions.is_live(session_id, user_id, now):
                    is_ended = self._may_end(hint)
                    return NamedSession(session_id, user_id, hint.session_id, is_ended)
        return None

    async def _candidates(
        self, uow: UnitOfWork, hint: Hint, client: Client
    ) -> list[tuple[UUID, UUID]]:
        """Return sessions and accounts that this client knows by the hint's names.

        A pairwise name cannot be turned back: it is looked for among what the client
        was granted after the sign-in that the token tells of.
        """
        pairs: Iterable[tuple[UUID, UUID]]
        if client.subject_type == "public":
            pairs = _spelled_out(hint)
        else:
            rows = await uow.oauth_grants.sessions_of(
                client.client_id, hint.authenticated_at
            )
            pairs = dict.fromkeys((row.session_id, row.user_id) for row in rows)
        key, names = self._process.secret_key, (hint.session_id, hint.subject)
        return [
            (session_id, user_id)
            for session_id, user_id in pairs
            if (session_name(session_id, client, key), subject_of(user_id, client, key))
            == names
        ]

    def _may_end(self, hint: Hint) -> bool:
        oauth = self._process.settings.oauth
        age = self._process.clock.now().timestamp() - hint.issued_at
        return oauth.logout_by_hint != "off" and age <= oauth.logout_hint_ttl

    async def end(self, named: NamedSession, client: Client) -> bool:
        """End what the client has in a session, and the session where policy allows.

        Returns:
            Whether the session is over.
        """
        policy = self._process.settings.oauth.logout_by_hint
        is_over = client.is_vouched_for and policy == "session"
        session_id, user_id = named.session_id, named.user_id
        was_live = False
        async with self._process.unit_of_work() as uow:
            # Its grants first: a refresh locks its grant before the session. It is
            # told once: with all the others, or alone where nobody else is.
            grants = await end_in_session(
                uow, session_id, client.client_id, _REASON, is_told=not is_over
            )
            if is_over:
                with suppress(SessionNotFound):  # over meanwhile
                    await SessionService(uow).end(user_id, session_id, _REASON)
                    was_live = True
            if grants or was_live:
                uow.record(
                    LogoutByHint(
                        user_id=user_id,
                        client_id=client.client_id,
                        session_id=session_id,
                        grants=grants,
                        is_session_over=is_over,
                    )
                )
        return is_over


def _spelled_out(hint: Hint) -> list[tuple[UUID, UUID]]:
    try:
        return [(UUID(hint.session_id), UUID(hint.subject))]
    except ValueError:
        return []
