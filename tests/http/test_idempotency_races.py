"""Many requests with one ``Idempotency-Key`` at once: one answer, whoever made it."""

import asyncio
import signal
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from app.repositories.statements.idempotency_key import IdempotencyClaims
from app.services.server import idempotency_key as idempotency
from tests.servers.service import NO_LIMITS, running
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock

KEY = {"Idempotency-Key": "one"}
REGISTER = "/api/v1/auth/register"
ANN = {"email": "ann@example.com", "password": PASSWORD}
BOB = {"email": "bob@example.com", "password": PASSWORD}


async def test_two_processes_give_one_answer_and_outlive_the_first(
    database_url: str, tmp_path: Path
) -> None:
    """One of two is killed at work: the other takes over when the claim lapses."""
    slow = {"AUTH_SERVE_PASSWORD__HASHING_THREADS": "1"}
    with ExitStack() as processes:
        first, second = (
            processes.enter_context(
                running(database_url, tmp_path / name, NO_LIMITS | slow)
            )
            for name in ("first", "second")
        )
        async with AsyncExitStack() as clients:
            one, two = [
                await clients.enter_async_context(
                    AsyncClient(base_url=service.url, timeout=40)
                )
                for service in (first, second)
            ]
            answers = await asyncio.gather(
                *(http.post(REGISTER, json=ANN, headers=KEY) for http in (one, two) * 8)
            )
            # Busy with others, the first one takes the claim and is killed at it.
            busy = [
                asyncio.create_task(
                    one.post("/api/v1/auth/login", json=ANN | {"password": "wrong"})
                )
                for _ in range(60)
            ]
            key = {"Idempotency-Key": "two"}
            lost = asyncio.create_task(one.post(REGISTER, json=BOB, headers=key))
            await asyncio.sleep(0.2)
            waiting = asyncio.create_task(two.post(REGISTER, json=BOB, headers=key))
            await asyncio.sleep(0.1)
            first.process.send_signal(signal.SIGKILL)
            taken_over = await waiting
            await asyncio.gather(lost, *busy, return_exceptions=True)
            again = await two.post(REGISTER, json=BOB, headers=key)

    assert {answer.status_code for answer in answers} == {201}, answers[0].text
    assert len({answer.text for answer in answers}) == 1
    assert (taken_over.status_code, again.text) == (201, taken_over.text)


async def _make(api: Api, person: Person, kind: str) -> Response:
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        "users": ("/users", {"email": "new@example.com"}),
        "roles": ("/roles", {"name": "new", "permissions": []}),
        "clients": ("/clients", {"name": "Shop", "grant_types": []}),
    }
    path, body = bodies[kind]
    headers = person.headers | KEY
    return await api.client.post(f"/api/v1{path}", json=body, headers=headers)


@pytest.mark.parametrize("kind", ["users", "roles"])
async def test_every_route_with_a_key_answers_alike_at_once(
    api: Api, kind: str
) -> None:
    admin = await api.admin()

    answers = await asyncio.gather(*(_make(api, admin, kind) for _ in range(12)))

    assert {answer.status_code for answer in answers} == {201}, answers[0].text
    assert len({answer.text for answer in answers}) == 1


async def test_another_body_at_the_same_time_is_a_documented_refusal(api: Api) -> None:
    answers = await asyncio.gather(
        *(api.client.post(REGISTER, json=body, headers=KEY) for body in (ANN, BOB) * 6)
    )

    made = [answer for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert len(made) == 6 and len({answer.text for answer in made}) == 1
    assert {a.json()["code"] for a in refused} == {"idempotency_key_reused"}


async def test_a_refused_first_request_leaves_the_key_to_the_next(api: Api) -> None:
    weak = ANN | {"password": "password"}

    refused = await asyncio.gather(
        *(api.client.post(REGISTER, json=weak, headers=KEY) for _ in range(4))
    )
    made = await api.client.post(REGISTER, json=ANN, headers=KEY)

    assert {answer.status_code for answer in refused} == {422}
    assert made.status_code == 201, made.text


async def test_a_claim_that_is_kept_is_waited_for_and_no_longer(
    api: Api, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "PATIENCE", 0.2)
    claims = IdempotencyClaims(api.runtime.database)
    kept: list[dict[str, Any]] = []
    take = IdempotencyClaims.take

    async def take_first(
        self: IdempotencyClaims, claim: dict[str, Any], now: Any
    ) -> bool:
        if not kept:
            kept.append(claim | {"owner": "a process that died"})
            await take(self, kept[0], now)
        return await take(self, claim, now)

    monkeypatch.setattr(IdempotencyClaims, "take", take_first)
    refused = await api.client.post(REGISTER, json=ANN, headers=KEY)
    clock.advance(seconds=11)
    made = await api.client.post(REGISTER, json=ANN, headers=KEY)

    assert (refused.status_code, refused.json()["code"]) == (409, "request_in_progress")
    assert refused.headers["Retry-After"] == "1"
    assert made.status_code == 201, made.text
    assert await claims.request_of(kept[0]["key_hash"]) is None  # nothing is left


async def test_whose_claim_lapsed_gets_the_answer_of_who_was_done_first(
    api: Api, clock: FakeClock
) -> None:
    """Both do the work; the primary key decides, and both say the same."""
    admin = await api.admin()
    take = IdempotencyClaims.take
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IdempotencyClaims, "take", _always(take))
        answers = await asyncio.gather(*(_make(api, admin, "users") for _ in range(6)))

    assert {answer.status_code for answer in answers} == {201}, answers[0].text
    assert len({answer.text for answer in answers}) == 1


def _always(take: Any) -> Any:
    async def taken(self: IdempotencyClaims, claim: dict[str, Any], now: Any) -> bool:
        await take(self, claim, now)
        return True

    return taken
