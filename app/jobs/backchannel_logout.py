"""Tells applications that a session ended (OIDC Back-Channel Logout 2.4 to 2.8)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from app.core.exceptions import Unavailable
from app.core.outbound import OutboundFailed, OutboundRefused
from app.events.base import Event
from app.events.logout import LogoutNoticeFailed
from app.jobs.delivery import Delayed, NotNeeded, Patience, Undeliverable
from app.jobs.relay import OutboxJob
from app.models.outbox import OutboxMessage
from app.oauth.clients.client import Client
from app.oauth.tokens import LOGOUT_TOKEN_TYPE, logout_token_claims
from app.repositories.unit_of_work import BACKCHANNEL_LOGOUT, UnitOfWork
from app.services.clients.directory import engine_client
from app.services.oauth.person import session_name, subject_of
from app.services.server.runtime import Runtime

BATCH = 32  # receivers at the same time; the process has 100 outbound connections
LONGEST = 15.0  # seconds: waiting for a turn, and then for the whole exchange
PATIENCE = Patience(first=30, longest=3_600, tries=12)  # about six hours
_TAKEN = (200, 204)  # section 2.8; some frameworks turn an empty 200 into a 204
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

_log = logging.getLogger("auth_serve.backchannel_logout")


class BackchannelLogoutJob(OutboxJob["Notice"]):
    """Relays the logout notices of the outbox."""

    def __init__(self, runtime: Runtime) -> None:
        """Send through the guarded door of this process."""
        super().__init__(runtime, BackchannelLogoutDelivery(runtime))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Whom to tell, and of which session of whom."""

    message_id: UUID
    client: Client
    uri: str
    user_id: UUID
    session_id: UUID


class BackchannelLogoutDelivery:
    """Logout tokens, made anew for each try: they live two minutes (section 4)."""

    name = "backchannel_logout"
    batch = BATCH
    longest = LONGEST
    patience = PATIENCE
    kind = BACKCHANNEL_LOGOUT
    is_paused = False  # each receiver has a breaker of its own

    def __init__(self, runtime: Runtime) -> None:
        """Sign with the keys of this process."""
        self._runtime = runtime

    async def prepare(self, uow: UnitOfWork, message: OutboxMessage) -> Notice:
        """Read who is told; the client may have changed since the session ended.

        Raises:
            NotNeeded: The client is gone or disabled, or wants no notices any more.
            Undeliverable: The message makes no sense.
        """
        payload: Mapping[str, Any] = message.payload
        try:
            client_id = str(payload["client_id"])
            user_id, session_id = UUID(payload["user_id"]), UUID(payload["sid"])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise Undeliverable("the message lacks what it needs") from error
        row = await uow.oauth_clients.by_client_id(client_id)
        if row is None or row.status != "active":
            raise NotNeeded("the client is gone or disabled")
        client = engine_client(row, [])
        if client.backchannel_logout_uri is None:
            raise NotNeeded("the client wants no notices any more")
        return Notice(
            message_id=message.id,
            client=client,
            uri=client.backchannel_logout_uri,
            user_id=user_id,
            session_id=session_id,
        )

    async def deliver(self, item: Notice) -> None:
        """Send a logout token (section 2.5).

        A redirect is not followed: only what was registered is told.

        Raises:
            Delayed: No answer, or one that another try may better.
            CircuitOpen: The receiver failed too often just now.
            Undeliverable: It said 400, or its address may not be called.
        """
        body = urlencode({"logout_token": await self._token(item)}).encode()
        try:
            answer = await self._runtime.outbound.post(
                item.uri, content=body, headers=_FORM
            )
        except OutboundRefused as error:
            raise Undeliverable(f"the address may not be called: {error}") from error
        except OutboundFailed as error:
            raise Delayed(str(error)) from error
        if answer.status == 400:  # it looked at the token and refused it
            raise Undeliverable("the client answered 400")
        if answer.status not in _TAKEN:
            raise Delayed(f"the client answered {answer.status}")
        about = {"message_id": str(item.message_id), "client_id": item.client.client_id}
        _log.info("logout notice taken", extra=about)

    async def _token(self, notice: Notice) -> str:
        """Return a signed logout token; its ``jti`` is of this try alone.

        Receivers remember each ``jti`` to refuse replays (section 2.6). One that took
        a notice, and whose answer was lost, takes the next one as well.

        Raises:
            Delayed: No key signs with the client's algorithm now, or none can be asked.
        """
        runtime, client = self._runtime, notice.client
        key = runtime.secret_key
        now = runtime.clock.now()
        claims = logout_token_claims(
            issuer=runtime.settings.public_url,
            client_id=client.client_id,
            subject=subject_of(notice.user_id, client, key),
            session_id=session_name(notice.session_id, client, key),
            token_id=str(runtime.randomness.uuid7()),
            now=now,
        )
        algorithm = client.id_token_signed_response_alg
        try:
            runtime.signed.demand_key(client.client_id, algorithm, now)
            return await runtime.signed.sign(
                claims, algorithm=algorithm, typ=LOGOUT_TOKEN_TYPE, now=now
            )
        except Unavailable as error:
            raise Delayed(error.hint) from error

    def given_up(self, item: Notice, reason: str) -> Event:
        """Return what tells operators that a client may not know."""
        return LogoutNoticeFailed(
            user_id=item.user_id,
            client_id=item.client.client_id,
            session_id=item.session_id,
            reason=reason,
        )
