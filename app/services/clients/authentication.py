"""Who asks at the protocol's endpoints, and what is kept of those who are refused."""

import logging
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from app.events.oauth.grant import TokenRequestRefused
from app.models.oauth.client import MAX_CLIENT_ID
from app.oauth.client_auth import METHODS
from app.oauth.client_auth.base import Surroundings
from app.oauth.client_authentication import authenticate_client
from app.oauth.clients.client import Client
from app.oauth.errors import InvalidClient, OAuthError
from app.oauth.parameters import Parameters
from app.services.clients.provider import Provider
from app.services.process.rate_limit import by_address
from app.utils.helpers import printable

TOKEN = "/oauth2/token"
T = TypeVar("T")
_log = logging.getLogger("auth_serve.oauth_client")


@dataclass(frozen=True, slots=True)
class ClientCall:
    """A request at an endpoint that clients ask at.

    Attributes:
        endpoint: Its path.
        authorization: The field of the request, if there was one.
        parameters: The body of the request.
    """

    endpoint: str
    authorization: str | None
    parameters: Parameters


class AssertionIds:
    """Assertions that were seen; satisfies ``oauth.ports.AssertionIds``."""

    def __init__(self, provider: Provider) -> None:
        """Remember in the database, outside of any transaction."""
        self._provider = provider

    async def first_use(self, issuer: str, jti: str, expires_at: datetime) -> bool:
        """Remember an assertion's id; False when it was there already."""
        digest = self._provider.secret_key.digest(issuer.encode(), jti.encode())
        return await self._provider.grants.see_assertion(digest, expires_at)


class ClientAuthenticationService:
    """Authenticates clients; every refusal leaves a trace, within limits."""

    def __init__(self, provider: Provider) -> None:
        """Work outside of a request's transaction."""
        self._provider = provider

    async def authenticate(self, call: ClientCall) -> Client:
        """Return the client that a request comes from.

        Raises:
            InvalidRequest: It does not say clearly whom it comes from.
            InvalidClient: It does not prove it.
        """
        try:
            client = await self._authenticate(call)
        except InvalidClient as error:
            refusal = error
        else:
            _note_method(client, call)
            return client
        # A client that exchanges its keys signs with one that was not seen here yet.
        is_signed = "client_assertion" in call.parameters
        if is_signed and await self._provider.clients.refresh_keys(
            claimed_client(call)
        ):
            return await self._authenticate(call)
        raise refusal

    async def _authenticate(self, call: ClientCall) -> Client:
        provider, issuer = self._provider, self._provider.settings.public_url
        return await authenticate_client(
            call.authorization,
            call.parameters,
            clients=provider.clients,
            surroundings=Surroundings(
                now=provider.clock.now(),
                audiences=_audiences(issuer, call.endpoint),
                assertion_ids=AssertionIds(provider),
                issuers=provider.trusted_issuers,
            ),
        )

    async def recorded(self, call: ClientCall, work: Coroutine[Any, Any, T]) -> T:
        """Return what work gives; if it refuses, keep why before anybody is told.

        Raises:
            OAuthError: The refusal.
            TooManyRequests: Clients failed to authenticate too often from there.
        """
        try:
            return await work
        except OAuthError as error:
            if error.is_usual:
                raise
            refusal = error
        await self._remember(call, refusal)
        raise refusal

    async def _remember(self, call: ClientCall, error: OAuthError) -> None:
        """Count and record a refusal; who is rightful never pays for the limiter.

        Whoever holds a secret of 256 bits is not slowed down by others who guess from
        the same address: guessing is hopeless, and what is limited is the noise.
        """
        provider = self._provider
        if isinstance(error, InvalidClient):
            await provider.limiter.take(*by_address(provider.limits.client_address))
        limit = provider.limits.refusal_address
        if not await provider.limiter.admits(*by_address(limit)):
            return  # the log line still says it
        async with provider.unit_of_work() as uow:
            uow.record(
                TokenRequestRefused(
                    client_id=claimed_client(call),
                    endpoint=call.endpoint,
                    error=error.error,
                    hint=error.hint or error.description,
                )
            )


@lru_cache(maxsize=16)
def _audiences(issuer: str, endpoint: str) -> frozenset[str]:
    return frozenset((issuer, issuer + TOKEN, issuer + endpoint))


def _note_method(client: Client, call: ClientCall) -> None:
    """Tell the log of a secret that came otherwise than the client is registered for.

    It counts all the same; whoever wants to know which library does it finds it here.
    """
    registered = client.token_endpoint_auth_method
    if not registered.startswith("client_secret_"):
        return
    in_header = call.authorization is not None
    used = "client_secret_basic" if in_header else "client_secret_post"
    if used != registered:
        known = {"client_id": client.client_id, "registered": registered, "used": used}
        _log.info("a client sent its secret by the other method", extra=known)


def claimed_client(call: ClientCall) -> str:
    """Return whom a request says that it comes from; nothing of it is proven."""
    for method in METHODS:
        with suppress(OAuthError):
            found = method.read(call.authorization, call.parameters)
            if found is not None:
                return printable(found.client_id, MAX_CLIENT_ID)
    return printable(call.parameters.get("client_id", ""), MAX_CLIENT_ID)
