"""What tokens are redeemed from: the engine's ports on the database (ADR-0011)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.events.oauth.device_code import DeviceCodeReused
from app.events.oauth.grant import CodeReused, GrantEnded, GrantTokenReused
from app.oauth.clients.client import Client
from app.oauth.grants.base import still_assigned
from app.oauth.parameters import RESOURCE, Parameters
from app.oauth.ports import (
    Authentication,
    DevicePoll,
    IssuedCode,
    IssuedDeviceCode,
    RefreshedGrant,
)
from app.oauth.resources.grant import narrow_resources
from app.oauth.resources.revoked import past_entry
from app.oauth.scopes import narrow_scope
from app.policies.refresh_token import is_repeatable
from app.services.clients.provider import Provider
from app.services.clients.signed_token import AccessToken
from app.services.oauth.grant import end_grant
from app.services.one_time.token import Purpose


class CodeStore:
    """Codes of one request; satisfies ``oauth.ports.Codes``.

    Attributes:
        row: Grant and person of the code that was redeemed, if one was.
        reason: Why none was, for the audit trail.
    """

    def __init__(self, provider: Provider) -> None:
        """Redeem outside of any transaction."""
        self._provider = provider
        self.row: Any | None = None
        self.reason = ""

    async def redeem(self, code: str, client_id: str) -> IssuedCode | None:
        """Use a code of this client up; a second use ends what the first one gave."""
        provider, now = self._provider, self._provider.clock.now()
        purpose = Purpose.AUTHORIZATION_CODE
        code_id = provider.secret_key.read_one_time_token(purpose, code)
        if code_id is None:
            self.reason = "not a code of ours"
            return None
        row = await provider.grants.redeem(code_id, client_id, now)
        if row is None:
            self.reason = await self._refusal(code_id, client_id)
            return None
        self.row = row
        return IssuedCode(
            grant_id=row.id,
            client_id=row.client_id,
            authentication=authentication_of(row),
            scope=tuple(row.scope.split()),
            redirect_uri=row.code["redirect_uri"],
            code_challenge=row.code["code_challenge"],
            nonce=row.code["nonce"],
            claims=row.claims,
            resources=_resources(row),
        )

    async def _refusal(self, code_id: UUID, client_id: str) -> str:
        """Return what is wrong with a code; end its grant if it was used before."""
        state = await self._provider.grants.code_state(code_id)
        if state is None:
            return "the code was deleted"
        if state.client_id != client_id:
            return f"issued to {state.client_id}, sent by {client_id}"
        if state.redeemed_at is not None:
            await self._end_reused(state, code_id)
            return f"redeemed before, at {state.redeemed_at:%H:%M:%S}"
        if state.consumed_at is not None or state.revoked_at is not None:
            return "the code was withdrawn"
        if state.expires_at <= self._provider.clock.now():
            return f"expired at {state.expires_at:%H:%M:%S}"
        return "the account is disabled, or its session is over"

    async def _end_reused(self, state: Any, grant_id: UUID) -> None:
        reused = CodeReused(
            user_id=state.user_id, client_id=state.client_id, grant_id=grant_id
        )
        await end_grant(self._provider, grant_id, "code_reused", reused)

    async def end_begun(self) -> None:
        """End the grant of a code that was redeemed in a wrong way.

        The code stays used up (ADR-0010): whoever holds it has one try.
        """
        if self.row is not None:
            await _end_begun(self._provider, self.row)


class RefreshTokenStore:
    """Refresh tokens of one request; satisfies ``oauth.ports.RefreshTokens``.

    Attributes:
        row: Grant and person of the token that was rotated, if one was.
        reason: Why none was, for the audit trail.
    """

    def __init__(
        self, provider: Provider, client: Client, parameters: Parameters
    ) -> None:
        """Rotate outside of any transaction.

        Args:
            provider: The parts of the process.
            client: Who asks.
            parameters: The request: the scope and the resources that it asks for.
        """
        self._provider = provider
        self._client = client
        self._parameters = parameters
        self.row: Any | None = None
        self.reason = ""

    async def rotate(self, token: str, client_id: str) -> RefreshedGrant | None:
        """Count a grant of this client on, or find where a retry left it.

        Raises:
            InvalidScope: More is asked for than was granted. It is looked at before
                anything is counted, so that the token is as good as before.
            InvalidTarget: The same, of resources.
        """
        read = self._provider.secret_key.read_grant_refresh_token(token)
        if read is None:
            self.reason = "not a refresh token of ours"
            return None
        grant_id, presented = read
        if "scope" in self._parameters or self._parameters.every(RESOURCE):
            await self._check_asked(grant_id)
        row = await self._count(grant_id, client_id, presented)
        if row is None:
            row = await self._repeated(grant_id, client_id, presented)
        if row is None:
            return None
        self.row = row
        return RefreshedGrant(
            grant_id=row.id,
            client_id=row.client_id,
            authentication=authentication_of(row),
            scope=tuple(row.scope.split()),
            claims=row.claims,
            counter=presented + 1,
            resources=_resources(row),
        )

    async def _count(self, grant_id: UUID, client_id: str, presented: int) -> Any:
        settings = self._provider.settings
        return await self._provider.grants.rotate(
            grant_id,
            client_id,
            presented,
            now=self._provider.clock.now(),
            idle=timedelta(seconds=settings.oauth.idle_ttl),
            offline_idle=timedelta(seconds=settings.oauth.offline_idle_ttl),
            session_idle=timedelta(seconds=settings.session.idle_ttl),
        )

    async def _check_asked(self, grant_id: UUID) -> None:
        state = await self._provider.grants.state(grant_id, self._provider.clock.now())
        if state is None or state.client_id != self._client.client_id:
            return
        asked, client = self._parameters, self._client
        left, _ = await narrow_resources(
            asked, client, _resources(state), self._provider.resources
        )
        granted = tuple(state.scope.split())
        narrow_scope(asked.get("scope"), still_assigned(granted, client, left))

    async def _repeated(self, grant_id: UUID, client_id: str, presented: int) -> Any:
        """Return the grant's row if the token was a retry; else say why, or end it.

        The same token again gets the very same successor until that is used: a retry
        and a lost answer are no attack (ADR-0020).
        """
        now = self._provider.clock.now()
        state = await self._provider.grants.state(grant_id, now)
        if state is None:
            self.reason = "the grant is gone"
        elif state.client_id != client_id:
            self.reason = f"issued to {state.client_id}, sent by {client_id}"
        elif not state.is_live:
            self.reason = "the grant, its session or its account is over"
        elif self._is_retry(state, presented, now):
            return state
        else:
            self.reason = f"reused: {presented} presented, at {state.counter}"
            await self._end_reused(state, presented)
        return None

    def _is_retry(self, state: Any, presented: int, now: datetime) -> bool:
        window = timedelta(seconds=self._provider.settings.session.refresh_window)
        return is_repeatable(
            presented,
            state.counter,
            counted_at=state.refreshed_at,
            now=now,
            window=window,
        )

    async def _end_reused(self, state: Any, presented: int) -> None:
        reused = GrantTokenReused(
            user_id=state.user_id,
            client_id=state.client_id,
            grant_id=state.id,
            presented=presented,
            current=state.counter,
        )
        await end_grant(self._provider, state.id, "refresh_token_reused", reused)


def _resources(row: Any) -> tuple[str, ...]:
    """Return what a grant was asked for by name."""
    return tuple(row.resources.split()) if row.resources else ()


class DeviceCodeStore:
    """Device codes of one request; satisfies ``oauth.ports.DeviceCodes``.

    Attributes:
        row: Grant and person of the code that was redeemed, if one was.
        reason: Why none was, for the audit trail.
    """

    def __init__(self, provider: Provider) -> None:
        """Redeem outside of any transaction."""
        self._provider = provider
        self.row: Any | None = None
        self.reason = ""

    async def redeem(
        self, device_code: str, client_id: str
    ) -> IssuedDeviceCode | DevicePoll:
        """Use an approved code of this client up; a second use ends what it gave.

        A code that waits is looked at and nothing is written; one that was looked at a
        moment ago is not even that.
        """
        provider, now = self._provider, self._provider.clock.now()
        purpose = Purpose.DEVICE_CODE
        code_id = provider.secret_key.read_one_time_token(purpose, device_code)
        if code_id is None:
            self.reason = "not a device code of ours"
            return DevicePoll.INVALID
        if provider.polls.is_too_soon(code_id, now):
            return DevicePoll.TOO_SOON
        state = await provider.device_codes.state(code_id, now)
        poll = self._judge(state, client_id, now)
        if poll is DevicePoll.PENDING:
            provider.polls.note(code_id, now)
        if poll is not None:
            return poll
        row = await provider.device_codes.redeem(code_id, client_id, now)
        return await self._refusal(code_id) if row is None else self._issued(row)

    async def end_begun(self) -> None:
        """End the grant of a code of which nothing could be made."""
        if self.row is not None:
            await _end_begun(self._provider, self.row)

    def _judge(self, state: Any, client_id: str, now: datetime) -> DevicePoll | None:
        """Return what a device is told; None if it was let in, now or before."""
        if state is None:
            self.reason = "expired so long ago that it was deleted"
            return DevicePoll.EXPIRED
        if state.client_id != client_id:
            self.reason = f"issued to {state.client_id}, sent by {client_id}"
            return DevicePoll.INVALID
        if state.redeemed_at is not None:
            return None
        if state.denied_at is not None:
            return DevicePoll.DENIED
        if state.expires_at <= now:
            self.reason = f"expired at {state.expires_at:%H:%M:%S}"
            return DevicePoll.EXPIRED
        return DevicePoll.PENDING if state.approved_at is None else None

    def _issued(self, row: Any) -> IssuedDeviceCode:
        self._provider.polls.forget(row.id)
        self.row = row
        return IssuedDeviceCode(
            grant_id=row.id,
            client_id=row.client_id,
            authentication=authentication_of(row),
            scope=tuple(row.scope.split()),
            resources=_resources(row),
        )

    async def _refusal(self, code_id: UUID) -> DevicePoll:
        """Say what is wrong with an approved code; end its grant if it was used."""
        provider = self._provider
        state = await provider.device_codes.state(code_id, provider.clock.now())
        if state is None or state.redeemed_at is None:
            self.reason = "the account, its session or the grant is over"
            return DevicePoll.INVALID
        self.reason = f"redeemed before, at {state.redeemed_at:%H:%M:%S}"
        reused = DeviceCodeReused(
            user_id=state.user_id, client_id=state.client_id, grant_id=code_id
        )
        await end_grant(provider, code_id, "device_code_reused", reused)
        return DevicePoll.INVALID


async def _end_begun(provider: Provider, row: Any) -> None:
    reason = "code_refused"
    ended = GrantEnded(
        user_id=row.user_id, client_id=row.client_id, grant_id=row.id, reason=reason
    )
    await end_grant(provider, row.id, reason, ended)


def authentication_of(row: Any) -> Authentication:
    """Return how and when the person of a grant signed in."""
    return Authentication(
        user_id=row.user_id,
        session_id=row.session_id,
        authenticated_at=row.authenticated_at,
        acr=row.acr,
        amr=tuple(row.amr.split()),
    )


async def still_holds(provider: Provider, token: AccessToken, now: datetime) -> bool:
    """Tell whether an access token is good, by the database (ADR-0084).

    A grant says by itself when it ended; without one, the client's end counts.
    """
    past = past_entry(token.client_id) if token.grant_id is None else None
    holds = await provider.grants.holds(
        token.grant_id, token.token_id, now, issued_at=token.issued_at, past=past
    )
    if not holds:  # as long as whom it was issued to may be used at all
        return False
    return await provider.clients.by_client_id(token.client_id) is not None
