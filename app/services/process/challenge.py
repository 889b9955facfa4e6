"""Work instead of waiting: a limit that is reached is passed by who computes a little.

A refusal by a limit comes with a challenge: find a number for which the SHA-256 of
``challenge.number`` begins with so many zero bits. The next request that brings it as
``proof`` goes on in spite of the limits that strangers use up. So an owner at a new
device gets in while a flood is on, and every further guess costs work (ADR-0053).

It is bound to the address asked about and to the network, lives for minutes, and
passes once: that is a bucket of one at the limiter, so nothing is stored before work
was done, nor for long.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from app.core.context import current
from app.core.exceptions import TooManyRequests
from app.core.rate_limit import Charge, Limit, subject_key
from app.services.process.process import Process
from app.services.process.rate_limit import by_address
from app.utils.helpers import network_of

TTL = 600  # seconds; a slow phone, and somebody who types slowly
_ONCE = Limit("proof", 1, 2 * TTL)
_FLOOD = Limit("challenge", 64, 600)  # refusals in ten minutes that make it hardest
_PROVEN = 8  # how many times a network's allowance may be passed with work
_ID, _BOUND, _SECONDS = 16, 16, 5  # bytes


@cache
def proven(limit: Limit) -> Limit:
    """Return what a network may do with work that has so much without any."""
    return Limit(f"{limit.name}_proven", limit.burst * _PROVEN, limit.period)


class ChallengeService:
    """Hands out challenges, and lets through who solved one."""

    def __init__(self, process: Process) -> None:
        """Count in the shared store."""
        self._process = process

    async def admit(self, limit: Limit, subject: str) -> Charge:
        """Count a request by its network, or by the work that it brings.

        Args:
            limit: Of the network.
            subject: The canonical address that is asked about.

        Raises:
            TooManyRequests: With a challenge.
        """
        if await self.passes(subject):
            return await self._process.limiter.take(*by_address(proven(limit)))
        try:
            return await self._process.limiter.take(*by_address(limit))
        except TooManyRequests as refusal:
            raise await self.attached(refusal, subject) from None

    async def passes(self, subject: str) -> bool:
        """Tell whether the request brings the work for an address; each passes once.

        Within the request it then passes for all that is asked about that address.
        """
        context = current()
        challenge, _, number = context.proof.rpartition(".")
        if not self._is_solved(challenge, number, subject):
            return False
        if context.passed == challenge:
            return True
        key = subject_key("proof", challenge)
        if not await self._process.limiter.admits((_ONCE, key)):
            return False
        context.passed = challenge
        return True

    async def attached(self, refusal: TooManyRequests, subject: str) -> TooManyRequests:
        """Return a refusal with a challenge, the harder the more of them there were."""
        refusal.challenge = self._made(subject, await self._bits(subject))
        return refusal

    async def _bits(self, subject: str) -> int:
        network = network_of(current().ip)
        keys = subject_key("challenge", network), subject_key("challenge", subject)
        shares = await self._process.limiter.measure(*((_FLOOD, key) for key in keys))
        left = min(each.remaining for each in shares) / _FLOOD.burst
        limits = self._process.settings.limits
        low = limits.challenge_bits
        return round(low + (1 - left) * max(0, limits.challenge_bits_max - low))

    def _made(self, subject: str, bits: int) -> Mapping[str, Any]:
        body = self._process.randomness.bytes(_ID) + self._bound(subject)
        expires_at = int(self._process.clock.now().timestamp()) + TTL
        body += expires_at.to_bytes(_SECONDS, "big") + bytes([bits])
        return {
            "algorithm": "sha256",
            "challenge": self._process.secret_key.challenge(body),
            "difficulty": bits,
            "expires_in": TTL,
        }

    def _is_solved(self, challenge: str, number: str, subject: str) -> bool:
        body = self._process.secret_key.read_challenge(challenge)
        if body is None or body[_ID : _ID + _BOUND] != self._bound(subject):
            return False
        expires_at = int.from_bytes(body[-_SECONDS - 1 : -1], "big")
        if self._process.clock.now().timestamp() >= expires_at:
            return False
        solution = f"{challenge}.{number}".encode("utf-8", "surrogatepass")
        digest = int.from_bytes(hashlib.sha256(solution).digest(), "big")
        return digest >> (256 - body[-1]) == 0

    def _bound(self, subject: str) -> bytes:
        parts = subject.encode("utf-8", "surrogatepass"), network_of(current().ip)
        digest = self._process.secret_key.digest
        return digest(b"challenge", parts[0], parts[1].encode())[:_BOUND]
