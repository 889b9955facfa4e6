"""Keys that sign tokens: made, announced, rotated, published."""

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

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
        key and all load it.
        """
        algorithm = self._runtime.settings.token.algorithm
        async with self._runtime.unit_of_work() as uow:
            now = self._runtime.clock.now()
            keys = await self._of_algorithm(uow, algorithm, now)
            if not keys:
                await self._add(uow, algorithm, 1, now)
            elif self._is_due(keys[-1], now):
                await self.rotate(uow)
        await self.load()

    async def rotate(self, uow: UnitOfWork) -> None:
        """Make the next key now; it signs once everybody has had time to see it."""
        algorithm = self._runtime.settings.token.algorithm
        now = self._runtime.clock.now()
        keys = await self._of_algorithm(uow, algorithm, now)
        announce = timedelta(seconds=self._runtime.settings.token.key_announce_ttl)
        sequence = keys[-1].sequence + 1 if keys else 1
        await self._add(uow, algorithm, sequence, now + announce)

    async def clean(self) -> None:
        """Delete the keys whose last token is dead."""
        async with self._runtime.unit_of_work() as uow:
            await uow.signing_keys.delete_expired(self._runtime.clock.now())

    def _is_due(self, newest: SigningKey, now: datetime) -> bool:
        settings = self._runtime.settings.token
        lead = timedelta(seconds=settings.key_ttl - settings.key_announce_ttl)
        return now >= newest.activates_at + lead

    async def _of_algorithm(
        self, uow: UnitOfWork, algorithm: str, now: datetime
    ) -> Sequence[SigningKey]:
        keys = await uow.signing_keys.list_published(now)
        return [key for key in keys if key.algorithm == algorithm]

    async def _add(
        self, uow: UnitOfWork, algorithm: str, sequence: int, activates_at: datetime
    ) -> None:
        now = self._runtime.clock.now()
        key = jose.generate_key(algorithm)
        kid = key.thumbprint()
        private = json.dumps(key.as_dict(private=True)).encode()
        nonce = self._runtime.randomness.bytes(12)
        added = await uow.signing_keys.add_once(
            {
                "kid": kid,
                "algorithm": algorithm,
                "sequence": sequence,
                "public_jwk": jose.public_jwk(key, kid, algorithm),
                "private_key": self._runtime.secret_key.seal(
                    private, nonce, _context(kid)
                ),
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

    async def list_published(self, uow: UnitOfWork) -> Sequence[SigningKey]:
        """Return the keys that are published now."""
        return await uow.signing_keys.list_published(self._runtime.clock.now())


def _context(kid: str) -> str:
    return f"signing_keys:{kid}"
