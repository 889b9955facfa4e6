"""When keys that were rotated are published; `tests/races/` asks two processes."""

import pytest
from httpx2 import AsyncClient

from app.database_errors import DatabaseUnavailable
from app.services.server.runtime import Runtime, build_runtime
from app.services.server.signing_key import SigningKeyService
from tests.support.chance import FakeClock


async def _published(client: AsyncClient) -> int:
    return len((await client.get("/.well-known/jwks.json")).json()["keys"])


async def test_a_rotation_is_published_here_at_once_and_elsewhere_a_second_later(
    runtime: Runtime, client: AsyncClient, clock: FakeClock
) -> None:
    before = await _published(client)
    await SigningKeyService(runtime).rotate("RS256")
    here = await _published(client)
    other = build_runtime(runtime.settings, clock=clock)
    await SigningKeyService(other).rotate("RS256")
    await other.close()
    soon = await _published(client)
    clock.advance(seconds=1)

    assert (here, soon) == (before + 1, before + 1)
    assert await _published(client) == before + 2


async def test_known_keys_stay_published_while_the_database_does_not_answer(
    client: AsyncClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def fails(_service: SigningKeyService) -> None:
        asked.append(1)
        raise DatabaseUnavailable

    before = await client.get("/.well-known/jwks.json")
    monkeypatch.setattr(SigningKeyService, "load", fails)
    answers = []
    for _ in range(6):
        clock.advance(seconds=2)
        answers.append(await client.get("/.well-known/jwks.json"))

    assert all(each.content == before.content for each in answers)
    assert len(asked) == 2  # not by every reader: each of them may wait for it
