"""How often is too often: counted in memory, in SQL or in Valkey.

``gcra`` and ``backoff`` are the arithmetic, of what refills evenly and of what is
guessed at; ``store`` is what a place to count in has to do, and ``memory``, ``valkey``
and ``fallback`` are three (SQL's is in the repositories); ``keys`` says what is counted
by, and ``limiter`` is what services call.
``valkey`` is imported by whoever uses it: its client library is heavy.
"""

from app.core.rate_limit.backoff import Backoff
from app.core.rate_limit.fallback import FallbackStore
from app.core.rate_limit.gcra import Attempt, Limit, Verdict, widened
from app.core.rate_limit.keys import subject_key
from app.core.rate_limit.limiter import Charge, RateLimiter
from app.core.rate_limit.memory import MemoryStore
from app.core.rate_limit.store import RateLimitStore, StoreUnavailable

__all__ = [
    "Attempt",
    "Backoff",
    "Charge",
    "FallbackStore",
    "Limit",
    "MemoryStore",
    "RateLimitStore",
    "RateLimiter",
    "StoreUnavailable",
    "Verdict",
    "subject_key",
    "widened",
]
