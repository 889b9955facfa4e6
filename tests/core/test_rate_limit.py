"""The limiter without a server: its arithmetic, keys, memory and answers."""

from collections import deque
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.context import RequestContext, begin
from app.core.exceptions import TooManyRequests
from app.core.rate_limit import (
    Attempt,
    Charge,
    Limit,
    MemoryStore,
    RateLimiter,
    subject_key,
)
from app.core.rate_limit.gcra import advance
from app.utils.helpers import network_of
from tests.support.chance import FakeClock
from tests.support.rate_limit import give_back, take

TEN = Limit("sign_in_account", 10, 600)
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def limiter(store: MemoryStore, clock: FakeClock) -> RateLimiter:
    return RateLimiter(store, clock)


@pytest.fixture
def context() -> RequestContext:
    context = RequestContext()
    begin(context)
    return context


async def allowed(limiter: RateLimiter, limit: Limit, key: str, tries: int) -> int:
    """Return how many of so many attempts are allowed."""
    count = 0
    for _ in range(tries):
        try:
            await limiter.take((limit, key))
        except TooManyRequests:
            continue
        count += 1
    return count


limits = st.builds(
    Limit, st.just("any"), st.integers(1, 30), st.floats(0.0001, 100_000)
)


# Arithmetic


@given(limit=limits, steps=st.lists(st.floats(0, 3), max_size=80))
def test_no_window_ever_holds_more_than_the_burst_and_the_refill(
    limit: Limit, steps: list[float]
) -> None:
    now, tat, taken = 10**15, 0, list[int]()

    for step in steps:  # in intervals, so that the limit is where it gets tight
        now += int(step * limit.cost)
        moved = advance(limit, tat, now)
        if moved is not None:
            tat = moved
            taken.append(now)

    for first in range(len(taken)):
        for last in range(first, len(taken)):
            refilled = (taken[last] - taken[first]) / limit.cost
            assert last - first + 1 <= limit.burst + refilled


@given(limit=limits, gaps=st.lists(st.integers(0, 10**9), max_size=40))
async def test_a_refused_attempt_is_told_the_very_microsecond(
    limit: Limit, gaps: list[int]
) -> None:
    store, now = MemoryStore(), START
    for gap in gaps:
        now += timedelta(microseconds=gap)
        verdict = await take(store, "a", limit, now)
        if verdict.allowed:
            continue
        free = now + timedelta(seconds=verdict.retry_after)
        too_soon = free - timedelta(microseconds=1)

        assert not (await take(store, "a", limit, too_soon)).allowed
        assert (await take(store, "a", limit, free)).allowed
        now = free


@given(steps=st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=80))
async def test_own_successes_hide_at_most_one_guess(
    steps: list[tuple[int, bool]],
) -> None:
    clock, limit = FakeClock(), Limit("any", 4, 16)  # one each four seconds
    limiter = RateLimiter(MemoryStore(), clock)
    own, guesses, at = deque[tuple[float, Charge]](), list[float](), 0.0

    for gap, is_own in steps:
        until = at + gap
        while own and own[0][0] <= until:  # each success takes its time
            due, charge = own.popleft()
            clock.advance(seconds=due - at)
            at = due
            await charge.give_back()
        clock.advance(seconds=until - at)
        at = until
        with suppress(TooManyRequests):
            charge = await limiter.take((limit, "a"))
            own.append((at + 3.75, charge)) if is_own else guesses.append(at)

    for first in range(len(guesses)):
        for last in range(first, len(guesses)):
            refilled = (guesses[last] - guesses[first]) / 4
            assert last - first + 1 <= limit.burst + refilled + 1


@pytest.mark.parametrize("burst", [9, 10, 11, 100])
async def test_t176_exactly_the_threshold_is_allowed(
    limiter: RateLimiter, burst: int
) -> None:
    limit = Limit("sign_in_account", burst, 600)

    assert await allowed(limiter, limit, "a", 3 * burst) == burst


async def test_refused_attempts_do_not_prolong_the_wait(
    limiter: RateLimiter, clock: FakeClock
) -> None:
    await allowed(limiter, TEN, "a", 1000)

    clock.advance(minutes=1)

    assert await allowed(limiter, TEN, "a", 1000) == 1


async def test_a_clock_set_back_refuses_until_it_has_caught_up(
    limiter: RateLimiter, clock: FakeClock
) -> None:
    clock.advance(hours=1)
    await allowed(limiter, TEN, "a", 10)

    clock.advance(hours=-1)
    assert await allowed(limiter, TEN, "a", 10) == 0

    clock.advance(hours=1, minutes=1)
    assert await allowed(limiter, TEN, "a", 10) == 1


@pytest.mark.parametrize(
    ("name", "burst", "period"),
    [
        ("Sign-in", 1, 1.0),
        ('a"', 1, 1.0),
        ("a" * 41, 1, 1.0),
        ("a", 0, 1.0),
        ("a", 1, 0.0),
        ("a", 1, -1.0),
        ("a", 1, float("nan")),
        ("a", 1, float("inf")),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(
    name: str, burst: int, period: float
) -> None:
    with pytest.raises(ValueError, match="limit"):
        Limit(name, burst, period)


# Memory


async def test_t173_a_flood_of_names_does_not_free_an_emptied_bucket(
    clock: FakeClock,
) -> None:
    store = MemoryStore(capacity=1_000)
    limiter = RateLimiter(store, clock)
    await allowed(limiter, TEN, "victim", 10)

    for number in range(100_000):
        await take(store, f"random {number}", TEN, clock.now())

    assert len(store) == 1_000
    assert await allowed(limiter, TEN, "victim", 10) == 0


async def test_full_buckets_are_forgotten_before_others(clock: FakeClock) -> None:
    store = MemoryStore(capacity=2)
    await take(store, "full by now", TEN, clock.now())
    clock.advance(seconds=100)
    await take(store, "in use", TEN, clock.now())

    await take(store, "new", TEN, clock.now())

    assert (await take(store, "in use", TEN, clock.now())).remaining == 8
    assert (await take(store, "new", TEN, clock.now())).remaining == 8


async def test_what_was_used_again_is_no_longer_the_first_to_go(
    clock: FakeClock,
) -> None:
    store = MemoryStore(capacity=2)
    for key in ("first", "second", "first", "first"):
        await take(store, key, TEN, clock.now())

    await take(store, "third", TEN, clock.now())

    assert (await take(store, "first", TEN, clock.now())).remaining == 6


async def test_giving_back_never_fills_above_the_burst(
    store: MemoryStore, limiter: RateLimiter
) -> None:
    await allowed(limiter, TEN, "a", 1)
    for _ in range(5):
        await give_back(store, "a", TEN)
        await give_back(store, "unknown", TEN)

    assert await allowed(limiter, TEN, "a", 20) == 10
    assert await allowed(limiter, TEN, "unknown", 20) == 10


# Keys


def test_t172_one_ipv6_network_is_one_bucket() -> None:
    network = {network_of(f"2001:db8:0:1::{number:x}") for number in range(10_000)}

    assert network == {"2001:db8:0:1::/64"}
    assert network_of("2001:db8:0:2::1") not in network


@pytest.mark.parametrize(
    "spelling",
    ["192.0.2.1", "::ffff:192.0.2.1", "::FFFF:C000:0201", "[::ffff:c000:201]"],
)
def test_t172_ipv4_is_one_bucket_however_it_is_written(spelling: str) -> None:
    assert network_of(spelling) == "192.0.2.1"


@pytest.mark.parametrize(
    "spelling",
    ["2001:DB8::1", "2001:db8:0:0::ffff", "2001:db8::%eth0", " [2001:db8::2]"],
)
def test_t172_ipv6_is_one_bucket_however_it_is_written(spelling: str) -> None:
    assert network_of(spelling) == "2001:db8::/64"


@pytest.mark.parametrize("garbage", ["", "testclient", "1", "01.2.3.4", "\ud800", "%"])
def test_what_is_no_address_shares_one_bucket(garbage: str) -> None:
    assert network_of(garbage) == "unknown"


def test_subjects_are_not_stored_in_clear_and_fit_the_column() -> None:
    key = subject_key("sign_in", "ann@example.com" * 1000)

    assert "ann" not in key
    assert len(Attempt(Limit("a" * 40, 1, 1), key).bucket) <= 120


def test_subjects_never_run_into_each_other() -> None:
    values = ["10", "1", "101", "01", "", "\x00", "\ud800", "é", "e\u0301"]

    assert len({subject_key("code", value) for value in values}) == len(values)
    assert subject_key("code", "1") != subject_key("mail", "1")


async def test_limits_do_not_share_buckets(limiter: RateLimiter) -> None:
    other = Limit("code_account", 10, 600)
    await allowed(limiter, TEN, "a", 10)

    assert await allowed(limiter, other, "a", 10) == 10


# The limiter


async def test_the_answer_shows_the_tightest_limit(
    limiter: RateLimiter, context: RequestContext
) -> None:
    wide = Limit("sign_in_address", 60, 300)

    await limiter.take((wide, "192.0.2.1"), (TEN, "a"))

    assert context.headers == {
        "RateLimit": '"sign_in_account";r=9;t=60',
        "RateLimit-Policy": '"sign_in_account";q=10;w=600',
    }


async def test_a_refusal_says_when_to_return_and_logs_which_limit(
    limiter: RateLimiter, context: RequestContext, clock: FakeClock
) -> None:
    await allowed(limiter, TEN, "a", 10)
    clock.advance(seconds=0.5)

    with pytest.raises(TooManyRequests) as refusal:
        await limiter.take((TEN, "a"))

    assert refusal.value.headers == {"Retry-After": "60"}
    assert refusal.value.hint == "sign_in_account"
    assert context.headers["RateLimit"] == '"sign_in_account";r=0;t=600'


async def test_whoever_may_no_longer_ask_uses_up_nobody_elses_attempts(
    limiter: RateLimiter,
) -> None:
    address = Limit("sign_in_address", 3, 300)
    charges = (address, "192.0.2.1"), (TEN, "victim")
    for _ in range(3):
        await limiter.take(*charges)

    for _ in range(1000):
        with pytest.raises(TooManyRequests):
            await limiter.take(*charges)

    assert await allowed(limiter, TEN, "victim", 20) == 7


async def test_asking_for_an_account_at_its_limit_still_costs_the_address(
    limiter: RateLimiter,
) -> None:
    address = Limit("sign_in_address", 30, 300)
    await allowed(limiter, TEN, "victim", 10)

    for _ in range(30):
        with pytest.raises(TooManyRequests):
            await limiter.take((address, "192.0.2.1"), (TEN, "victim"))

    assert await allowed(limiter, address, "192.0.2.1", 1) == 0


async def test_t176_own_sign_ins_do_not_clear_what_guesses_cost(
    limiter: RateLimiter,
) -> None:
    guesses = 0
    for _ in range(100):
        try:
            own = await limiter.take((TEN, "192.0.2.1"))
            await own.give_back()
            await limiter.take((TEN, "192.0.2.1"))
        except TooManyRequests:
            break
        guesses += 1

    assert guesses == 10


async def test_a_charge_is_given_back_once(limiter: RateLimiter) -> None:
    await allowed(limiter, TEN, "a", 5)
    charge = await limiter.take((TEN, "a"))

    for _ in range(4):
        await charge.give_back()

    assert await allowed(limiter, TEN, "a", 20) == 5


async def test_what_was_refilled_meanwhile_is_not_given_back(
    limiter: RateLimiter, clock: FakeClock
) -> None:
    charges = [await limiter.take((TEN, "a")) for _ in range(10)]
    clock.advance(minutes=1)

    for charge in charges:
        await charge.give_back()

    assert await allowed(limiter, TEN, "a", 20) == 1


async def test_outside_of_a_request_there_is_no_answer_to_add_to(
    limiter: RateLimiter,
) -> None:
    begin(RequestContext())

    charge = await limiter.take()

    await charge.give_back()
    await limiter.close()
