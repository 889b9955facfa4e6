"""What services call before they do what strangers may ask for."""

import math
from collections.abc import Callable, Sequence
from datetime import timedelta

from app.core.clock import Clock
from app.core.context import current
from app.core.exceptions import TooManyRequests
from app.core.rate_limit.gcra import Attempt, Limit, Verdict
from app.core.rate_limit.store import RateLimitStore

# What the words of a limit's name say of its key; keys themselves name nobody.
_COUNTED = {
    "account": "the account",
    "address": "the network of the caller",
    "client": "the application",
    "network": "one network at the account",
    "proven": "with a challenge solved",
    "recipient": "the recipient of the mail",
    "subject": "the subject at its issuer",
    "wide": "all networks of its IPv6 site",
}


class Charge:
    """Attempts that were counted; a rightful one gets its own back, and no other's."""

    def __init__(
        self, store: RateLimitStore, clock: Clock, taken: Sequence[Attempt]
    ) -> None:
        """Remember what was taken, and when."""
        self._store = store
        self._clock = clock
        self._taken = taken
        self._taken_at = clock.now()

    def joined(self, other: "Charge") -> "Charge":
        """Return both as one, taken now."""
        return Charge(self._store, self._clock, [*self._taken, *other._taken])

    async def give_back(self) -> None:
        """Return each attempt of this charge, once."""
        due = self.due()
        if due:
            await self._store.give_back(due)

    def due(self) -> Sequence[Attempt]:
        """Tell, once, which attempts the caller now has to give back.

        Not the whole bucket: who alternates guesses with sign-ins of their own must
        not clear what the guesses cost (CVE-2019-5421). And not after it has been
        refilled anyway, or whoever keeps requests hanging could save attempts up.
        """
        elapsed = (self._clock.now() - self._taken_at) / timedelta(microseconds=1)
        due = [each for each in self._taken if elapsed < each.limit.cost]
        self._taken = ()
        return due


class RateLimiter:
    """Counts attempts against limits, and tells the caller where they stand."""

    def __init__(
        self,
        store: RateLimitStore,
        clock: Clock,
        refused: Callable[[str], None] | None = None,
    ) -> None:
        """Count.

        Args:
            store: Where.
            clock: When.
            refused: Told the name of each limit that refuses somebody.
        """
        self._store = store
        self._clock = clock
        self._refused = refused

    async def take(self, *charges: tuple[Limit, str]) -> Charge:
        """Count one attempt against each limit, in the order given.

        Name what belongs to the caller first (their address), then what belongs to
        others (an account, a recipient): the first refusal ends it, so that a caller
        who may no longer ask cannot use up anybody else's attempts. What was counted
        before a refusal stays counted: asking costs the one who asks, whatever the
        answer, and a failure half-way never gives an attempt away.

        Raises:
            TooManyRequests: A limit is reached; the log learns which.
        """
        if not charges:
            return Charge(self._store, self._clock, ())
        attempts = [Attempt(limit, key) for limit, key in charges]
        return self.judge(attempts, await self._store.take(attempts, self._clock.now()))

    async def count(
        self, *charges: tuple[Limit, str]
    ) -> tuple[Charge, Sequence[Verdict]]:
        """Count attempts that a limit alone does not refuse, and show where they stand.

        Returns:
            What was counted, and a verdict for each that was asked; only the last can
            be a refusal.
        """
        attempts = [Attempt(limit, key) for limit, key in charges]
        verdicts = await self._store.take(attempts, self._clock.now())
        _show(min(verdicts, key=lambda verdict: verdict.remaining))
        allowed = sum(verdict.allowed for verdict in verdicts)
        return Charge(self._store, self._clock, attempts[:allowed]), verdicts

    def judge(self, attempts: Sequence[Attempt], verdicts: Sequence[Verdict]) -> Charge:
        """Go by what a store of this limiter said of attempts, as ``take`` does.

        Raises:
            TooManyRequests: A limit is reached; the log learns which.
        """
        if not verdicts[-1].allowed:
            raise self.refusal(verdicts[-1])
        _show(min(verdicts, key=lambda verdict: verdict.remaining))
        return Charge(self._store, self._clock, attempts)

    def refusal(self, verdict: Verdict) -> TooManyRequests:
        """Return the refusal by a limit that is reached, and show it in the answer."""
        _show(verdict)
        self._tell(verdict)
        wait = max(1, math.ceil(verdict.retry_after))
        refusal = TooManyRequests(hint=verdict.limit.name, retry_after=wait)
        refusal.compared = _counted(verdict.limit)
        return refusal

    async def admits(self, *charges: tuple[Limit, str]) -> bool:
        """Count attempts that are not the caller's to know of; tell if it may go on.

        Nothing of it is shown in the answer.
        """
        verdict = (await self.measure(*charges))[-1]
        if not verdict.allowed:
            self._tell(verdict)
        return verdict.allowed

    async def measure(self, *charges: tuple[Limit, str]) -> Sequence[Verdict]:
        """Count as ``admits`` does, and return where each of them stands."""
        attempts = [Attempt(limit, key) for limit, key in charges]
        return await self._store.take(attempts, self._clock.now())

    def _tell(self, verdict: Verdict) -> None:
        if self._refused is not None:
            self._refused(verdict.limit.name)

    async def close(self) -> None:
        """Close the store."""
        await self._store.close()


def _show(verdict: Verdict) -> None:
    """Add draft-ietf-httpapi-ratelimit-headers fields to the answer; last one wins."""
    limit = verdict.limit
    reset, window = math.ceil(verdict.reset_after), math.ceil(limit.period)
    headers = current().headers
    headers["RateLimit"] = f'"{limit.name}";r={verdict.remaining};t={reset}'
    headers["RateLimit-Policy"] = f'"{limit.name}";q={limit.burst};w={window}'


def _counted(limit: Limit) -> dict[str, str]:
    """Return what was counted and how much of it is allowed, without whose it was."""
    shares = (word for word in reversed(limit.name.split("_")) if word in _COUNTED)
    return {
        "counted": ", ".join(_COUNTED[word] for word in shares) or "everybody together",
        "allowed": f"{limit.burst} in {limit.period:g} seconds",
    }
