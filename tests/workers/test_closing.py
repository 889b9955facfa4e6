"""A process ends in time, whatever of it does not answer any more."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from app.services.process.closing import close_parts
from app.services.server.runtime import Runtime


class Hung:
    """A part that waits for ever, and does not hear that it should not."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()

    async def close(self, *_: Any) -> None:
        """Close, once somebody lets it."""
        while not self.goes_on.is_set():
            with suppress(asyncio.CancelledError):
                await self.goes_on.wait()

    settle = close


async def test_neither_who_hangs_nor_who_fails_keeps_the_others_open(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hung, closed = Hung(), asyncio.Event()

    async def fails() -> None:
        raise OSError

    async def closes() -> None:
        closed.set()

    with caplog.at_level(logging.WARNING, "auth_serve.stop"):
        parts = {"hung": hung.close(), "failing": fails(), "whole": closes()}
        await asyncio.wait_for(close_parts(parts, 0.01), timeout=5)
    hung.goes_on.set()

    assert closed.is_set()
    told = [(line.message, vars(line)["part"]) for line in caplog.records]
    assert told == [("not closed in time", "hung"), ("not closed", "failing")]


async def test_a_process_of_which_everything_hangs_ends(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung: Any = Hung()
    monkeypatch.setattr("app.services.process.process._LAST_WRITES", 0.01)
    monkeypatch.setattr("app.services.process.closing.PATIENCE", 0.01)
    parts = ("personal_tokens", "refused_requests", "outbound", "limiter")
    stuck = replace(runtime, **dict.fromkeys(parts, hung))

    await asyncio.wait_for(stuck.close(), timeout=5)

    hung.goes_on.set()
