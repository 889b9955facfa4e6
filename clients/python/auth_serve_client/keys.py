"""Keys of the issuer, kept through rotation and outage (RFC 7517)."""

import asyncio
import time
from typing import Any

import httpx2
from auth_serve_client.errors import Unavailable
from auth_serve_client.jwt import header_of, invalid, public_key, verified
from joserfc.jwk import Key

_MOST_BYTES = 256 * 1024


class Keys:
    """Finds keys by their name.

    An unknown name has the keys read again, at most once in ``pause`` seconds, however
    many tokens name one: nobody can make this API ask the issuer all the time.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        uri: str,
        *,
        fresh: float = 300,
        stale: float = 3_600,
        pause: float = 5,
    ) -> None:
        """Know nothing yet.

        Args:
            http: What asks.
            uri: Where the keys are.
            fresh: Seconds until they are read again.
            stale: Seconds for which they are good while they cannot be read.
            pause: Seconds between two attempts.
        """
        self._http, self._uri = http, uri
        self._fresh, self._stale, self._pause = fresh, stale, pause
        self._keys: dict[str, tuple[str, Key]] = {}
        self._read_at = self._tried_at = float("-inf")
        self._reading = asyncio.Lock()

    async def verify(
        self, token: str, types: tuple[str, ...], **most: int
    ) -> dict[str, Any]:
        """Return the claims of a token that the issuer signed.

        Raises:
            Refused: It did not.
            Unavailable: The keys could not be read for too long.
        """
        kid = header_of(token, **most)["kid"]
        if kid not in self._keys or time.monotonic() - self._read_at > self._fresh:
            await self._read(kid)
        if time.monotonic() - self._read_at > self._stale:
            raise Unavailable("the keys of the issuer cannot be read")
        if kid not in self._keys:
            raise invalid("signed with an unknown key")
        algorithm, key = self._keys[kid]
        return verified(token, algorithm, key, types)

    async def _read(self, kid: str) -> None:
        age = time.monotonic() - self._read_at
        if kid in self._keys and age <= self._stale and self._reading.locked():
            return  # another request asks, and what is known is good meanwhile
        async with self._reading:
            now = time.monotonic()
            is_known = kid in self._keys and now - self._read_at <= self._fresh
            if is_known or now - self._tried_at < self._pause:
                return  # another request did it just now
            self._tried_at = now
            try:
                answer = await self._http.get(self._uri)
                answer.raise_for_status()
                listed = (
                    answer.json()["keys"] if len(answer.content) < _MOST_BYTES else ()
                )
                found = {str(jwk["kid"]): public_key(jwk) for jwk in listed}
            except (httpx2.HTTPError, ValueError, KeyError, TypeError):
                return  # what is known is good for a while
            finally:
                self._tried_at = time.monotonic()  # who waited does not ask again
            keys = {name: key for name, key in found.items() if key is not None}
            if keys:
                self._keys, self._read_at = keys, now
