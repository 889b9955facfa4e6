"""Keys that sign tokens: another algorithm, and what making a key may hold up."""

import asyncio
from typing import Any

import pytest

from app.core import jose
from app.models import SigningKey
from app.services.runtime import Runtime
from app.services.signing_key import SigningKeyService
from tests.chance import FakeClock
from tests.job_support import Make

pytest_plugins = ["tests.job_support"]
DAY = 86_400
ALL = ("RS256", "ES256", "PS256", "EdDSA")


async def published(runtime: Runtime) -> list[SigningKey]:
    async with runtime.unit_of_work(read_only=True) as uow:
        return list(await SigningKeyService(runtime).list_published(uow))


async def ensure(runtime: Runtime) -> list[str]:
    """Do what start and worker do; return the published algorithms."""
    await SigningKeyService(runtime).ensure()
    return sorted(key.algorithm for key in await published(runtime))


def with_algorithm(make_runtime: Make, name: str) -> Runtime:
    """Return a process that signs with this algorithm, and RS256 as all do."""
    return make_runtime(
        token={"algorithm": name}, oauth={"id_token_algorithms": ["RS256"]}
    )


async def test_the_keys_of_an_algorithm_end_after_another_one_took_over(
    make_runtime: Make, clock: FakeClock
) -> None:
    old = with_algorithm(make_runtime, "ES256")
    await ensure(old)
    signed = old.ring.signing("ES256", clock.now()).kid
    new = with_algorithm(make_runtime, "RS256")

    both = await ensure(new)
    clock.advance(seconds=DAY)
    still = new.ring.by_kid(signed, clock.now())  # its last token lives
    clock.advance(seconds=SigningKeyService(new).grace.total_seconds())
    left = await ensure(new)

    assert both == ["ES256", "RS256"] and still is not None
    assert left == ["RS256"]
    assert new.ring.by_kid(signed, clock.now()) is None
    assert new.ring.signing("RS256", clock.now())


async def test_both_algorithms_work_while_processes_are_replaced_one_by_one(
    make_runtime: Make, clock: FakeClock
) -> None:
    old, new = (with_algorithm(make_runtime, name) for name in ("ES256", "PS256"))
    for _ in range(6):
        for runtime in (old, new):
            assert "ES256" in await ensure(runtime)
        clock.advance(seconds=DAY // 2)

    assert old.ring.signing("ES256", clock.now()).expires_at is None
    assert len(await published(new)) == 3  # they do not outbid each other


@pytest.mark.parametrize("days", [0, 3])
async def test_an_algorithm_that_is_chosen_again_goes_on_without_an_end(
    make_runtime: Make, clock: FakeClock, days: int
) -> None:
    first, other = (with_algorithm(make_runtime, name) for name in ("ES256", "RS256"))
    await ensure(first)
    await ensure(other)
    clock.advance(days=days)

    for _ in range(2):
        await ensure(first)
        clock.advance(days=2)

    [key] = [key for key in await published(first) if key.algorithm == "ES256"]
    assert key.expires_at is None
    assert first.ring.signing("ES256", clock.now()).kid == key.kid


@pytest.mark.parametrize("way", ["ensure", "rotate"])
async def test_nobody_waits_while_a_key_is_generated(
    make_runtime: Make, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    runtime = with_algorithm(make_runtime, "RS256")
    other = make_runtime(database={"statement_timeout": 1})
    loop, written = asyncio.get_running_loop(), asyncio.Event()
    generate = jose.generate_key

    def slow(algorithm: str) -> Any:
        # Deadlocks if this thread is the loop's, or a transaction is open.
        asyncio.run_coroutine_threadsafe(_write(other, written), loop).result(10)
        return generate(algorithm)

    monkeypatch.setattr(jose, "generate_key", slow)
    if way == "ensure":
        await SigningKeyService(runtime).ensure()
    else:
        async with runtime.unit_of_work() as uow:
            await SigningKeyService(runtime).rotate(uow)

    assert written.is_set()
    assert len(await published(runtime)) == 1


async def _write(runtime: Runtime, written: asyncio.Event) -> None:
    async with runtime.unit_of_work() as uow:
        await uow.signing_keys.delete_expired(runtime.clock.now())
    assert "Current Checked out connections: 0" in runtime.database.engine.pool.status()
    written.set()


async def test_several_processes_at_once_make_one_key_per_algorithm(
    make_runtime: Make,
) -> None:
    several = [make_runtime() for _ in range(4)]

    await asyncio.gather(*(SigningKeyService(each).ensure() for each in several))

    keys = await published(several[0])
    assert sorted(key.algorithm for key in keys) == sorted(ALL)
    assert all(
        each.ring.signing(key.algorithm, each.clock.now()).kid == key.kid
        for each in several
        for key in keys
    )
