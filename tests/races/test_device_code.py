"""A device that polls many times at once, and people who answer one code at once."""

import asyncio

from httpx2 import AsyncClient

from app.oauth.device.user_code import read_user_code
from app.services.oauth.device.device_answer import hash_of
from tests.device_code.devices import DeviceFactory, approve_as
from tests.races.crowd import address, crowd, statuses
from tests.support.api import Api
from tests.support.oauth import Protocol


async def test_f39_a_device_code_sent_fifty_times_lets_in_once(
    api: Api, both: list[AsyncClient]
) -> None:
    """RFC 8628 §3.5: once; and who comes again ends it, as with other codes."""
    protocol = Protocol(api)
    device = await DeviceFactory(protocol)()
    user = await api.users(email=address())
    await approve_as(api.runtime, device, user)
    form = device.poll | {"client_id": device.app.client_id}

    answers = await crowd(both, "/oauth2/token", [form] * 50, form=True)

    assert statuses(answers) == {200: 1, 400: 49}
    errors = {a.json()["error"] for a in answers if a.status_code == 400}
    assert errors == {"invalid_grant"}
    assert (await api.trail(user.id)).count("oauth.device_code_reused") == 1


async def test_t185_a_code_is_kept_by_one_of_many_and_decided_once(api: Api) -> None:
    """CVE-2026-45337: whoever comes first keeps it; all others find nothing."""
    device = await DeviceFactory(Protocol(api))()
    users = [await api.users(email=address()) for _ in range(6)]
    code = read_user_code(device.user_code) or ""

    async def claim(number: int) -> bool:
        async with api.runtime.unit_of_work() as uow:
            now, mine = uow.clock.now(), users[number % 6].id
            row = await uow.device_codes.pending(hash_of(api.runtime, code), now)
            assert row is not None
            return await uow.device_codes.claim(row.id, mine, [mine], now)

    claimed = await asyncio.gather(*(claim(number) for number in range(6)))
    [winner] = [user for user, kept in zip(users, claimed, strict=True) if kept]

    async def decide(yes: bool) -> bool:
        async with api.runtime.unit_of_work() as uow:
            now = uow.clock.now()
            row = await uow.device_codes.pending(hash_of(api.runtime, code), now)
            if row is None:
                return False
            how = uow.device_codes.approve if yes else uow.device_codes.deny
            return await how(row.id, winner.id, [winner.id], now)

    decided = await asyncio.gather(*(decide(number % 2 == 0) for number in range(10)))
    assert sum(decided) == 1
