"""The breaker between us and a destination; time is faked, concurrency is not."""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from app.core.circuit_breaker import Breaker, CircuitBreakers, CircuitOpen


class Down(Exception):
    """The destination is at fault."""


class Ours(Exception):
    """We are at fault."""


class FakeClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> datetime:
        """Return an instant that agrees with ``monotonic``."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return the seconds a test has set."""
        return self.seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def breakers(clock: FakeClock) -> CircuitBreakers:
    return CircuitBreakers(clock)


@pytest.fixture
def breaker(breakers: CircuitBreakers) -> Breaker:
    return breakers.get("smtp", expected=(Down,), failure_threshold=3)


async def fail(breaker: Breaker, times: int = 1, error: type[Exception] = Down) -> None:
    for _ in range(times):
        with suppress(error):
            async with breaker:
                raise error


async def succeed() -> str:
    await asyncio.sleep(0)
    return "done"


async def test_a_call_returns_what_the_function_returns(breaker: Breaker) -> None:
    assert await breaker.call(succeed) == "done"


async def test_failures_in_a_row_open_the_circuit(
    breaker: Breaker, clock: FakeClock
) -> None:
    await fail(breaker, 2)
    assert breaker.state == "closed"
    await fail(breaker)
    clock.seconds += 10.5

    with pytest.raises(CircuitOpen) as refusal:
        await breaker.call(succeed)

    assert breaker.state == "open"
    assert refusal.value.status == 503
    assert refusal.value.headers == {"Retry-After": "20"}
    assert "smtp" in refusal.value.hint


async def test_a_success_starts_the_count_again(breaker: Breaker) -> None:
    await fail(breaker, 2)
    await breaker.call(succeed)
    await fail(breaker, 2)

    assert breaker.state == "closed"


async def test_errors_that_are_not_the_destinations_change_nothing(
    breaker: Breaker,
) -> None:
    await fail(breaker, 2)
    await fail(breaker, 5, error=Ours)
    assert breaker.state == "closed"
    await fail(breaker)

    assert breaker.state == "open"  # what was ours did not reset the count either


async def test_half_open_lets_one_probe_through_and_refuses_the_others(
    breaker: Breaker, clock: FakeClock
) -> None:
    await fail(breaker, 3)
    clock.seconds += 30
    entered, release = [], asyncio.Event()

    async def probe() -> None:
        entered.append(1)
        await release.wait()

    calls = [asyncio.create_task(breaker.call(probe)) for _ in range(10)]
    await asyncio.sleep(0)
    release.set()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert len(entered) == 1
    refusals = [o for o in outcomes if isinstance(o, CircuitOpen)]
    assert [refusal.retry_after for refusal in refusals] == [1] * 9
    assert breaker.state == "closed"


async def test_a_failed_probe_opens_for_the_whole_time_again(
    breaker: Breaker, clock: FakeClock
) -> None:
    await fail(breaker, 3)
    clock.seconds += 30
    await fail(breaker)
    clock.seconds += 29

    with pytest.raises(CircuitOpen) as refusal:
        await breaker.call(succeed)

    assert refusal.value.retry_after == 1
    clock.seconds += 1
    assert await breaker.call(succeed) == "done"


@pytest.mark.parametrize("how", ["cancelled", "ours"])
async def test_a_probe_that_says_nothing_neither_wedges_nor_closes(
    breaker: Breaker, clock: FakeClock, how: str
) -> None:
    await fail(breaker, 3)
    clock.seconds += 30

    if how == "cancelled":
        probe = asyncio.create_task(breaker.call(asyncio.Event().wait))
        await asyncio.sleep(0)
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
    else:
        await fail(breaker, error=Ours)

    assert breaker.state == "open" and not breaker.is_refusing
    assert await breaker.call(succeed) == "done"
    assert breaker.state == "closed"


async def test_calls_from_before_the_opening_do_not_decide_after_it(
    breaker: Breaker, clock: FakeClock
) -> None:
    good, bad = asyncio.Event(), asyncio.Event()

    async def fail_late() -> None:
        await bad.wait()
        raise Down

    late = [
        asyncio.create_task(breaker.call(good.wait)),
        asyncio.create_task(breaker.call(fail_late)),
    ]
    await asyncio.sleep(0)
    await fail(breaker, 3)
    clock.seconds += 20
    good.set()
    bad.set()
    await asyncio.gather(*late, return_exceptions=True)

    assert breaker.state == "open"  # the late success did not close it
    clock.seconds += 10
    assert not breaker.is_refusing  # the late failure did not prolong it


async def test_what_is_told_is_half_open_during_a_probe_and_no_failure_of_long_ago(
    breaker: Breaker, clock: FakeClock
) -> None:
    """An idle process knows no more than that it failed once, and forgets that."""
    told = []
    await fail(breaker, 3)
    for seconds in (29, 1, 269, 1):
        clock.seconds += seconds
        told.append((breaker.state, breaker.is_refusing))
    probe = asyncio.create_task(breaker.call(asyncio.Event().wait))
    await asyncio.sleep(0)
    during = breaker.state
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    await fail(breaker)

    assert told == [("open", True), ("open", False), ("open", False), ("closed", False)]
    assert during == "half_open"
    assert breaker.state == "open" and breaker.is_refusing


async def test_each_change_of_state_is_logged_once(
    breaker: Breaker, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "auth_serve.circuit_breaker")
    await fail(breaker, 3)
    for _ in range(3):
        with suppress(CircuitOpen):
            await breaker.call(succeed)
    clock.seconds += 30
    await fail(breaker, error=Ours)
    await fail(breaker)
    clock.seconds += 30
    await breaker.call(succeed)

    facts = [vars(record) for record in caplog.records]
    assert [(f["from"], f["to"], f["failures"]) for f in facts] == [
        ("closed", "open", 3),
        ("open", "half_open", 3),
        ("half_open", "open", 4),
        ("open", "half_open", 4),
        ("half_open", "closed", 4),
    ]
    assert {fact["destination"] for fact in facts} == {"smtp"}
    assert caplog.records[0].levelno == logging.WARNING


async def test_breakers_nest_without_mixing_their_calls(
    breakers: CircuitBreakers,
) -> None:
    outer = breakers.get("outer", expected=(Ours,), failure_threshold=1)
    inner = breakers.get("inner", expected=(Down,), failure_threshold=1)

    with suppress(Down):
        async with outer, inner:
            raise Down

    assert breakers.states() == {"outer": "closed", "inner": "open"}


async def test_a_probe_that_uses_another_breaker_still_counts_as_the_probe(
    breakers: CircuitBreakers, breaker: Breaker, clock: FakeClock
) -> None:
    inner = breakers.get("inner", expected=(Down,))
    await fail(breaker, 3)
    clock.seconds += 30

    async with breaker:
        await inner.call(succeed)

    assert breaker.state == "closed"
    assert await breaker.call(succeed) == "done"


async def test_each_destination_has_its_own_breaker(breakers: CircuitBreakers) -> None:
    first = breakers.get("a", expected=(Down,), failure_threshold=1)
    await fail(first)
    breakers.get("b", expected=(Down,))

    assert breakers.get("a", expected=(Down,)) is first
    assert breakers.states() == {"a": "open", "b": "closed"}


async def test_the_number_of_breakers_is_bounded_and_open_ones_stay_longest(
    clock: FakeClock,
) -> None:
    breakers = CircuitBreakers(clock, limit=3)
    await fail(breakers.get("down", expected=(Down,), failure_threshold=1))
    for name in ("old", "kept"):
        breakers.get(name, expected=(Down,))
    breakers.get("old", expected=(Down,))  # used again, so "kept" is now the oldest

    breakers.get("new", expected=(Down,))
    assert breakers.states() == {"down": "open", "old": "closed", "new": "closed"}

    for name in ("old", "new"):
        await fail(breakers.get(name, expected=(Down,)), 5)
    breakers.get("newest", expected=(Down,))
    assert set(breakers.states()) == {"old", "new", "newest"}
