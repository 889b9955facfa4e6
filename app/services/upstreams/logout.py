"""The other side tells that it signed somebody out (OIDC Back-Channel Logout 1.0)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

from app.events.upstream import UpstreamLogoutRefused, UpstreamSignedOut
from app.oauth.errors import InvalidRequest
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process
from app.services.process.rate_limit import by_address
from app.services.upstreams.directory import ConnectionDirectory, Way
from app.services.upstreams.withdrawal import SIGNED_OUT, end_found

if TYPE_CHECKING:
    from app.upstreams.protocol import LoggedOut

_REFUSED = "the logout token is not valid here"  # whatever is wrong with it


class UpstreamLogoutService:
    """Takes logout tokens, each once."""

    def __init__(self, process: Process, connections: ConnectionDirectory) -> None:
        """Work outside of a request's transaction."""
        self._process = process
        self._connections = connections

    async def take(self, name: str, logout_token: str) -> None:
        """End the sessions that a logout token is about; perhaps there is none.

        Args:
            name: Of the connection that it was sent to.
            logout_token: As it came.

        Raises:
            InvalidRequest: It ends nothing; the reason is in the audit trail.
        """
        from app.upstreams.password import PasswordConnector
        from app.upstreams.protocol import Refused

        way = await self._connections.find(name)
        if way is None or isinstance(way.connector, PasswordConnector):
            raise InvalidRequest(_REFUSED, hint="no such connection")
        try:
            told = await way.connector.logged_out(logout_token)
        except Refused as refusal:
            await self._refuse(way, refusal.reason, refusal.detail)
        async with self._process.unit_of_work() as uow:
            fault = await self._apply(uow, way, told)
        if fault:
            await self._refuse(way, *fault)

    async def _apply(
        self, uow: UnitOfWork, way: Way, told: "LoggedOut"
    ) -> tuple[str, str] | None:
        """Return why nothing was done, if so."""
        # Whoever comes in shares this row: they are seen below, or see this token.
        connection = await uow.connections.by_id(way.id, lock=True)
        if connection is None or not connection.enabled:
            return "changed_meanwhile", "the connection is off"
        if connection.settings != way.settings:
            return "changed_meanwhile", "the connection is another"
        now = uow.clock.now()
        is_new = await uow.upstream_logouts.take(
            self._mark_of(way, told.token_id),
            way.id,
            subject=told.subject,
            sid=told.session_id,
            at=now,
        )
        if not is_new:
            return "repeated", "jti came before"
        found = await uow.upstream_sessions.told_of(
            way.id, told.subject, told.session_id, now
        )
        await end_found(uow, found, SIGNED_OUT, with_grants=False)
        self._tell(uow, way, found)
        return None

    def _mark_of(self, way: Way, token_id: str) -> UUID:
        digest = self._process.secret_key.digest
        mark = digest(b"logout token", way.id.bytes, token_id.encode())
        return UUID(bytes=mark[:16])

    def _tell(self, uow: UnitOfWork, way: Way, found: Sequence[Any]) -> None:
        for user_id, identity_id in {(each.user_id, each.id) for each in found}:
            mine = [each for each in found if each.id == identity_id]
            uow.record(
                UpstreamSignedOut(
                    user_id=user_id,
                    connection=way.name,
                    identity_id=identity_id,
                    sessions=len(mine),
                )
            )

    async def _refuse(self, way: Way, reason: str, detail: str) -> NoReturn:
        """Leave the true reason in the trail, unless too many came from there."""
        limit = self._process.limits.refusal_address
        if await self._process.limiter.admits(*by_address(limit)):
            async with self._process.unit_of_work() as uow:
                uow.record(
                    UpstreamLogoutRefused(
                        connection=way.name, reason=str(reason), detail=detail[:500]
                    )
                )
        raise InvalidRequest(_REFUSED, hint=f"{reason}, {detail}")
