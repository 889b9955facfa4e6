"""What is limited, and where attempts are counted."""

from dataclasses import dataclass, fields
from typing import Self

from app.config import Settings
from app.core.circuit_breaker import CircuitBreakers
from app.core.clock import Clock
from app.core.context import current
from app.core.rate_limit import (
    Backoff,
    FallbackStore,
    Limit,
    MemoryStore,
    RateLimitStore,
    widened,
)
from app.database import Database
from app.limit_settings import LimitSettings
from app.repositories.statements.rate_limit import SqlStore
from app.utils.helpers import networks_of

# A steady refill would feed a guesser: their waits double.
_GUESSED = ("sign_in_account", "second_step_account")
_SITE = 8  # how many networks' worth all of an IPv6 /48 together have


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit by name; docs/operations.md says what each one is for."""

    sign_in_account: Limit
    sign_in_address: Limit
    sign_in_proven: Limit
    hashing_account: Limit
    hashing_address: Limit
    register_address: Limit
    code_account: Limit
    code_address: Limit
    second_step_account: Limit
    second_step_address: Limit
    mail_recipient: Limit
    mail_address: Limit
    authorize_address: Limit
    authorize_stored: Limit
    device_address: Limit
    device_stored: Limit
    client_address: Limit
    token_address: Limit
    revocation_client: Limit
    workload_subject: Limit
    registration_address: Limit
    registration_stored: Limit
    document_address: Limit
    document_all: Limit
    refusal_address: Limit
    profile_account: Limit
    export_account: Limit

    @classmethod
    def from_settings(cls, settings: LimitSettings) -> Self:
        """Read COUNT/SECONDS for each."""
        limits = {}
        for limit in fields(cls):
            count, _, period = getattr(settings, limit.name).partition("/")
            kind = Backoff if limit.name in _GUESSED else Limit
            limits[limit.name] = kind(limit.name, int(count), float(period))
        return cls(**limits)


def by_address(limit: Limit) -> list[tuple[Limit, str]]:
    """Return what one attempt of the caller counts against: its network, and its site.

    Whoever has a /48 has 65,536 networks of IPv6, which a limit for each would not
    bound at all.
    """
    narrow, *site = networks_of(current().ip)
    return [(limit, narrow), *((widened(limit, _SITE), each) for each in site)]


def build_store(
    settings: Settings, database: Database, breakers: CircuitBreakers, clock: Clock
) -> RateLimitStore:
    """Return the store that all processes share, or what stands in for it."""
    chosen = settings.limits.store
    sql = SqlStore(database)
    if chosen == "memory":
        return MemoryStore()
    if chosen == "sql" or settings.valkey_url is None:
        return sql
    # Here: the client library is six megabytes that few installations need.
    from app.core.rate_limit.valkey import ValkeyStore

    valkey = ValkeyStore(settings.valkey_url.get_secret_value(), breakers)
    return FallbackStore(valkey, sql)
