"""What one process shares, put together in one place from the settings."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from app.config import PREFIX, Settings, SettingsError, weakness
from app.core.circuit_breaker import CircuitBreakers
from app.core.clock import Clock, SharedClock
from app.core.hashing_pool import HashingPool
from app.core.mailbox import Mailbox
from app.core.outbound import OutboundClient
from app.core.passwords import PasswordHasher
from app.core.randomness import Randomness, SystemRandomness
from app.core.rate_limit import RateLimiter
from app.core.secret_key import SecretKey
from app.core.security import AccessTokens, KeyRing
from app.core.stopping import Stopping
from app.database import Database, PoolOptions
from app.oauth.supported import Supported
from app.repositories.statements.idempotency_claim import IdempotencyClaims
from app.repositories.statements.oauth_grant import OAuthGrantStatements
from app.repositories.statements.session import SessionStatements
from app.repositories.statements.sign_in import SignInStatements
from app.repositories.statements.write_probe import WriteProbe
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.breached_password import BreachedPasswordService
from app.services.clients.directory import ClientDirectory
from app.services.clients.logo import ClientLogos
from app.services.process.rate_limit import Limits, build_store
from app.services.process.signed_token import SignedTokens
from app.services.process.supported import build_supported
from app.setting_groups import PasswordSettings
from app.setting_types import database_address


@dataclass(frozen=True, slots=True)
class Runtime:
    """The long-lived parts of a process; requests add a session to them."""

    settings: Settings
    clock: Clock
    randomness: Randomness
    database: Database
    statements: SessionStatements
    sign_ins: SignInStatements
    secret_key: SecretKey
    hasher: PasswordHasher
    hashing_pool: HashingPool
    foreign_hashing: HashingPool
    breakers: CircuitBreakers
    outbound: OutboundClient
    breached_passwords: BreachedPasswordService
    limiter: RateLimiter
    limits: Limits
    ring: KeyRing
    tokens: AccessTokens
    supported: Supported
    clients: ClientDirectory
    logos: ClientLogos
    grants: OAuthGrantStatements
    signed: SignedTokens
    stopping: Stopping
    claims: IdempotencyClaims
    write_probe: WriteProbe
    mailbox: Mailbox = field(default_factory=Mailbox)

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
        """Give everything back; nothing is used afterwards."""
        await self.outbound.close()
        await self.limiter.close()
        self.hashing_pool.close()
        self.foreign_hashing.close()
        await self.database.close()


def build_runtime(
    settings: Settings,
    *,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
) -> Runtime:
    """Put a process together; nothing is connected yet."""
    if clock is None:
        clock = SharedClock()
        randomness = randomness or SystemRandomness(clock)
    randomness = randomness or SystemRandomness()
    database = _database(settings)
    breakers = CircuitBreakers(clock)
    outbound = _outbound(settings, breakers)
    store = build_store(settings, database, breakers, clock)
    limiter = RateLimiter(store, clock)
    limits = Limits.from_settings(settings.limits)
    supported = build_supported(settings)
    clients = ClientDirectory(database, clock, outbound, supported)
    ring = KeyRing()
    return Runtime(
        settings=settings,
        clock=clock,
        randomness=randomness,
        database=database,
        statements=SessionStatements(database),
        sign_ins=SignInStatements(database, store),
        secret_key=SecretKey(_secret(settings, randomness)),
        hasher=_hasher(settings.password),
        hashing_pool=_hashing_pool(settings.password),
        foreign_hashing=_foreign_hashing(settings.password),
        breakers=breakers,
        outbound=outbound,
        breached_passwords=BreachedPasswordService(
            outbound, base_url=settings.password.breach_url
        ),
        limiter=limiter,
        limits=limits,
        ring=ring,
        tokens=_tokens(settings, ring),
        supported=supported,
        clients=clients,
        logos=ClientLogos(clients, outbound, limiter, limits.authorize_address, clock),
        grants=OAuthGrantStatements(database),
        signed=SignedTokens(ring, issuer=settings.public_url),
        stopping=Stopping(clock),
        claims=IdempotencyClaims(database),
        write_probe=WriteProbe(database, clock),
    )


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


def _hashing_pool(password: PasswordSettings) -> HashingPool:
    threads = password.hashing_threads or os.cpu_count() or 1
    return HashingPool(threads, password.hashing_queue)


def _foreign_hashing(password: PasswordSettings) -> HashingPool:
    """Return threads for imported hashes, which may cost seconds: others go on."""
    threads = password.hashing_threads or os.cpu_count() or 1
    return HashingPool(max(1, threads // 2), max(1, password.hashing_queue // 4))


def _hasher(password: PasswordSettings) -> PasswordHasher:
    pepper, salt = password.devise_pepper, password.flask_security_salt
    return PasswordHasher(
        memory_cost=password.memory_cost,
        time_cost=password.time_cost,
        parallelism=password.parallelism,
        devise_pepper=pepper.get_secret_value() if pepper else "",
        flask_security_salt=salt.get_secret_value() if salt else "",
    )


def _secret(settings: Settings, randomness: Randomness) -> str:
    """Return the secret key; development makes one and keeps it for the next start."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = _secret_path(settings)
    try:
        if not path.exists():
            _write_once(path, randomness.token())
    except OSError as error:
        raise SettingsError(
            f"the secret key cannot be kept in {path} ({error.strerror}); its folder "
            "has to exist, and this user has to be allowed to write there"
        ) from error
    _refuse_readable(path)
    secret = path.read_text(encoding="utf-8", errors="replace").strip()
    problem = weakness(secret)
    if problem is not None:
        # Not made anew: what the database holds may be sealed with what stood there.
        raise SettingsError(
            f'the secret key in {path} {problem}; restore the file, or see "The '
            'secret key is lost" in docs/operations.md'
        )
    return secret


def _refuse_readable(path: Path) -> None:
    """Refuse a key that other users of the machine can read: it opens all the rest."""
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise SettingsError(
            f"the secret key in {path} can be read by others: chmod 600 {path}, and if "
            'they may have done so, see "The secret key is lost" in docs/operations.md'
        )


def kept_secret(settings: Settings) -> Path | None:
    """Return the file of the secret key, there or not; None if the settings have it."""
    return _secret_path(settings) if settings.secret_key is None else None


def _secret_path(settings: Settings) -> Path:
    """Return the file beside the database, or in the working folder."""
    url = database_address(settings.database_url.get_secret_value())
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(url.database).with_suffix(".secret.key")
    return Path("auth_serve.secret.key")


def _write_once(path: Path, secret: str) -> None:
    """Write a whole file or none; of two processes at once the first one wins."""
    draft = path.with_suffix(f".{os.getpid()}.draft")
    draft.touch(mode=0o600)
    draft.write_text(secret)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
