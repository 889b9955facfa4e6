"""What was revoked before it expired, as the issuer tells it (ADR-0084)."""

import asyncio
import hashlib
import logging
import random
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID, uuid5

import httpx2
from auth_serve_client.errors import Refused, Unavailable
from auth_serve_client.keys import Keys

_TYPE = ("revoked-tokens+jwt",)
_CLIENTS = UUID("8a6d2c5e-6f0b-5c0e-9d53-0f7c7f1f6b1e")
_WAIT = 25  # seconds
_MOST_BYTES = 16 * 1024 * 1024
_log = logging.getLogger("auth_serve_client")


class RevokedTokens:
    """Knows which tokens ended; ``follow`` keeps it so."""

    def __init__(
        self, http: httpx2.AsyncClient, keys: Keys, uri: str, issuer: str
    ) -> None:
        """Know nothing yet.

        Args:
            http: What asks, with the API's credentials.
            keys: Of the issuer.
            uri: Where the list is.
            issuer: Whose it has to be.
        """
        self._http, self._keys, self._uri, self._issuer = http, keys, uri, issuer
        self._listed: frozenset[bytes] = frozenset()
        self._length = 0
        self._not_before = 0
        self._clients: dict[bytes, int] = {}
        self._tag = ""
        self._heard_at = float("-inf")

    @property
    def age(self) -> float:
        """Seconds since the issuer was heard; a wait of ours is no silence."""
        return time.monotonic() - self._heard_at

    def holds(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether a token is none of those that ended."""
        if claims["iat"] <= self._not_before:
            return False
        client = self._digest(_entry_of(claims["client_id"]))
        if client in self._listed or claims["iat"] <= self._clients.get(client, -1):
            return False  # over, or of before the client was made or enabled anew
        return all(
            self._digest(entry) not in self._listed for entry in _entries(claims)
        )

    def _digest(self, entry: str) -> bytes:
        return hashlib.sha256(entry.encode()).digest()[: self._length]

    async def follow(self) -> None:
        """Read the list, then wait for news, until cancelled."""
        pause = 0.5
        while True:
            began = time.monotonic()
            try:
                is_news = await self.read(_WAIT)
            except (
                httpx2.HTTPError,
                Refused,
                Unavailable,
                ValueError,
                KeyError,
            ) as error:
                pause = min(pause * 2, 5)
                _log.warning("what was revoked cannot be read: %r", error)
                await asyncio.sleep(pause * random.uniform(0.5, 1))
                continue
            pause = 0.5
            if not is_news and time.monotonic() - began < 1:
                await asyncio.sleep(1)  # nobody let us wait there

    async def read(self, wait: int = 0) -> bool:
        """Ask once; tell whether there was news.

        Raises:
            HTTPError: There was no answer, or a refusal.
            Refused: The list is not the issuer's.
            Unavailable: The issuer's keys cannot be read.
            ValueError: It cannot be understood.
        """
        headers = {"If-None-Match": self._tag} if self._tag else {}
        if self._tag and wait:
            headers["Prefer"] = f"wait={wait}"
        answer = await self._http.get(
            self._uri, headers=headers, timeout=httpx2.Timeout(10, read=wait + 10)
        )
        if answer.status_code != 304:
            answer.raise_for_status()
            claims = await self._keys.verify(answer.text, _TYPE, most=_MOST_BYTES)
            self._take(claims)
            self._tag = answer.headers.get("etag", "")
        self._heard_at = time.monotonic()
        return answer.status_code != 304

    def _take(self, claims: Mapping[str, Any]) -> None:
        if claims["iss"] != self._issuer or claims["exp"] <= time.time() - 60:
            raise ValueError("the list is another's, or an old one")
        length, raw = int(claims["digest_length"]), _bytes(claims["revoked"])
        if not 4 <= length <= 32 or len(raw) % length:
            raise ValueError("the list has another form")
        self._listed = frozenset(
            raw[at : at + length] for at in range(0, len(raw), length)
        )
        self._length = length
        self._clients = {
            _bytes(name): int(since)
            for name, since in claims.get("clients_not_before", {}).items()
        }
        self._not_before = int(claims.get("tokens_not_before", 0))


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _entry_of(client_id: str) -> str:
    return str(uuid5(_CLIENTS, client_id))


def _entries(claims: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a token ends with, besides its client."""
    yield claims["jti"]
    if "grant_id" in claims:
        yield str(claims["grant_id"])
