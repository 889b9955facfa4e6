"""How often is too often: GCRA, counted in memory, in SQL or in Valkey.

``gcra`` is the arithmetic, ``store`` what a place to count in has to do; ``memory``,
``valkey`` and ``fallback`` are three (SQL's is in the repositories); ``keys`` says what
is counted by, and ``limiter`` is what services call.
"""

from app.core.rate_limit.fallback import FallbackStore
from app.core.rate_limit.gcra import Limit, Verdict
from app.core.rate_limit.keys import address_key, subject_key
from app.core.rate_limit.limiter import Charge, RateLimiter
from app.core.rate_limit.memory import MemoryStore
from app.core.rate_limit.store import RateLimitStore, StoreUnavailable
from app.core.rate_limit.valkey import ValkeyStore

__all__ = [
    "Charge",
    "FallbackStore",
    "Limit",
    "MemoryStore",
    "RateLimitStore",
    "RateLimiter",
    "StoreUnavailable",
    "ValkeyStore",
    "Verdict",
    "address_key",
    "subject_key",
]
