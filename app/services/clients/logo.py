"""Pictures of applications, fetched by us and served by us (OIDC Registration §2).

A page that named the application's host would tell it who is about to sign in, and from
where. So this server asks, once for everybody, and browsers ask this server.
"""

import asyncio
import logging
from dataclasses import dataclass, field

from app.core.circuit_breaker import CircuitOpen
from app.core.clock import Clock
from app.core.outbound import OutboundClient, OutboundFailed, OutboundRefused
from app.core.rate_limit import Limit, RateLimiter
from app.services.clients.directory import ClientDirectory
from app.services.clients.document_memory import DocumentMemory
from app.services.process.rate_limit import by_address

KEPT_FOR = 3_600.0  # seconds that a picture is shown without asking again
NONE_FOR = 300.0  # seconds that an address without one is left in peace
MAX_BYTES = 64 * 1024
MOST = 128  # addresses: 8 MiB at the very most
AT_ONCE = 8  # fetches; slow hosts shall leave the door to keys and logout notices
_log = logging.getLogger("auth_serve.oauth_client")


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture, and the kind of picture that its first bytes say it is."""

    media_type: str
    content: bytes


@dataclass(slots=True)
class _Kept:
    """What is known of an address; instants are monotonic seconds."""

    logo: Logo | None = None
    asked_again_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class ClientLogos:
    """Fetches the pictures that registered clients name, and keeps them for a while."""

    def __init__(
        self,
        clients: ClientDirectory,
        documents: DocumentMemory,
        outbound: OutboundClient,
        limiter: RateLimiter,
        limit: Limit,
        clock: Clock,
    ) -> None:
        """Know nothing yet.

        Args:
            clients: Who may name an address at all.
            documents: Who may, too, before anybody agreed to anything.
            outbound: The guarded door.
            limiter: Counts what strangers have us fetch.
            limit: How much that may be, by address of the stranger.
            clock: When it is time to ask again.
        """
        self._clients = clients
        self._documents = documents
        self._outbound = outbound
        self._limiter = limiter
        self._limit = limit
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def of(self, client_id: str) -> Logo | None:
        """Return the picture of a client, or None; no transaction may be open.

        Anybody may ask, so nobody can have an address fetched as often as they like:
        it has to be a registered client's, what came of it is kept, of any number of
        callers at once one asks, and asking costs an attempt. Nobody waits for a turn:
        a page does without a picture, and has it the next time.
        """
        client = await self._clients.by_client_id(client_id)
        client = client or self._documents.client(client_id)
        uri = client.links.get("logo_uri") if client else None
        if uri is None:
            return None
        kept = self._entry(uri)
        async with kept.lock:
            is_due = self._clock.monotonic() >= kept.asked_again_at
            if is_due and not self._turns.locked():
                async with self._turns:
                    await self._renew(kept, uri, client_id)
            return kept.logo

    async def _renew(self, kept: _Kept, uri: str, client_id: str) -> None:
        if not await self._limiter.admits(*by_address(self._limit)):
            return
        kept.logo = await self._fetch(uri, client_id)
        pause = NONE_FOR if kept.logo is None else KEPT_FOR
        kept.asked_again_at = self._clock.monotonic() + pause

    def _entry(self, uri: str) -> _Kept:
        kept = self._kept.get(uri)
        if kept is None:
            if len(self._kept) >= MOST:
                del self._kept[next(iter(self._kept))]  # the oldest
            kept = self._kept[uri] = _Kept()
        return kept

    async def _fetch(self, uri: str, client_id: str) -> Logo | None:
        try:
            response = await self._outbound.get(uri, max_bytes=MAX_BYTES, apart=True)
            if response.status == 200:
                kind = _media_type(response.body)
                if kind is not None:
                    return Logo(kind, response.body)
                reason = "neither PNG, JPEG, GIF nor WebP"
            else:
                reason = f"answered {response.status}"
        except (CircuitOpen, OutboundFailed, OutboundRefused) as error:
            reason = error.hint
        known = {"client_id": client_id, "reason": reason}
        _log.warning("logo of a client not fetched", extra=known)
        return None


def _media_type(content: bytes) -> str | None:
    """Return what a picture is by its first bytes (WHATWG MIME Sniffing §6.1).

    What its host calls it counts for nothing. SVG is not among them: it is a document.
    """
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:14] == b"WEBPVP":
        return "image/webp"
    return None
