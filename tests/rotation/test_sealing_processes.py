"""The old secret key is not ended while somebody seals with it, or it comes back."""

from typing import Any

import pytest

from app.core.secret_key import SecretKey
from app.jobs.janitor import JanitorJob
from app.jobs.sealing import SealingJob
from app.services.server.runtime import Runtime
from app.services.server.secret_key.presence import INTERVAL, VALID, SealingPresence
from app.services.server.secret_key.reseal import ResealRefused, ResealService
from app.services.server.secret_key.state import secret_keys
from app.services.server.startup import StartRefused, start
from tests.rotation.test_rotation import NEW, OLD, events
from tests.support.chance import FakeClock
from tests.support.job import Make

pytest_plugins = ["tests.support.job"]
OLD_MARK = SecretKey(OLD).marks[0]


async def serving(make: Make, first: str, second: str | None = None) -> Runtime:
    runtime = make(secret_key=first, secret_key_second=second)
    await start(runtime, serving=True)
    return runtime


async def told(runtime: Runtime) -> list[tuple[str, str, int, int | None]]:
    async with runtime.unit_of_work(read_only=True) as uow:
        return [
            (each.mark, each.given, each.processes, each.values_left)
            for each in await secret_keys(uow, runtime)
        ]


@pytest.mark.parametrize("second", [None, NEW])
async def test_a_process_that_was_not_restarted_keeps_the_old_key_from_being_ended(
    make_runtime: Make, clock: FakeClock, second: str | None
) -> None:
    """It sealed nothing so far: nothing but its own word tells of it."""
    forgotten = await serving(make_runtime, OLD, second)
    both = await serving(make_runtime, NEW, OLD)

    with pytest.raises(ResealRefused, match="1 process of the service still seal"):
        await ResealService(both).reseal()
    clock.advance(seconds=INTERVAL)
    await SealingJob(forgotten).run()
    clock.advance(seconds=VALID.total_seconds() - 1)
    with pytest.raises(ResealRefused, match="1 process"):
        await ResealService(both).reseal()
    await SealingPresence(forgotten).leave()
    await ResealService(both).reseal()

    assert [each[:3] for each in await told(both)] == [
        (both.secret_key.marks[0], "first", 0)
    ]


async def test_who_begins_to_seal_while_all_is_sealed_anew_is_found_at_the_end(
    make_runtime: Make,
) -> None:
    await serving(make_runtime, OLD)
    runtimes = [await serving(make_runtime, OLD, NEW)]
    await SealingPresence(runtimes[0]).leave()

    class Meanwhile(ResealService):
        async def tallies(self) -> Any:
            found = await super().tallies()
            runtimes.append(await serving(make_runtime, OLD, NEW))
            return found

    both = await serving(make_runtime, NEW, OLD)
    with pytest.raises(ResealRefused, match="process"):
        await Meanwhile(both).reseal()

    with pytest.raises(StartRefused):
        await serving(make_runtime, NEW)


async def test_who_stood_still_meanwhile_takes_the_end_back(
    make_runtime: Make, clock: FakeClock
) -> None:
    """A start with the new key alone is refused then: it could not open everything."""
    frozen = await serving(make_runtime, OLD, NEW)
    both = await serving(make_runtime, NEW, OLD)
    clock.advance(seconds=VALID.total_seconds() + 1)
    await ResealService(both).reseal()
    ended = await told(both)
    clock.advance(seconds=1)

    await SealingJob(frozen).run()

    assert [each[0] for each in ended] == [both.secret_key.marks[0]]
    assert OLD_MARK in [each[0] for each in await told(both)]
    assert [name for name, _ in await events(both)][-2:] == [
        *("secret_key.rotation_ended", "secret_key.rotation_begun")
    ]
    with pytest.raises(StartRefused, match=OLD_MARK):
        await serving(make_runtime, NEW)


async def test_progress_is_told_while_it_is_made(
    make_runtime: Make, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await serving(make_runtime, OLD)
    await SealingPresence(before).leave()
    clock.advance(seconds=1)
    both = await serving(make_runtime, NEW, OLD)
    service, left = ResealService(both), []
    total = await service.count()
    assert await told(both) == [
        (OLD_MARK, "second", 0, None),
        (both.secret_key.marks[0], "first", 1, None),
    ]

    walk = service._walk

    async def watched(*args: Any, **options: Any) -> Any:
        found = await walk(*args, **options)
        left.append((await told(both))[0][3] or 0)
        return found

    monkeypatch.setattr(service, "_walk", watched)
    await service.reseal()

    assert left[0] == total - 2 and left[-1] == 0  # two kept keys come first
    assert left == sorted(left, reverse=True)


async def test_who_was_killed_is_forgotten_in_the_end(
    make_runtime: Make, clock: FakeClock
) -> None:
    runtime = await serving(make_runtime, OLD)
    clock.advance(hours=2)

    await JanitorJob(runtime).run()

    async with runtime.unit_of_work() as uow:
        assert await uow.sealing_processes.delete_gone(clock.now(), 10) == 0
