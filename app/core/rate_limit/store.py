"""What a place to count in has to do."""

from datetime import datetime
from typing import Protocol

from app.core.exceptions import Unavailable
from app.core.rate_limit.gcra import Limit, Verdict


class StoreUnavailable(Unavailable):
    """The store did not answer; whether it counted is unknown."""


class RateLimitStore(Protocol):
    """Buckets, kept somewhere."""

    async def take(self, key: str, limit: Limit, now: datetime) -> Verdict:
        """Count one attempt if the limit allows it, in one atomic step.

        Args:
            key: From :func:`subject_key` or :func:`address_key`.
            limit: What is allowed; scopes the key.
            now: The instant of the attempt. Processes that share a store and whose
                clocks differ by ``d`` allow at most what refills in ``d`` in addition.
        """
        ...

    async def give_back(self, key: str, limit: Limit) -> None:
        """Return one attempt; a full bucket stays full, an unknown one unknown."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
