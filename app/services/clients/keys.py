"""Public keys of clients that publish them at a ``jwks_uri`` (OIDC Core §10.1.1)."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.circuit_breaker import CircuitOpen
from app.core.clock import Clock
from app.core.outbound import OutboundClient, OutboundFailed, OutboundRefused
from app.oauth.clients.metadata_value import read_jwks
from app.oauth.errors import OAuthError

KEPT_FOR = 300.0  # seconds that keys are used without asking again
LAST_GOOD_FOR = 3_600.0  # seconds that they are used while asking again fails
ASKED_EVERY = 10.0  # seconds at least between two questions to the same address
_MAX_BYTES = 64 * 1024
_MOST = 1_024  # addresses; some kilobytes each
_log = logging.getLogger("auth_serve.oauth_client")
Jwks = Mapping[str, Any]


class NotFetched(Exception):
    """An address gave no keys; the text says why, for the log."""


@dataclass(slots=True)
class _Kept:
    """What is known of an address; instants are monotonic seconds."""

    jwks: Jwks | None = None
    good_at: float = float("-inf")  # when the keys last came
    asked_at: float = float("-inf")
    changed_at: float = float("-inf")  # when they last became others, or usable again
    usable_until: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class ClientKeys:
    """Fetches keys when an assertion needs them, and keeps them for minutes.

    A client that takes a key out of its set is believed after ``KEPT_FOR``. While its
    address does not answer, the last good keys hold until they are ``LAST_GOOD_FOR``
    old: an outage there shall not lock its users out at once, and a thief who blocks
    the address shall not keep a withdrawn key alive.
    """

    def __init__(self, outbound: OutboundClient, clock: Clock) -> None:
        """Know nothing yet."""
        self._outbound = outbound
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    def at(self, uri: str) -> Jwks | None:
        """Return the keys of an address that may be used now, or None."""
        kept = self._kept.get(uri)
        if kept is None or self._clock.monotonic() >= kept.usable_until:
            return None
        return kept.jwks

    async def refresh(self, uri: str) -> bool:
        """Ask an address for its keys; True if others may be used than some time ago.

        Of any number of callers at once one asks, and the others learn what came of
        it. No transaction may be open. So that nobody can have an address asked as
        often as they like, it is left in peace for ``ASKED_EVERY`` after each question,
        and what changed in that time is told again.
        """
        kept = self._entry(uri)
        async with kept.lock:
            now = self._clock.monotonic()
            if now - kept.asked_at >= ASKED_EVERY:
                kept.asked_at = now
                self._learn(kept, await self._fetch(uri))
            return self._clock.monotonic() - kept.changed_at < ASKED_EVERY

    def _entry(self, uri: str) -> _Kept:
        kept = self._kept.get(uri)
        if kept is None:
            if len(self._kept) >= _MOST:
                del self._kept[next(iter(self._kept))]  # the oldest
            kept = self._kept[uri] = _Kept()
        return kept

    def _learn(self, kept: _Kept, fetched: Jwks | None) -> None:
        now = self._clock.monotonic()
        was_usable = now < kept.usable_until
        if fetched is not None:
            is_other = fetched != kept.jwks
            kept.jwks, kept.good_at = fetched, now
            kept.usable_until = now + KEPT_FOR
        elif now < kept.good_at + LAST_GOOD_FOR:
            is_other = False
            end = kept.good_at + LAST_GOOD_FOR
            kept.usable_until = max(kept.usable_until, min(now + KEPT_FOR, end))
        else:
            return
        if is_other or not was_usable:
            kept.changed_at = now

    async def _fetch(self, uri: str) -> Jwks | None:
        try:
            return await self._find(uri)
        except (CircuitOpen, OutboundFailed, OutboundRefused) as error:
            reason = error.hint
        except OAuthError as error:
            reason = error.description
        except NotFetched as error:
            reason = str(error)
        _log.warning("keys of a client not fetched", extra={"reason": reason})
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
            return json.loads(response.body)
        except (ValueError, RecursionError):
            raise NotFetched("not JSON") from None
