"""What a place to count in has to do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from app.core.exceptions import Unavailable
from app.core.rate_limit.gcra import Attempt, Verdict


class StoreUnavailable(Unavailable):
    """The store did not answer; whether it counted is unknown."""


class RateLimitStore(Protocol):
    """Buckets, kept somewhere."""

    async def take(self, attempts: Sequence[Attempt], now: datetime) -> list[Verdict]:
        """Count one attempt against each limit in turn, until one refuses.

        Name each bucket once: all are counted in one step where the store can do that.

        Args:
            attempts: Limits with keys from :func:`subject_key`.
            now: The instant of the attempt. Processes that share a store and whose
                clocks differ by ``d`` allow at most what refills in ``d`` in addition.

        Returns:
            A verdict for each that was asked; only the last can be a refusal. What was
            counted before a refusal stays counted.
        """
        ...

    async def give_back(self, attempts: Sequence[Attempt]) -> None:
        """Return one attempt each; a full bucket stays full, an unknown one unknown."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
