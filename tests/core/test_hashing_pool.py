"""The pool's bounds, its fairness, and what a client that has gone leaves behind."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from app.core.hashing_pool import HashingOverloaded, HashingPool
from app.core.passwords import PasswordHasher

THREADS, QUEUE = 2, 3


class Work:
    """Calls that stay on their thread until they are let go."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.done: list[Any] = []

    def __call__(self, name: Any) -> Any:
        """Wait for the gate, then write the name down and return it."""
        assert self.gate.wait(30)
        self.done.append(name)
        return name


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
async def pool(work: Work) -> AsyncIterator[HashingPool]:
    pool = HashingPool(THREADS, QUEUE)
    yield pool
    work.gate.set()
    pool.close()


Start = Callable[..., Awaitable[list["asyncio.Task[Any]"]]]


@pytest.fixture
def start(pool: HashingPool, work: Work) -> Start:
    """Start calls and return when the pool has as many as it takes."""

    async def start(*names: Any) -> list["asyncio.Task[Any]"]:
        tasks = [asyncio.ensure_future(pool.run(work, name)) for name in names]
        busy = min(THREADS, len(names) + pool.running)
        await asyncio.sleep(0)
        await until(lambda: pool.running == busy)
        return tasks

    return start


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (there is no event to wait for)
            await asyncio.sleep(0.001)


async def test_the_result_comes_back_with_its_arguments(pool: HashingPool) -> None:
    assert await pool.run(divmod, 7, 3) == (2, 1)
    assert await pool.run(int, "ff", base=16) == 255


async def test_an_error_comes_back_and_frees_the_thread(pool: HashingPool) -> None:
    for _ in range(THREADS + QUEUE + 1):
        with pytest.raises(ZeroDivisionError):
            await pool.run(divmod, 1, 0)

    assert (pool.running, pool.waiting) == (0, 0)


async def test_work_past_the_queue_is_refused_at_once(
    pool: HashingPool, work: Work, start: Start
) -> None:
    tasks = await start(*range(THREADS + QUEUE))
    assert (pool.running, pool.waiting) == (THREADS, QUEUE)

    with pytest.raises(HashingOverloaded) as refusal:
        await pool.run(work, "late")

    assert (refusal.value.status, refusal.value.code) == (503, "overloaded")
    assert refusal.value.retry_after == 1
    work.gate.set()
    assert await asyncio.gather(*tasks) == list(range(THREADS + QUEUE))
    assert "late" not in work.done


async def test_a_burst_fills_threads_and_queue_before_it_is_refused(
    pool: HashingPool, work: Work
) -> None:
    calls = [pool.run(work, n) for n in range(THREADS + QUEUE + 4)]
    gathered = asyncio.gather(*calls, return_exceptions=True)
    await until(lambda: pool.running == THREADS)
    work.gate.set()

    outcomes = await gathered

    refused = [o for o in outcomes if isinstance(o, HashingOverloaded)]
    assert len(refused) == 4
    assert (pool.running, pool.waiting) == (0, 0)


async def test_after_the_rush_there_is_room_again(
    pool: HashingPool, work: Work, start: Start
) -> None:
    tasks = await start(*range(THREADS + QUEUE))
    work.gate.set()
    await asyncio.gather(*tasks)

    assert (pool.running, pool.waiting) == (0, 0)
    assert await pool.run(work, "next") == "next"


async def test_who_waits_is_served_in_the_order_of_coming() -> None:
    work, pool = Work(), HashingPool(1, 10)
    tasks = [asyncio.ensure_future(pool.run(work, n)) for n in range(8)]
    await until(lambda: pool.waiting == 7)

    work.gate.set()
    await asyncio.gather(*tasks)
    pool.close()

    assert work.done == list(range(8))


async def test_a_client_that_left_the_queue_frees_its_place_and_costs_nothing(
    pool: HashingPool, work: Work, start: Start
) -> None:
    tasks = await start(*range(THREADS + QUEUE))

    tasks[-1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[-1]

    assert pool.waiting == QUEUE - 1
    instead = asyncio.ensure_future(pool.run(work, "instead"))
    await asyncio.sleep(0)
    assert pool.waiting == QUEUE
    work.gate.set()
    assert await instead == "instead"
    assert THREADS + QUEUE - 1 not in work.done


async def test_clients_that_come_and_go_leak_no_place(
    pool: HashingPool, work: Work, start: Start
) -> None:
    running = await start(*range(THREADS))

    for _ in range(20):
        waiting = [asyncio.ensure_future(pool.run(work, "gone")) for _ in range(QUEUE)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    assert (pool.running, pool.waiting) == (THREADS, 0)
    work.gate.set()
    await asyncio.gather(*running)
    assert "gone" not in work.done


async def test_a_client_that_left_its_running_work_keeps_the_thread_busy(
    pool: HashingPool, work: Work, start: Start
) -> None:
    tasks = await start(*range(THREADS))

    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert pool.running == THREADS  # the thread cannot be stopped, so it is counted
    work.gate.set()
    await until(lambda: pool.running == 0)
    assert pool.waiting == 0


async def test_a_closed_pool_serves_who_was_admitted_and_nobody_else(
    pool: HashingPool, work: Work, start: Start
) -> None:
    tasks = await start(*range(THREADS + 1))

    pool.close()

    with pytest.raises(HashingOverloaded):
        await pool.run(work, "late")
    work.gate.set()
    assert await asyncio.gather(*tasks) == list(range(THREADS + 1))


async def test_the_event_loop_is_free_while_passwords_are_hashed() -> None:
    pool, hasher = HashingPool(2), PasswordHasher(memory_cost=65536, time_cost=4)
    hashing = [
        asyncio.ensure_future(pool.run(hasher.hash, "correct horse")) for _ in range(4)
    ]

    turns = 0
    while not all(task.done() for task in hashing):
        await asyncio.sleep(0.001)
        turns += 1

    assert turns >= 10
    assert all(task.result().startswith("$argon2id$") for task in hashing)
    pool.close()
