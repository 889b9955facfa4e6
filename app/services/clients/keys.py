"""Public keys of clients that publish them at a ``jwks_uri`` (OIDC Core §10.1.1)."""

import logging
from collections.abc import Mapping
from typing import Any

from app.core.circuit_breaker import CircuitOpen
from app.core.clock import Clock
from app.core.outbound import OutboundClient, OutboundFailed, OutboundRefused
from app.core.outbound.published import Published
from app.oauth.clients.metadata_value import read_jwks
from app.oauth.errors import OAuthError
from app.utils import strict_json
from app.utils.strict_json import NotStrict

KEPT_FOR = 300.0  # seconds that keys are used without asking again
LAST_GOOD_FOR = 3_600.0  # seconds that they are used while asking again fails
_MAX_BYTES = 64 * 1024
_log = logging.getLogger("auth_serve.oauth_client")
Jwks = Mapping[str, Any]


class NotFetched(Exception):
    """An address gave no keys; the text says why, for the log."""


# All that may be the matter with an address of keys.
FAULTS = (CircuitOpen, OutboundFailed, OutboundRefused, OAuthError, NotFetched)


def reason_of(error: Exception) -> str:
    """Return what one of ``FAULTS`` is about, for the log and for administrators."""
    if isinstance(error, CircuitOpen | OutboundFailed | OutboundRefused):
        return error.hint
    return error.description if isinstance(error, OAuthError) else str(error)


class ClientKeys(Published[Jwks]):
    """Fetches keys when an assertion needs them, and keeps them for minutes."""

    def __init__(self, outbound: OutboundClient, clock: Clock) -> None:
        """Know nothing yet."""
        super().__init__(clock, kept_for=KEPT_FOR, last_good_for=LAST_GOOD_FOR)
        self._outbound = outbound

    async def _fetch(self, uri: str) -> Jwks | None:
        try:
            return await self._find(uri)
        except FAULTS as error:
            told = {"reason": reason_of(error)}
            _log.warning("keys of a client not fetched", extra=told)
        return None

    async def _find(self, uri: str) -> Jwks:
        return read_jwks("jwks_uri", await self._read(uri))

    async def _read(self, uri: str) -> Any:
        """Return the JSON that an address gives.

        Raises:
            NotFetched: It gives another status, or no JSON.
        """
        response = await self._outbound.get(uri, max_bytes=_MAX_BYTES, apart=True)
        if response.status != 200:
            raise NotFetched(f"answered {response.status}")
        try:
            return strict_json.parse(response.body)
        except NotStrict as error:
            raise NotFetched(f"not JSON: {error}") from None
