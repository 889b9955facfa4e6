"""Personal access tokens at the same moment: made, used, revoked."""

import asyncio
from base64 import b64encode
from datetime import timedelta
from typing import Any

from httpx2 import AsyncClient

from app.schemas.protected_host import ProtectedHostPolicy
from app.services.forward_auth.protected_host import ProtectedHostService
from tests.races.crowd import address, crowd, statuses
from tests.support.api import Api

MOST = 5  # as the processes of this folder are told


def wanted(api: Api) -> dict[str, Any]:
    ends = api.runtime.clock.now() + timedelta(days=1)
    return {
        "name": "Crowd",
        "scopes": ["account:read"],
        "expires_at": ends.isoformat(),
    }


async def test_fifty_at_once_make_exactly_as_many_as_there_may_be(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())

    answers = await crowd(
        both, "/api/v1/users/me/tokens", [wanted(api)] * 50, person=person
    )

    assert statuses(answers) == {201: MOST, 409: 50 - MOST}
    assert len({a.json()["token"] for a in answers if a.status_code == 201}) == MOST


async def test_once_it_is_revoked_no_process_takes_it(
    api: Api, both: list[AsyncClient]
) -> None:
    """Uses before the answer may pass or not; after it none does."""
    person = await api.person(email=address())
    made = (await api.post("/users/me/tokens", wanted(api), person)).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}

    async def use(number: int) -> int:
        answer = await both[number % 2].get("/api/v1/users/me", headers=bearer)
        return answer.status_code

    during, _ = await asyncio.gather(
        asyncio.gather(*(use(number) for number in range(20))),
        api.delete(f"/users/me/tokens/{made['id']}", person),
    )
    after = await asyncio.gather(*(use(number) for number in range(10)))

    assert set(during) <= {200, 401}
    assert set(after) == {401}


async def test_once_it_is_revoked_it_opens_no_host_at_any_process(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())
    async with api.runtime.unit_of_work() as uow:
        hosts = ProtectedHostService(uow, api.runtime, api.runtime.gate.hosts)
        choices = ProtectedHostPolicy().model_dump()
        await hosts.create("localhost:3000", {"name": "Wiki", **choices})
    body = wanted(api) | {"scopes": ["hosts:enter"]}
    made = (await api.post("/users/me/tokens", body, person)).json()
    pair = b64encode(f"x:{made['token']}".encode()).decode()
    asked = {
        "Authorization": f"Basic {pair}",
        "X-Forwarded-Host": "localhost:3000",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Uri": "/",
        "X-Forwarded-Method": "GET",
    }

    async def enter(number: int) -> int:
        answer = await both[number % 2].get("/forward-auth/nginx", headers=asked)
        return answer.status_code

    before = [await enter(0), await enter(1)]
    during, _ = await asyncio.gather(
        asyncio.gather(*(enter(number) for number in range(20))),
        api.delete(f"/users/me/tokens/{made['id']}", person),
    )
    after = await asyncio.gather(*(enter(number) for number in range(10)))

    assert before == [200, 200]
    assert set(during) <= {200, 401}
    assert set(after) <= {401, 429}  # wrong ones are counted
