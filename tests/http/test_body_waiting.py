"""A body that is there is taken at once; one that is not is waited for, or given up."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from app.api.middleware import _Begun


async def test_what_is_there_needs_no_turn_of_the_loop() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    assert _Begun(receive()).message == {"type": "http.request"}


async def test_what_comes_later_is_waited_for() -> None:
    arrived = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await arrived.wait()
        await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    begun = _Begun(receive())
    assert begun.message is None
    asyncio.get_running_loop().call_soon(arrived.set)

    assert await begun == {"type": "http.disconnect"}


@pytest.mark.parametrize("ending", ["cancel", "deadline"])
async def test_who_gives_up_leaves_nobody_waiting(ending: str) -> None:
    arrived, ended = asyncio.Event(), []

    async def receive() -> dict[str, Any]:
        try:
            await arrived.wait()
        finally:
            ended.append(ending)
        return {}

    async def wait() -> None:
        async with asyncio.timeout(0.01 if ending == "deadline" else None):
            await _Begun(receive())

    task = asyncio.ensure_future(wait())
    await asyncio.sleep(0)
    if ending == "cancel":
        task.cancel()
    with suppress(asyncio.CancelledError, TimeoutError):
        await task

    assert ended == [ending]
    assert not arrived._waiters


async def test_an_error_of_the_first_step_is_the_caller_s() -> None:
    async def receive() -> dict[str, Any]:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        _Begun(receive())
