"""Keys that sign tokens: made, announced, rotated, published."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import Key
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core import jose
from app.core.exceptions import FieldError, Unprocessable
from app.core.secret_key import SealBroken
from app.core.security import LoadedKey
from app.core.signing.signer import DATABASE, KeyStore, MadeKey, SigningUnavailable
from app.database_errors import DatabaseUnavailable
from app.events.signing_key import SigningKeyCreated
from app.models.signing_key import SigningKey
from app.repositories.unit_of_work import UnitOfWork
from app.resource_settings import MAX_TTL
from app.services.process.key_stores import (
    is_destroyed,
    make_keys,
    signer_of,
    store_named,
    storing,
)
from app.services.process.process import Process

UNREADABLE = (
    "AUTH_SERVE_SECRET_KEY is not the one that the keys in the database were sealed "
    "with; give that one, as AUTH_SERVE_SECRET_KEY_SECOND if this one takes its place "
    '("Rotating the secret key"), or see "The secret key is lost" in docs/operations.md'
)
_CHANGED = (
    "the public half of the signing key {} in the database is not the one that was "
    "sealed with it: somebody changed it; find out who writes there, and put back "
    "signing_keys of a backup, or delete this row"
)
_log = logging.getLogger("auth_serve.signing_key")
FRESH, _RETRY = 1.0, 10.0  # seconds until the keys are looked at again
_MARGIN = timedelta(minutes=5)  # for clocks that differ, and keys that are kept a while


class KeysUnreadable(Exception):
    """The stored keys were sealed under another secret key, or changed."""


class SigningKeyService:
    """Keeps the key ring in step with the database.

    Every algorithm of ``Settings.signing_algorithms`` has keys of its own, which follow
    each other without regard to those of the others.
    """

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own."""
        self._process = process

    @property
    def grace(self) -> timedelta:
        """How long a key must stay published after its last signature.

        ID tokens too are verified as long as they live, and a key of any algorithm may
        have signed one. No access token lives longer than ``MAX_TTL``.
        """
        settings = self._process.settings
        longest = max(settings.oauth.id_token_ttl, MAX_TTL)
        return timedelta(seconds=longest) + _MARGIN

    async def load(self) -> None:
        """Read the published keys into the ring; each is parsed once.

        Raises:
            KeysUnreadable: The secret key is not the one that sealed them.
        """
        now = self._process.clock.now()
        async with self._process.unit_of_work(read_only=True) as uow:
            rows = await uow.signing_keys.list_published(now)
        self._process.ring.replace([self._open(row, now) for row in rows])

    async def look(self) -> None:
        """Read the keys again before they are published, once a second at most.

        So what another process rotated is seen at the next request. Without an answer
        of the database the known ones stay.
        """
        ring, now = self._process.ring, self._process.clock.monotonic()
        if now < ring.stale_at:
            return
        ring.stale_at = now + FRESH  # first: nobody else waits for this look
        try:
            await self.load()
        except (DatabaseUnavailable, PoolTimeoutError, KeysUnreadable) as error:
            ring.stale_at = now + _RETRY
            _log.warning("keys not read", extra={"reason": type(error).__name__})

    def _open(self, row: SigningKey, now: datetime) -> LoadedKey:
        known = self._process.ring.by_kid(row.kid, now)
        key = known.key if known else self._verifying(row)
        loaded = LoadedKey(
            kid=row.kid,
            algorithm=row.algorithm,
            key=key,
            signer=known.signer if known else signer_of(self._process, row, key),
            public_jwk=known.public_jwk if known else _published_half(row, key),
            activates_at=row.activates_at,
            expires_at=row.expires_at,
            store=row.store,
        )
        if loaded.public_jwk != row.public_jwk:
            raise KeysUnreadable(_CHANGED.format(row.kid))
        # The same object where nothing changed: what it verified stays remembered.
        return known if known == loaded else loaded

    def _verifying(self, row: SigningKey) -> Key:
        """Return what a seal vouches for: who writes the database alone adds no key."""
        jwk = self._unsealed(row)
        if row.store == DATABASE:
            return jose.import_own_key(jwk)
        return jose.import_published(jwk)

    def _unsealed(self, row: SigningKey) -> Mapping[str, Any]:
        try:
            raw = self._process.secret_key.unseal(
                row.private_key, seal_context(row.kid)
            )
        except SealBroken as error:
            raise KeysUnreadable(UNREADABLE) from error
        jwk: Mapping[str, Any] = json.loads(raw)
        return jwk

    async def ensure(self) -> None:
        """Make first keys where there are none, announce the next ones that are due.

        Safe to run anywhere at any time: of several processes at once, one makes the
        key and all load it. They are generated between two looks: that takes a while,
        and no transaction may wait for it.

        Raises:
            SigningUnavailable: Where the next keys should live cannot be reached; those
                that there are were loaded.
        """
        async with self._process.unit_of_work(read_only=True) as uow:
            due = self._due(await self._published(uow))
        store = store_named(self._process, None)
        made: Mapping[str, MadeKey] = {}
        failed = None
        try:
            made = await make_keys(due, store)
        except SigningUnavailable as error:
            failed = error
        async with storing(self._process, made, store) as (uow, stored):
            last = await uow.signing_keys.last_sequences()
            published = await self._published(uow)
            still = {name: made[name] for name in self._due(published) if name in made}
            stored |= await self._add(uow, still, store, last, published)
            await self._end_others(uow)
        await self.load()
        if failed is not None:
            raise failed

    async def rotate(
        self, algorithm: str | None = None, *, store: str | None = None
    ) -> None:
        """Make the next keys now; each signs once everybody has had time to see it.

        In a transaction of its own, which waits for no store of keys: they are made
        before it, and those that it did not store are destroyed after it.

        Args:
            algorithm: The only one to be given a new key; all, if there is none.
            store: Where they are made; None means where the settings say.

        Raises:
            Unprocessable: Nothing is signed with this algorithm, or no such store is
                known.
            SigningUnavailable: The store cannot be reached.
        """
        chosen = store_named(self._process, store)
        made = await make_keys(self._chosen(algorithm), chosen)
        async with storing(self._process, made, chosen) as (uow, stored):
            last = await uow.signing_keys.last_sequences()
            published = await self._published(uow)
            stored |= await self._add(uow, made, chosen, last, published)
        self._process.ring.stale_at = 0.0

    async def check(self) -> None:
        """Find out whether everything can be signed, now and after the next change.

        Raises:
            SigningUnavailable: It cannot; the hint says what to do.
        """
        for store in self._process.key_stores.values():
            await store.check()
        ring, now = self._process.ring, self._process.clock.now()
        for algorithm in self._process.settings.signing_algorithms:
            await ring.signing(algorithm, now).signer.check()
            await ring.newest(algorithm).signer.check()

    def _chosen(self, algorithm: str | None) -> Sequence[str]:
        names = self._process.settings.signing_algorithms
        if algorithm is None:
            return names
        if algorithm not in names:
            offer = f"must be one of {', '.join(names)}"
            raise Unprocessable([FieldError("algorithm", "unknown_algorithm", offer)])
        return (algorithm,)

    async def _end_others(self, uow: UnitOfWork) -> None:
        """End the keys of algorithms that the settings do not name any more.

        Processes that still run with the old setting sign on; they have as long as a
        new key is announced, and keep their key alive until they stop.
        """
        end = self._process.clock.now() + self._announce + self.grace
        names = self._process.settings.signing_algorithms
        await uow.signing_keys.expire_others(names, end)

    @property
    def _announce(self) -> timedelta:
        return timedelta(seconds=self._process.settings.token.key_announce_ttl)

    async def clean(self) -> None:
        """Delete the keys whose last token is dead, wherever they live.

        One whose store does not answer, or is known to others alone, stays until then.
        """
        now = self._process.clock.now()
        async with self._process.unit_of_work(read_only=True) as uow:
            dead = await uow.signing_keys.list_expired_elsewhere(now)
        kept = [row.kid for row in dead if not await is_destroyed(self._process, row)]
        async with self._process.unit_of_work() as uow:
            await uow.signing_keys.delete_expired(now, kept)

    def _due(self, published: Mapping[str, Sequence[SigningKey]]) -> Sequence[str]:
        """Return the algorithms without a key, or whose next one is due."""
        signs_for = timedelta(seconds=self._process.settings.token.key_ttl)
        latest = self._process.clock.now() + self._announce - signs_for
        return [
            name
            for name, keys in published.items()
            if not keys or keys[-1].activates_at <= latest
        ]

    async def _published(self, uow: UnitOfWork) -> Mapping[str, Sequence[SigningKey]]:
        """Return the keys of each algorithm that is wanted, oldest first."""
        rows = await uow.signing_keys.list_published(self._process.clock.now())
        return {
            name: [row for row in rows if row.algorithm == name]
            for name in self._process.settings.signing_algorithms
        }

    async def _add(
        self,
        uow: UnitOfWork,
        made: Mapping[str, MadeKey],
        store: KeyStore,
        last: Mapping[str, int],
        published: Mapping[str, Sequence[SigningKey]],
    ) -> set[str]:
        """Store keys, and give every key the end that follows from its successor.

        Args:
            uow: The transaction.
            made: The new keys by algorithm; the first of an algorithm signs at once.
            store: Where they were made.
            last: The highest sequences, asked for before ``published``. Whoever makes
                a key between the two looks is seen by the second one, and whoever makes
                it later has the same number: one of both is stored.
            published: The keys that are there.

        Returns:
            The ids of those that were stored.
        """
        now = self._process.clock.now()
        rows = [
            self._row(
                key,
                store=store.name,
                algorithm=name,
                sequence=last.get(name, 0) + 1,
                activates_at=now + self._announce if published[name] else now,
            )
            for name, key in sorted(made.items())  # one order, so no deadlock
        ]
        stored: set[str] = set()
        if rows:
            stored = await uow.signing_keys.add_once(rows)
            # Of one that is not stored another process was first; its key is as good.
            self._tell(uow, [row for row in rows if row["kid"] in stored])
            published = await self._published(uow)
        await self._set_ends(uow, published.values())
        return stored

    async def _set_ends(
        self, uow: UnitOfWork, published: Iterable[Sequence[SigningKey]]
    ) -> None:
        """Take the end from the newest key of each algorithm; give the others theirs.

        A predecessor signs until its heir does; its last token dies a little later.
        An algorithm that is chosen again goes on with its newest key. The same mends,
        at each start and every minute, what a process of the release before the
        provider does beside this one: it knows one algorithm only, ends the keys of all
        others, a day ahead, and ends its own as if they signed only access tokens.
        """
        revived = []
        for keys in published:
            for key, heir in zip(keys, keys[1:], strict=False):
                end = heir.activates_at + self.grace
                if key.expires_at is None or key.expires_at < end:
                    await uow.signing_keys.set_end([key.kid], end)
            revived += [key.kid for key in keys[-1:] if key.expires_at is not None]
        if revived:
            await uow.signing_keys.set_end(revived, None)

    def _row(
        self,
        made: MadeKey,
        *,
        store: str,
        algorithm: str,
        sequence: int,
        activates_at: datetime,
    ) -> dict[str, Any]:
        key, kid = made.key, made.key.thumbprint()
        return {
            "kid": kid,
            "algorithm": algorithm,
            "sequence": sequence,
            "public_jwk": jose.public_jwk(key, kid, algorithm),
            "private_key": self._sealed(made, kid),
            "store": store,
            "reference": made.reference,
            "created_at": self._process.clock.now(),
            "activates_at": activates_at,
            "expires_at": None,
        }

    def _tell(self, uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            kid, algorithm = row["kid"], row["algorithm"]
            activates_at = row["activates_at"].isoformat()
            uow.record(
                SigningKeyCreated(
                    kid=kid,
                    algorithm=algorithm,
                    activates_at=activates_at,
                    store=row["store"],
                )
            )
            about = {"kid": kid, "algorithm": algorithm, "store": row["store"]}
            _log.info("signing key made", extra=about)

    async def list_page(
        self, uow: UnitOfWork, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[SigningKey]:
        """Return a page of the keys that are published now, the latest first."""
        now = self._process.clock.now()
        rows = await uow.signing_keys.list_page(now, after=after, limit=limit)
        return self._vouched_for(rows)

    def _sealed(self, made: MadeKey, kid: str) -> bytes:
        jwk = made.key.as_dict(private=made.reference is None)
        nonce = self._process.randomness.bytes(12)
        value = json.dumps(jwk).encode()
        return self._process.secret_key.seal(value, nonce, seal_context(kid))

    async def list_published(self, uow: UnitOfWork) -> Sequence[SigningKey]:
        """Return the keys that are published now.

        Raises:
            KeysUnreadable: No seal vouches for one of them.
        """
        rows = await uow.signing_keys.list_published(self._process.clock.now())
        return self._vouched_for(rows)

    def _vouched_for(self, rows: Sequence[SigningKey]) -> Sequence[SigningKey]:
        """Return the same: nobody may copy a key from a list that is not ours."""
        now = self._process.clock.now()
        for row in rows:
            self._open(row, now)
        return rows


def _published_half(row: SigningKey, key: Key) -> Mapping[str, Any]:
    """Return what is published, made of what is sealed and not of what stands there."""
    return jose.public_jwk(key, row.kid, row.algorithm)


def seal_context(kid: str) -> str:
    """Return what a private key is sealed for."""
    return f"signing_keys:{kid}"
