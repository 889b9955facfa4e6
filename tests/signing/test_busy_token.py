"""A token that is busy is no token that is gone."""

import asyncio
import threading
from typing import Any

import pytest

from app.core import jose
from app.core.circuit_breaker import CircuitBreakers
from app.core.randomness import SystemRandomness
from app.core.signing.token_keys import (
    SigningOverloaded,
    SigningThreads,
    TokenDown,
    TokenKeys,
)
from tests.support.chance import FakeClock


class Token:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.turns = threading.Semaphore(0)

    def sign(self, *_: Any) -> bytes:
        self.turns.acquire(timeout=10)
        return b"signed"


@pytest.mark.parametrize("is_answering", [True, False])
async def test_who_waited_in_the_queue_has_no_token_left_alone_that_answers_others(
    clock: FakeClock, is_answering: bool
) -> None:
    token, threads = Token(), SigningThreads(1, 16)
    breaker = CircuitBreakers(clock).get(
        "pkcs11", expected=(TokenDown,), failure_threshold=3
    )
    store: Any = token
    keys = TokenKeys(store, threads, breaker, SystemRandomness(), timeout=10)
    signer = keys.signer(jose.generate_key("ES256"), "ES256", "00")
    before = [asyncio.create_task(signer.sign(b"")) for _ in range(2)]
    await asyncio.sleep(0)

    keys._timeout = 1.0  # in which the thread has to come to its turn
    waiting = [asyncio.create_task(signer.sign(b"")) for _ in range(3)]
    await asyncio.sleep(0)
    if is_answering:
        token.turns.release()  # one of before; the next one has the thread then
    came = await asyncio.gather(*waiting, return_exceptions=True)
    state = breaker.state
    token.turns.release(2)
    await asyncio.gather(*before)
    threads.close()

    expected = SigningOverloaded if is_answering else TokenDown
    assert [type(each) for each in came] == [expected] * 3
    assert state == ("closed" if is_answering else "open")
