"""One circuit breaker per destination, on the ``circuitbreaker`` library.

The library counts and opens. Added here, because it lacks them: a single probe when
half-open, time from our clock, cancellations that say nothing about the destination,
and outcomes of calls that began before the last change of state being ignored. The
state is per process, on purpose: what one worker cannot reach, another may.
"""

import logging
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn, ParamSpec, TypeVar

from circuitbreaker import STATE_CLOSED, STATE_HALF_OPEN, STATE_OPEN, CircuitBreaker

from app.core.clock import Clock
from app.core.exceptions import Unavailable

logger = logging.getLogger("auth_serve.circuit_breaker")
_STALE = 10  # waits, after which a failure that nobody saw again is no news

P = ParamSpec("P")
T = TypeVar("T")


class CircuitOpen(Unavailable):
    """The destination failed too often lately and is left alone for a while."""

    code = "dependency_paused"
    title = "A service that this needs is not answering; try again shortly"


@dataclass(frozen=True, slots=True)
class _Admission:
    """What was true when a call was let through."""

    generation: int
    probe: bool


# A breaker is entered by many tasks at once, so what belongs to one call lives here.
_admissions: ContextVar[tuple[_Admission, ...]] = ContextVar("admissions", default=())


class _Circuit(CircuitBreaker):  # type: ignore[misc]  # the library has no types
    """The library's breaker, reading our clock instead of the machine's."""

    def __init__(
        self,
        clock: Clock,
        failure_threshold: int,
        recovery_timeout: float,
        expected: tuple[type[Exception], ...],
    ) -> None:
        super().__init__(failure_threshold, recovery_timeout, expected)
        self._clock = clock
        self._opened: float = clock.monotonic()

    @property
    def is_stale(self) -> bool:
        """Whether its last failure is so long ago that it tells nothing of now."""
        waited = self._clock.monotonic() - self._opened
        return waited >= float(self._recovery_timeout) * _STALE

    @property
    def open_remaining(self) -> float:
        """Seconds until a probe is let through; the library rounds them."""
        waited = self._clock.monotonic() - self._opened
        return float(self._recovery_timeout) - waited

    @property
    def phase(self) -> str:
        """``closed``, ``open`` or ``half_open``."""
        return str(self.state)

    def record(self, error: BaseException | None) -> int | None:
        """Count an outcome; return the failures in a row, or None if it is no news.

        A refusal of our own or a cancellation tells nothing about the destination;
        the library would take either for a success and close the circuit.
        """
        if error is not None and not self.is_failure(type(error), error):
            return None
        before = int(self.failure_count)
        self.__exit__(error and type(error), error, None)
        if self._state == STATE_OPEN:
            self._opened = self._clock.monotonic()
        return max(before, int(self.failure_count))


class Breaker:
    """The guard in front of one destination: ``async with breaker: ...``."""

    def __init__(self, name: str, circuit: _Circuit) -> None:
        """Start closed; made by :class:`CircuitBreakers` only."""
        self.name = name
        self._circuit = circuit
        self._probing = False
        self._generation = 0
        self._announced: str = STATE_CLOSED

    @property
    def state(self) -> str:
        """What is known of the destination: ``closed``, ``open`` or ``half_open``.

        Half-open is a probe that is under way. Where nobody has asked since the wait
        is over, the last thing known is the failure, until that is too long ago.
        """
        phase = self._circuit.phase
        if self._probing:
            return str(STATE_HALF_OPEN)
        if phase != STATE_HALF_OPEN:
            return phase
        return str(STATE_CLOSED if self._circuit.is_stale else STATE_OPEN)

    @property
    def is_refusing(self) -> bool:
        """Whether the next call is not let through; after the wait one is, to probe."""
        return bool(self._circuit.phase == STATE_OPEN)

    async def call(
        self, fn: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Await ``fn`` through the breaker.

        Raises:
            CircuitOpen: The call was not made; ``retry_after`` says when to return.
        """
        async with self:
            return await fn(*args, **kwargs)

    def demand(self) -> None:
        """Refuse what would not be let through; nothing is counted.

        Raises:
            CircuitOpen: The destination is left alone just now.
        """
        if self.is_refusing:
            self._refuse(STATE_OPEN)

    async def __aenter__(self) -> None:
        """Let the call through or raise :class:`CircuitOpen`."""
        _admissions.set((*_admissions.get(), self._admit()))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Count the outcome; nothing is awaited, so a cancellation cannot cut in."""
        *outer, admission = _admissions.get()
        _admissions.set(tuple(outer))
        self._settle(admission, error)

    def _admit(self) -> _Admission:
        phase = self._circuit.phase
        if phase == STATE_OPEN or self._probing:
            self._refuse(phase)
        if phase == STATE_HALF_OPEN:
            self._probing = True
            self._announce(int(self._circuit.failure_count))
        return _Admission(self._generation, probe=self._probing)

    def _refuse(self, phase: str) -> NoReturn:
        wait = max(1, math.ceil(self._circuit.open_remaining))
        raise CircuitOpen(f"circuit to {self.name} is {phase}", retry_after=wait)

    def _settle(self, admission: _Admission, error: BaseException | None) -> None:
        if admission.probe:
            self._probing = False
        if admission.generation != self._generation:
            return  # began before the last change of state: tells nothing about now
        failures = self._circuit.record(error)
        if failures is not None:
            self._announce(failures)

    def _announce(self, failures: int) -> None:
        """Log a change of state once, and make calls from before it irrelevant."""
        before, after = self._announced, self._circuit.phase
        if before == after:
            return
        self._announced = after
        self._generation += 1
        logger.log(
            logging.WARNING if after == STATE_OPEN else logging.INFO,
            "circuit changed state",
            extra={
                "destination": self.name,
                "from": before,
                "to": after,
                "failures": failures,
            },
        )


class CircuitBreakers:
    """The breakers of this process, one per destination, at most ``limit``."""

    def __init__(self, clock: Clock, *, limit: int = 1_000) -> None:
        """Start with none; destinations may be named by strangers, hence the limit."""
        self._clock = clock
        self._limit = limit
        self._breakers: OrderedDict[str, Breaker] = OrderedDict()

    def get(
        self,
        name: str,
        *,
        expected: tuple[type[Exception], ...],
        failure_threshold: int = 5,
        recovery_timeout: float = 30.0,
    ) -> Breaker:
        """Return the breaker of a destination; whoever asks first sets its numbers.

        Args:
            name: The destination, such as ``smtp`` or ``api.example.com:443``.
            expected: Errors that count as failures of the destination; any other
                error leaves the count as it is.
            failure_threshold: Failures in a row that open the circuit.
            recovery_timeout: Seconds until a single probe is let through.
        """
        if name in self._breakers:
            self._breakers.move_to_end(name)
            return self._breakers[name]
        while len(self._breakers) >= self._limit:
            del self._breakers[self._least_missed()]
        circuit = _Circuit(self._clock, failure_threshold, recovery_timeout, expected)
        breaker = self._breakers[name] = Breaker(name, circuit)
        return breaker

    def states(self) -> dict[str, str]:
        """Return ``closed``, ``open`` or ``half_open`` for each destination."""
        return {name: breaker.state for name, breaker in self._breakers.items()}

    def _least_missed(self) -> str:
        """The closed breaker unused for longest; when none is closed, any oldest."""
        closed = (n for n, b in self._breakers.items() if b.state == STATE_CLOSED)
        return next(closed, None) or next(iter(self._breakers))
