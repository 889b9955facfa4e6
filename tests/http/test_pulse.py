"""Requests that were sent to a process which stood still, and are read when it goes on.

The real thing, with processes that are frozen, is ``make chaos``.
"""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app.cli.http.pulse import DOUBT, STALL, Pulse
from tests.http.wire import REQUEST, Connect, WireProtocol, application


@pytest.fixture
async def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stood still until this moment."""
    pulse = Pulse()
    pulse.beat(asyncio.get_running_loop().time() - 2 * STALL)
    monkeypatch.setattr(WireProtocol, "pulse", pulse)


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the application was asked for."""
    paths: list[str] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        paths.append(scope["path"])
        await application(scope, receive, send)

    monkeypatch.setattr("tests.http.conftest.application", noting)
    return paths


@pytest.mark.usefixtures("frozen")
async def test_nothing_is_done_for_who_gave_up_meanwhile(
    done: list[str], connect: Connect, state: Any
) -> None:
    _, gone = await connect()
    gone.write(REQUEST)
    gone.close()
    await gone.wait_closed()
    reader, writer = await connect()
    writer.write(REQUEST)

    answer = await reader.readuntil(b"\r\n\r\n")
    await asyncio.gather(*state.tasks)

    assert answer.startswith(b"HTTP/1.1 200")
    assert done == ["/a"]


@pytest.mark.parametrize(
    ("beats", "at", "is_doubtful"),
    [
        ([], 10.0, False),  # before the first
        ([0.0], 0.1, False),
        ([0.0], STALL + 0.1, True),  # requests are read before the next beat
        ([0.0, 9.0], 9.0 + DOUBT / 2, True),  # or after it
        ([0.0, 9.0, 9.1], 9.0 + DOUBT / 2, True),
        ([0.0, 9.0, 10.0], 9.1 + DOUBT, False),
    ],
)
def test_doubt_lasts_for_a_while_after_a_standstill(
    beats: list[float], at: float, is_doubtful: bool
) -> None:
    pulse = Pulse()
    for now in beats:
        pulse.beat(now)

    assert pulse.is_doubtful(at) is is_doubtful
