"""What monitoring is told: what was counted, and how things are at this moment."""

import asyncio
import hmac
import logging
import platform
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from app import __version__
from app.core.logging import lost_lines
from app.core.metrics.machine import taken
from app.core.metrics.registry import Reading
from app.database_errors import DatabaseUnavailable
from app.repositories.outbox import Held
from app.repositories.unit_of_work import BACKCHANNEL_LOGOUT, MAIL
from app.services.process import measures
from app.services.process.metrics import Metrics
from app.services.process.process import Process

STATES = ("closed", "half_open", "open")
KINDS = ("smtp", "valkey", "pkcs11", "client", "outbound")
_FRESH = 5.0  # seconds that one look into the database answers, whoever asks
_PATIENCE = 2.0  # seconds for that look; monitoring waits ten
_log = logging.getLogger("auth_serve.metrics")


class MetricsService:
    """Tells the numbers of this process, or of all behind its port."""

    def __init__(self, process: Process) -> None:
        """Begin; what the process is like is looked at again and again."""
        self._process = process
        self._started = process.clock.now()
        self._looked_at = -_FRESH
        self._held: list[Held] = []
        self._sealing: list[tuple[datetime, int | None]] = []
        self._looking = asyncio.Lock()

    def admits(self, authorization: list[str]) -> bool:
        """Tell whether who sends these fields may read."""
        token = self._process.settings.metrics.token
        if token is None or len(authorization) != 1:
            return False
        scheme, _, given = authorization[0].partition(" ")
        expected = token.get_secret_value().encode()
        is_it = hmac.compare_digest(given.strip().encode(), expected)
        return scheme.lower() == "bearer" and is_it

    async def page(self, accept: str) -> tuple[bytes, str]:
        """Return everything, as text that the caller can read, and its media type.

        Args:
            accept: Media types as the caller lists them.
        """
        # Here: it is needed where somebody asks, and nowhere else.
        from app.core.metrics.exposition import written

        self.sample()
        readings = [*self._metrics.read(), *await self._outbox()]
        return written(readings, accept)

    def sample(self, lag: float | None = None) -> None:
        """Write down how this process is, for whichever process is asked.

        Args:
            lag: Seconds that the event loop came back late, if somebody measured.
        """
        metrics = self._metrics
        if lag is not None:
            metrics.observe(measures.LOOP_LAG, (), lag)
        metrics.set(measures.PROCESSES, (), 1)
        metrics.set(measures.BUILD, (__version__, platform.python_version()), 1)
        metrics.set(measures.STARTED, (), self._started.timestamp())
        metrics.grow(measures.LOG_LOST, lost_lines())
        self._sample_machine(metrics)
        self._sample_pools(metrics)
        self._sample_breakers(metrics)
        self._sample_keys(metrics, self._process.clock.now())

    @property
    def _metrics(self) -> Metrics:
        metrics = self._process.metrics
        assert metrics is not None  # whoever asks has looked
        return metrics

    def _sample_machine(self, metrics: Metrics) -> None:
        found = taken()
        metrics.grow(measures.CPU, found.cpu)
        if found.memory is not None:
            metrics.set(measures.MEMORY, (), found.memory)
        if found.descriptors is not None:
            metrics.set(measures.DESCRIPTORS, (), found.descriptors)

    def _sample_pools(self, metrics: Metrics) -> None:
        process = self._process
        pools = {"own": process.hashing_pool, "foreign": process.foreign_hashing}
        for name, pool in pools.items():
            metrics.set(measures.HASHES_WAITING, (name,), pool.waiting)
            metrics.set(measures.HASHES_RUNNING, (name,), pool.running)
            metrics.set(measures.HASHING_THREADS, (name,), pool.threads)
        connections = process.database.pool_state()
        if connections is not None:
            metrics.set(measures.DATABASE_IN_USE, (), connections.in_use)
            metrics.set(measures.DATABASE_MOST, (), connections.most)
            metrics.set(measures.DATABASE_WAITING, (), connections.waiting)

    def _sample_breakers(self, metrics: Metrics) -> None:
        """Count circuits by kind: hosts may be named by strangers, without a bound."""
        found = dict.fromkeys(((kind, state) for kind in KINDS for state in STATES), 0)
        for name, state in self._process.breakers.states().items():
            kind = name.partition(":")[0]
            found[kind if kind in KINDS else "outbound", state] += 1
        for labels, number in found.items():
            metrics.set(measures.BREAKERS, labels, number)

    def _sample_keys(self, metrics: Metrics, now: datetime) -> None:
        settings = self._process.settings
        metrics.set(measures.KEY_MOST, (), settings.token.key_ttl)
        for algorithm in settings.signing_algorithms:
            try:
                key = self._process.ring.signing(algorithm, now)
            except LookupError:
                continue  # readiness is red
            age = max(0.0, (now - key.activates_at).total_seconds())
            metrics.set(measures.KEY_AGE, (algorithm,), age)

    async def _outbox(self) -> list[Reading]:
        """Look into the outbox; several scrapes of one moment cost one statement."""
        process = self._process
        async with self._looking:
            if process.clock.monotonic() - self._looked_at >= _FRESH:
                try:
                    async with (
                        asyncio.timeout(_PATIENCE),
                        process.unit_of_work(read_only=True) as uow,
                    ):
                        self._held = await uow.outbox.held(process.clock.now())
                        keys = await uow.kept_keys.list_sealing()
                        self._sealing = [(k.began_at, k.values_left) for k in keys]
                except (SQLAlchemyError, DatabaseUnavailable, OSError) as error:
                    _log.warning("the outbox cannot be looked at", exc_info=error)
                    return []
                self._looked_at = process.clock.monotonic()
        return [*self._told(), *self._told_of_secret_keys()]

    def _told_of_secret_keys(self) -> Iterator[Reading]:
        keys, now = self._sealing, self._process.clock.now()
        if not keys:
            return
        age = (now - min(began for began, _ in keys)).total_seconds()
        # Of one alone nothing is left over: it is the one that seals.
        left = sum(each or 0 for _, each in keys) if len(keys) > 1 else 0
        yield Reading(measures.SECRET_KEYS, (), [len(keys)])
        yield Reading(measures.SECRET_KEY_AGE, (), [max(0.0, age)])
        yield Reading(measures.SECRET_KEY_LEFT, (), [left])

    def _told(self) -> Iterator[Reading]:
        now = self._process.clock.now()
        nothing = {kind: Held(kind, 0, 0, None) for kind in (MAIL, BACKCHANNEL_LOGOUT)}
        for kind, held in (nothing | {each.kind: each for each in self._held}).items():
            age = (now - held.since).total_seconds() if held.since else 0.0
            yield Reading(measures.OUTBOX_PENDING, (kind,), [held.pending])
            yield Reading(measures.OUTBOX_FAILED, (kind,), [held.failed])
            yield Reading(measures.OUTBOX_OLDEST, (kind,), [max(0.0, age)])
