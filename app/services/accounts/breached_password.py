"""Passwords known from breaches, asked for by range (k-anonymity).

The service at the other end learns the first 20 bits of a SHA-1, shared by about a
thousand known passwords; padding hides even the number of hits in the size. Those 20
bits are kept out of the log as well, where they would stand beside the person.
"""

import hashlib
import logging
import re
import unicodedata

from app.core.circuit_breaker import CircuitOpen
from app.core.outbound import OutboundClient, OutboundFailed, OutboundRefused

logger = logging.getLogger("auth_serve.breached_password")

_PREFIX = 5
_LINE = re.compile(
    rb"^[ \t]*([0-9A-F]{35})[ \t]*:[ \t]*([0-9]{1,18})[ \t\r]*$", re.I | re.M
)
_MAX_BYTES = 256 * 1024  # a padded range is about 40 KiB


class BreachedPasswordService:
    """Asks a range API in the form of Have I Been Pwned."""

    def __init__(
        self,
        client: OutboundClient,
        *,
        base_url: str = "https://api.pwnedpasswords.com",
    ) -> None:
        """Ask ``base_url``, which may be a mirror of one's own."""
        self._client = client
        self._base_url = base_url.rstrip("/")

    async def is_breached(self, password: str) -> bool | None:
        """Tell whether a password is known from a breach.

        Returns:
            None when nobody could be asked, which is in the log with its reason; the
            caller's offline list decides then.
        """
        normal = unicodedata.normalize("NFC", password).encode()
        digest = hashlib.sha1(normal, usedforsecurity=False).hexdigest().upper()
        suffix = digest[_PREFIX:].encode()
        try:
            lines = await self._range(digest[:_PREFIX])
        except (CircuitOpen, OutboundFailed, OutboundRefused) as error:
            logger.warning("breached passwords not asked", extra={"reason": error.hint})
            return None
        # A count of 0 is padding.
        return any(tail.upper() == suffix and int(count) for tail, count in lines)

    async def _range(self, prefix: str) -> list[tuple[bytes, bytes]]:
        response = await self._client.get(
            f"{self._base_url}/range/{prefix}",
            headers={"Add-Padding": "true"},
            max_bytes=_MAX_BYTES,
        )
        if response.status != 200:
            raise OutboundFailed(f"answered {response.status}")
        lines = _LINE.findall(response.body)
        if not lines:  # no range is empty: a proxy or a portal has answered instead
            raise OutboundFailed("no range in the answer")
        return lines
