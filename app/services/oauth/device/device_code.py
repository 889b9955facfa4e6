"""Devices that ask to be let in, and the codes that people type (RFC 8628)."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core.context import current
from app.core.exceptions import BadRequest, NotFound
from app.core.language import gettext
from app.core.rate_limit import subject_key
from app.events.oauth.device_code import DeviceCodeRefused
from app.models.oauth.device_code import DeviceCode
from app.oauth.clients.client import Client
from app.oauth.device import user_code
from app.oauth.device.authorization import (
    Asked,
    DeviceRequest,
    device_response,
    read_device_request,
)
from app.oauth.grants.device_code import DeviceCode as DeviceCodeGrant
from app.services.clients.authentication import (
    ClientAuthenticationService,
    ClientCall,
)
from app.services.clients.provider import Provider
from app.services.oauth.device.device_answer import asked_by, hash_of
from app.services.one_time.token import Purpose
from app.services.process.rate_limit import by_address

PAGE = "/device"
_TRIES = 3  # two codes of millions being the same is a wonder, three times none


class DeviceAuthorizationOff(NotFound):
    """Devices may not sign people in by a code."""

    code = "device_authorization_off"
    title = "Signing in by a code on a device is switched off"


class InvalidUserCode(BadRequest):
    """Unknown, used, expired and somebody else's codes look the same outside."""

    code = "invalid_user_code"
    title = "This code does not work"

    @property
    def detail(self) -> str:
        """What to do, whatever the reason."""
        return gettext("Check the letters, or begin again on the device.")


def demand_device_authorization(provider: Provider) -> None:
    """Let nobody in where it is switched off.

    Raises:
        DeviceAuthorizationOff: It is.
    """
    if DeviceCodeGrant.name not in provider.supported.grant_types:
        raise DeviceAuthorizationOff


class DeviceAuthorizationService:
    """Gives devices their codes; and finds those again that people type."""

    def __init__(self, provider: Provider) -> None:
        """Work in transactions of its own."""
        self._provider = provider
        self._clients = ClientAuthenticationService(provider)

    async def start(self, call: ClientCall) -> dict[str, Any]:
        """Return the codes of a device (RFC 8628 section 3.2).

        Raises:
            DeviceAuthorizationOff: No device may ask.
            OAuthError: The request is not acceptable; the audit trail knows why.
            TooManyRequests: Too many ask from there, or all together.
        """
        demand_device_authorization(self._provider)
        return await self._clients.recorded(call, self._start(call))

    async def _start(self, call: ClientCall) -> dict[str, Any]:
        provider = self._provider
        client = await self._clients.authenticate(call)
        scopes, resources = provider.supported.scopes, provider.resources
        asked = await read_device_request(call.parameters, client, scopes, resources)
        limits = provider.limits
        await provider.limiter.take(
            *by_address(limits.device_address), (limits.device_stored, "all")
        )
        code_id, code = await self._store(client, asked)
        settings = provider.settings
        return device_response(
            device_code=provider.secret_key.one_time_token(
                Purpose.DEVICE_CODE, code_id
            ),
            user_code=code,
            page=settings.public_url + PAGE,
            expires_in=settings.oauth.device_code_ttl,
        )

    async def _store(self, client: Client, asked: Asked) -> tuple[UUID, str]:
        """Store a code that nobody else has now."""
        provider, context = self._provider, current()
        ttl = timedelta(seconds=provider.settings.oauth.device_code_ttl)
        for _ in range(_TRIES):
            code = user_code.new_user_code(provider.randomness.bytes(user_code.CHANCE))
            async with provider.unit_of_work() as uow:
                row = DeviceCode(
                    id=uow.randomness.uuid7(),
                    client_id=client.client_id,
                    code_hash=hash_of(provider, code),
                    scope=" ".join(asked.scope),
                    resources=" ".join(each.identifier for each in asked.resources),
                    ip=context.ip,
                    user_agent=context.user_agent,
                    created_at=uow.clock.now(),
                    expires_at=uow.clock.now() + ttl,
                )
                if await uow.device_codes.add_new(row):
                    return row.id, code
        raise RuntimeError("no user code was free")

    async def find(
        self, typed: str, user_id: UUID, here: Collection[UUID]
    ) -> DeviceRequest:
        """Return what a device asks for, whose code was typed by who is signed in.

        Every try counts until it was right, and every wrong one is evidence.

        Args:
            typed: As it came.
            user_id: Whose account is in use; tries count for it.
            here: All accounts at the browser.

        Raises:
            FlowNotFound: What it asks for is not to be had any more.
            InvalidUserCode: Nobody here may answer it; the audit trail alone knows why.
            TooManyRequests: There were too many tries from there or by this account.
        """
        provider = self._provider
        limits, limiter = provider.limits, provider.limiter
        key = subject_key("device_code", str(user_id))
        charge = await limiter.take(
            *by_address(limits.code_address), (limits.code_account, key)
        )
        code = user_code.read_user_code(typed)
        async with provider.unit_of_work() as uow:
            row = None
            if code is not None:
                digest = hash_of(provider, code)
                row = await uow.device_codes.pending(digest, uow.clock.now())
            reason = _why_not(code, row, here)
            if reason:
                uow.record(DeviceCodeRefused(user_id=user_id, hint=reason))
        if code is None or row is None or reason:
            raise InvalidUserCode(hint=reason)
        await charge.give_back()
        return await asked_by(provider, row, code)


def _why_not(code: str | None, row: DeviceCode | None, here: Collection[UUID]) -> str:
    if code is None:
        return "it has not the form of a code"
    if row is None:
        return "there is none that waits"
    if row.user_id is not None and row.user_id not in here:
        return "somebody else began to answer it"
    return ""
