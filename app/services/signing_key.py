"""Keys that sign tokens: made, announced, rotated, published."""

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from joserfc.jwk import Key

from app.core import jose
from app.core.secret_key import SealBroken
from app.core.security import LoadedKey
from app.events.signing_key import SigningKeyCreated
from app.models.signing_key import SigningKey
from app.repositories.unit_of_work import UnitOfWork
from app.services.runtime import Runtime

_log = logging.getLogger("auth_serve.signing_key")


class KeysUnreadable(Exception):
    """The stored keys were sealed under another secret key."""


class SigningKeyService:
    """Keeps the key ring in step with the database."""

    def __init__(self, runtime: Runtime) -> None:
        """Work in transactions of its own."""
        self._runtime = runtime

    async def load(self) -> None:
        """Read the published keys into the ring; each is parsed once.

        Raises:
            KeysUnreadable: The secret key is not the one that sealed them.
        """
        now = self._runtime.clock.now()
        async with self._runtime.unit_of_work(read_only=True) as uow:
            rows = await uow.signing_keys.list_published(now)
        self._runtime.ring.replace([self._open(row) for row in rows])

    def _open(self, row: SigningKey) -> LoadedKey:
        try:
            raw = self._runtime.secret_key.unseal(row.private_key, _context(row.kid))
        except SealBroken as error:
            raise KeysUnreadable(
                "AUTH_SERVE_SECRET_KEY is not the one that the signing keys in the "
                'database were sealed with; give the old one, or see "The secret key '
                'is lost" in docs/operations.md'
            ) from error
        return LoadedKey(
            kid=row.kid,
            algorithm=row.algorithm,
            key=jose.import_key(json.loads(raw)),
            public_jwk=row.public_jwk,
            activates_at=row.activates_at,
            expires_at=row.expires_at,
        )

    async def ensure(self) -> None:
        """Make the first key if there is none, announce the next one when it is due.

        Safe to run anywhere at any time: of several processes at once, one makes the
        key and all load it. It is generated between two looks: that takes a while, and
        no transaction may wait for it.
        """
        async with self._runtime.unit_of_work(read_only=True) as uow:
            is_wanted = self._is_wanted(await self._own(uow))
        key = await self._generate() if is_wanted else None
        async with self._runtime.unit_of_work() as uow:
            sequence = await self._next_sequence(uow)
            own = await self._own(uow)
            if key is not None and self._is_wanted(own):
                await self._add(uow, key, sequence, announced=bool(own))
            elif own and own[-1].expires_at is not None:
                await uow.signing_keys.set_end(own[-1].kid, None)  # chosen again
            await self._end_others(uow)
        await self.load()

    async def rotate(self, uow: UnitOfWork) -> None:
        """Make the next key now; it signs once everybody has had time to see it.

        Args:
            uow: Its transaction has not begun yet, so it does not wait for the key.
        """
        key = await self._generate()
        sequence = await self._next_sequence(uow)
        announced = bool(await self._own(uow))
        await self._add(uow, key, sequence, announced=announced)

    async def _generate(self) -> Key:
        return await asyncio.to_thread(jose.generate_key, self._algorithm)

    async def _end_others(self, uow: UnitOfWork) -> None:
        """End the keys of an algorithm that is not the setting's any more.

        Processes that still run with the old setting sign on; they have as long as a
        new key is announced, and keep their key alive until they stop.
        """
        end = (
            self._runtime.clock.now() + self._announce + self._runtime.tokens.key_grace
        )
        await uow.signing_keys.expire_others(self._algorithm, end)

    @property
    def _algorithm(self) -> str:
        return self._runtime.settings.token.algorithm

    @property
    def _announce(self) -> timedelta:
        return timedelta(seconds=self._runtime.settings.token.key_announce_ttl)

    async def clean(self) -> None:
        """Delete the keys whose last token is dead."""
        async with self._runtime.unit_of_work() as uow:
            await uow.signing_keys.delete_expired(self._runtime.clock.now())

    def _is_wanted(self, own: Sequence[SigningKey]) -> bool:
        """Tell whether there is no key, or the newest one's successor is due."""
        if not own:
            return True
        signs_for = timedelta(seconds=self._runtime.settings.token.key_ttl)
        end = own[-1].activates_at + signs_for
        return self._runtime.clock.now() >= end - self._announce

    async def _own(self, uow: UnitOfWork) -> Sequence[SigningKey]:
        keys = await uow.signing_keys.list_published(self._runtime.clock.now())
        return [key for key in keys if key.algorithm == self._algorithm]

    async def _next_sequence(self, uow: UnitOfWork) -> int:
        """Return the number of the next key; ask before looking at the keys.

        Whoever makes a key between the two looks is seen by the second one, and whoever
        makes it later has the same number: one of both is stored.
        """
        return await uow.signing_keys.last_sequence(self._algorithm) + 1

    async def _add(
        self, uow: UnitOfWork, key: Key, sequence: int, *, announced: bool
    ) -> None:
        """Store a key; one that is not announced signs at once."""
        now, kid, algorithm = (
            self._runtime.clock.now(),
            key.thumbprint(),
            self._algorithm,
        )
        activates_at = now + self._announce if announced else now
        added = await uow.signing_keys.add_once(
            {
                "kid": kid,
                "algorithm": algorithm,
                "sequence": sequence,
                "public_jwk": jose.public_jwk(key, kid, algorithm),
                "private_key": self._sealed(key, kid),
                "created_at": now,
                "activates_at": activates_at,
                "expires_at": None,
            }
        )
        if not added:
            return  # another process was first; its key is as good
        # The predecessor signs until then; its last token dies a little later.
        end = activates_at + self._runtime.tokens.key_grace
        await uow.signing_keys.expire_before(algorithm, sequence, end)
        uow.record(
            SigningKeyCreated(
                kid=kid, algorithm=algorithm, activates_at=activates_at.isoformat()
            )
        )
        _log.info("signing key made", extra={"kid": kid, "algorithm": algorithm})

    async def list_page(
        self, uow: UnitOfWork, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[SigningKey]:
        """Return a page of the keys that are published now, the latest first."""
        now = self._runtime.clock.now()
        return await uow.signing_keys.list_page(now, after=after, limit=limit)

    def _sealed(self, key: Key, kid: str) -> bytes:
        private = json.dumps(key.as_dict(private=True)).encode()
        nonce = self._runtime.randomness.bytes(12)
        return self._runtime.secret_key.seal(private, nonce, _context(kid))

    async def list_published(self, uow: UnitOfWork) -> Sequence[SigningKey]:
        """Return the keys that are published now."""
        return await uow.signing_keys.list_published(self._runtime.clock.now())


def _context(kid: str) -> str:
    return f"signing_keys:{kid}"
