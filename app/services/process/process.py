"""What one process owns: it stands below every service (docs/architecture.md)."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.config import PREFIX, Settings, SettingsError
from app.core.circuit_breaker import CircuitBreakers
from app.core.clock import Clock, SharedClock
from app.core.hashing_pool import HashingPool, Timed
from app.core.outbound import OutboundClient
from app.core.passwords import PasswordHasher, release_memory
from app.core.randomness import Randomness, SystemRandomness
from app.core.rate_limit import RateLimiter
from app.core.secret_key import SecretKey
from app.core.security import AccessTokens, KeyRing
from app.core.signing.signer import KeyStores
from app.database import Database, PoolOptions
from app.repositories.statements.personal_token import PersonalTokenStatements
from app.repositories.statements.session import SessionStatements
from app.repositories.statements.sign_in import SignInStatements
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.closing import close_parts
from app.services.process.kept_secret import secret_key_of
from app.services.process.rate_limit import Limits, build_store
from app.services.process.refused_request import RefusedRequests
from app.services.process.token_keys import build_key_stores
from app.services.process.tracing import build_tracing
from app.setting_groups import PasswordSettings
from app.tracing.statement import trace_statements

_LAST_WRITES = 3.0  # seconds for what was answered and is not written yet

if TYPE_CHECKING:
    from app.services.process.metrics import Metrics
    from app.tracing.opentelemetry import OtelTracing


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """The long-lived parts of a process; requests add a session to them.

    All of it is made from the settings and from layers below, so that any service may
    ask for it. What is composed of services stands above the wing that makes it.
    """

    instance: UUID
    settings: Settings
    clock: Clock
    randomness: Randomness
    database: Database
    statements: SessionStatements
    sign_ins: SignInStatements
    personal_tokens: PersonalTokenStatements
    refused_requests: RefusedRequests
    secret_key: SecretKey
    hasher: PasswordHasher
    hashing_pool: HashingPool
    foreign_hashing: HashingPool
    breakers: CircuitBreakers
    outbound: OutboundClient
    limiter: RateLimiter
    limits: Limits
    ring: KeyRing
    key_stores: KeyStores
    tokens: AccessTokens
    metrics: "Metrics | None" = None
    tracing: "OtelTracing | None" = None

    def uow(self, db: AsyncSession) -> UnitOfWork:
        """Join the repositories to the transaction of a session."""
        return UnitOfWork(db, self.clock, self.randomness)

    @asynccontextmanager
    async def unit_of_work(
        self, *, read_only: bool = False
    ) -> AsyncIterator[UnitOfWork]:
        """Open a transaction outside of a request's, and commit it at the end."""
        async with self.database.session(read_only=read_only) as db:
            yield self.uow(db)
            await db.commit()

    async def close(self) -> None:
        """Give everything back; nothing is used afterwards.

        Within five seconds, whatever does not answer: who runs us kills us later.
        """
        await close_parts(
            {
                "personal tokens": self.personal_tokens.settle(),
                "refused requests": self.refused_requests.settle(),
            },
            _LAST_WRITES,
        )
        self.hashing_pool.close()
        self.foreign_hashing.close()
        parts = {
            "outbound calls": self.outbound.close(),
            "limits": self.limiter.close(),
            "database": self.database.close(),
        }
        for name, store in self.key_stores.items():
            parts[f"keys in {name}"] = store.close()
        if self.tracing is not None:
            parts["traces"] = asyncio.to_thread(self.tracing.close)
        await close_parts(parts)
        if self.metrics is not None:
            self.metrics.close()


def build_process(
    settings: Settings,
    *,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
) -> Process:
    """Put the parts together; nothing is connected yet."""
    clock = clock or SharedClock()
    randomness = randomness or SystemRandomness(clock)
    database = _database(settings)
    breakers = CircuitBreakers(clock)
    store = build_store(settings, database, breakers, clock)
    ring = KeyRing()
    metrics, tracing = _metrics(settings), build_tracing(settings)
    if tracing is not None:
        trace_statements(database.engine.sync_engine)
    return Process(
        instance=randomness.uuid7(),
        settings=settings,
        clock=clock,
        randomness=randomness,
        database=database,
        statements=SessionStatements(database),
        sign_ins=SignInStatements(database, store),
        personal_tokens=PersonalTokenStatements(database),
        refused_requests=RefusedRequests(
            database,
            clock,
            randomness,
            settings.retention.refused_requests_per_minute,
            settings.retention.answered_requests_per_minute,
        ),
        secret_key=secret_key_of(settings, randomness),
        hasher=_hasher(settings.password),
        hashing_pool=_hashing_pool(
            settings.password, metrics.timed("own", clock) if metrics else None
        ),
        foreign_hashing=_foreign_hashing(
            settings.password, metrics.timed("foreign", clock) if metrics else None
        ),
        breakers=breakers,
        outbound=_outbound(settings, breakers),
        limiter=RateLimiter(store, clock, metrics.limited if metrics else None),
        limits=Limits.from_settings(settings.limits),
        ring=ring,
        key_stores=build_key_stores(settings, breakers, randomness),
        tokens=_tokens(settings, ring),
        metrics=metrics,
        tracing=tracing,
    )


def _metrics(settings: Settings) -> "Metrics | None":
    """Return where this process counts; None if nobody may ask for it."""
    if not settings.metrics.is_on:
        return None
    from app.services.process.metrics import build_metrics  # half a megabyte

    return build_metrics(settings)


def _database(settings: Settings) -> Database:
    options = settings.database.model_dump(exclude={"migrate"})
    return Database(settings.database_url.get_secret_value(), PoolOptions(**options))


def _tokens(settings: Settings, ring: KeyRing) -> AccessTokens:
    return AccessTokens(
        ring,
        issuer=settings.public_url,
        algorithm=settings.token.algorithm,
        ttl=settings.token.access_ttl,
    )


def _outbound(settings: Settings, breakers: CircuitBreakers) -> OutboundClient:
    try:
        return OutboundClient(
            breakers,
            allowed_hosts=frozenset(settings.outbound.allowed_hosts),
            ca_file=settings.outbound.ca_file,
        )
    except ValueError:
        name = f"{PREFIX}OUTBOUND__ALLOWED_HOSTS"
        raise SettingsError(f"{name}: must be host or host:port each") from None


def _hashing_pool(password: PasswordSettings, timed: Timed | None) -> HashingPool:
    threads = password.hashing_threads or os.cpu_count() or 1
    queue = password.hashing_queue
    return HashingPool(threads, queue, rest=release_memory, timed=timed)


def _foreign_hashing(password: PasswordSettings, timed: Timed | None) -> HashingPool:
    """Return threads for imported hashes, which may cost seconds: others go on."""
    threads = password.hashing_threads or os.cpu_count() or 1
    queue = max(1, password.hashing_queue // 4)
    half = max(1, threads // 2)
    return HashingPool(half, queue, rest=release_memory, timed=timed)


def _hasher(password: PasswordSettings) -> PasswordHasher:
    pepper, salt = password.devise_pepper, password.flask_security_salt
    return PasswordHasher(
        memory_cost=password.memory_cost,
        time_cost=password.time_cost,
        parallelism=password.parallelism,
        devise_pepper=pepper.get_secret_value() if pepper else "",
        flask_security_salt=salt.get_secret_value() if salt else "",
    )
