"""Keys in a PKCS#11 token as a store: on threads of its own, in time, or not at all."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, ParamSpec, TypeVar

from joserfc.jwk import Key

from app.core import jose
from app.core.circuit_breaker import Breaker
from app.core.hashing_pool import BoundedThreads, HashingOverloaded
from app.core.jose import InvalidToken
from app.core.randomness import Randomness
from app.core.signing.pkcs11 import Pkcs11Token
from app.core.signing.signer import MadeKey, SigningUnavailable
from app.core.signing.token_error import KeyNotThere, TokenUnusable

P = ParamSpec("P")
T = TypeVar("T")
NAME = "pkcs11"
RETRY_AFTER = 5  # seconds that a token is left alone after it failed three times
_PROBE = "auth-serve-probe"
_SLOW = 60.0  # seconds: a small device makes an RSA key, or lets somebody in


class TokenDown(SigningUnavailable):
    """The token fails for every key: it is left alone for a while."""


class SigningOverloaded(HashingOverloaded):
    """More signatures at once than the token makes in time."""


class SigningThreads(BoundedThreads):
    """Threads that wait for the token."""

    kind = "signing"
    span = "sign in a token"
    overloaded = SigningOverloaded


class TokenKeys:
    """A token as a store of keys."""

    name: ClassVar[str] = NAME

    def __init__(
        self,
        token: Pkcs11Token,
        threads: SigningThreads,
        breaker: Breaker,
        randomness: Randomness,
        *,
        timeout: float,
    ) -> None:
        """Ask nothing yet.

        Args:
            token: What is asked.
            threads: Where its calls wait; so many sessions there are at most.
            breaker: Leaves it alone for a while when it does not answer.
            randomness: Makes the ids of keys.
            timeout: Seconds that a caller waits for a signature.
        """
        self._token = token
        self._threads = threads
        self._breaker = breaker
        self._randomness = randomness
        self._timeout = timeout
        self._answers = 0  # of calls that came back, with whatever

    async def make(self, algorithm: str) -> MadeKey:
        """Make a pair in the token; what comes out of it is the public half.

        Raises:
            SigningUnavailable: It does not answer, or makes no such keys.
        """
        reference = self._randomness.bytes(16).hex()
        jwk = await self._asked(_SLOW, self._token.make, algorithm, reference)
        made = MadeKey(jose.import_key(jwk), reference)
        await self.signer(made.key, algorithm, reference).check()
        return made

    def signer(self, key: Key, algorithm: str, reference: str | None) -> "TokenSigner":
        """Return what signs with a key of the token."""
        return TokenSigner(self, key, algorithm, reference or "")

    async def destroy(self, reference: str) -> None:
        """Destroy a key.

        Raises:
            SigningUnavailable: The token does not answer.
        """
        await self._asked(self._timeout, self._token.destroy, reference)

    async def check(self) -> None:
        """Log in, if nobody did yet.

        Raises:
            SigningUnavailable: The token lets nobody in; the hint says what to do.
        """
        await self._asked(_SLOW, self._token.check)

    async def close(self) -> None:
        """Log out; a token that does not answer is left to itself."""
        with suppress(TimeoutError, SigningOverloaded):
            async with asyncio.timeout(1.0):
                await self._threads.run(self._token.close)
        self._threads.close()

    def demand(self) -> None:
        """Refuse what would be refused without being asked for.

        Raises:
            CircuitOpen: The token is left alone just now.
        """
        self._breaker.demand()

    async def sign(self, reference: str, algorithm: str, message: bytes) -> bytes:
        """Return a signature.

        Raises:
            CircuitOpen: The token failed too often just now.
            SigningUnavailable: It failed, took too long, or has too much to do.
        """
        return await self._asked(
            self._timeout, self._token.sign, reference, algorithm, message
        )

    async def _asked(
        self,
        seconds: float,
        ask: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Ask in time, waiting for a thread included.

        Of a caller whose time went by in the queue, while others were answered, the
        token is not to blame: it has too much to do, and nobody leaves it alone.
        """

        def call() -> T:
            try:
                return ask(*args, **kwargs)
            finally:
                self._answers += 1

        threads, before = self._threads, self._answers
        has_to_wait = threads.running + threads.waiting >= threads.threads
        async with self._breaker:
            try:
                async with asyncio.timeout(seconds):
                    return await threads.run(call)
            except TimeoutError as error:
                if has_to_wait and self._answers != before:
                    hint = f"no thread was free in {seconds:g} seconds"
                    raise SigningOverloaded(hint, retry_after=1) from error
                hint = f"the PKCS#11 token took longer than {seconds:g} seconds"
                raise TokenDown(hint, retry_after=RETRY_AFTER) from error
            except KeyNotThere as error:
                raise SigningUnavailable(str(error), retry_after=RETRY_AFTER) from error
            except TokenUnusable as error:
                raise TokenDown(str(error), retry_after=RETRY_AFTER) from error


class TokenSigner:
    """Signs with one key of the token."""

    __slots__ = ("_keys", "_key", "_algorithm", "_reference")

    def __init__(
        self, keys: TokenKeys, key: Key, algorithm: str, reference: str
    ) -> None:
        """Know a key by its public half, and by what the token calls it."""
        self._keys = keys
        self._key = key
        self._algorithm = algorithm
        self._reference = reference

    async def sign(self, message: bytes) -> bytes:
        """Return the signature, once the token has made it.

        Raises:
            CircuitOpen: The token failed too often just now.
            SigningUnavailable: It failed, took too long, or has too much to do.
        """
        return await self._keys.sign(self._reference, self._algorithm, message)

    def demand(self) -> None:
        """Refuse while the token is left alone.

        Raises:
            CircuitOpen: It is.
        """
        self._keys.demand()

    async def check(self) -> None:
        """Have something signed, and verify it: the token has this key and no other.

        Raises:
            SigningUnavailable: It cannot be done; the hint says what to do.
        """
        message = jose.signing_input(
            {}, kid=_PROBE, algorithm=self._algorithm, typ=_PROBE
        )
        token = jose.compact(message, await self.sign(message))
        try:
            jose.verify(token, self._key, algorithm=self._algorithm, typ=_PROBE)
        except InvalidToken as error:
            raise SigningUnavailable(
                f"the key {self._reference} of the PKCS#11 token is another one than "
                "the database has; bring back the token that it was made in"
            ) from error
