"""A device that polls many times at once, and people who answer one code at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from httpx2 import AsyncClient, Response
from sqlalchemy import select

from app.models import OAuthGrant, User
from app.oauth.device.user_code import read_user_code
from app.oauth.errors import InvalidGrant
from app.oauth.parameters import Parameters
from app.services.clients.authentication import ClientCall
from app.services.oauth.device.device_answer import hash_of
from app.services.oauth.token import TokenService
from app.services.server.signing_key import SigningKeyService
from tests.device_code.devices import Device, DeviceFactory, approve_as
from tests.device_code.people import typed
from tests.races.conftest import Pair
from tests.races.crowd import address, crowd, statuses
from tests.support.api import PASSWORD, Api
from tests.support.authorization import Visit, at
from tests.support.oauth import Protocol
from tests.support.page import BROWSER, Page

APPROVED, DENIED = "oauth.device_approved", "oauth.device_denied"
CONNECTED, REFUSED = "/done/device-connected", "/done/device-denied"


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


@dataclass(frozen=True)
class _Asked:
    """Somebody who typed a code in two tabs; both show the question."""

    user: User
    device: Device
    client: AsyncClient
    tabs: list[dict[str, str]]
    addresses: list[str]

    async def decide(self, decisions: list[str]) -> list[str]:
        """Press buttons at once, in turn of tabs and processes; return where they led.

        Each tab is a flow of its own, which works once; what they share is the code.
        """
        answers = await asyncio.gather(
            *(
                self.client.post(
                    f"{self.addresses[number % 2]}/consent",
                    data=self.tabs[number // 2 % 2] | {"decision": decision},
                    headers=BROWSER,
                )
                for number, decision in enumerate(decisions)
            )
        )
        assert set(statuses(answers)) <= {303, 400}, [each.text for each in answers]
        return [each.headers["location"] for each in answers if each.is_redirect]


@pytest.fixture
async def asked(api: Api, both: list[AsyncClient], pair: Pair) -> AsyncIterator[_Asked]:
    """A person at the last step."""
    device = await DeviceFactory(Protocol(api))()
    user = await api.users.with_password(PASSWORD, email=address())
    async with AsyncClient(
        base_url=pair.addresses[0], timeout=90, trust_env=False
    ) as client:
        browser, tabs = Visit(api.runtime, client), []
        await browser.arrive(user.email)
        for _ in range(2):
            await typed(browser, device.user_code)
            assert at(browser.page) == "/consent"
            inputs = Page(browser.page.text).inputs
            tabs.append({n: tag["value"] or "" for n, tag in inputs.items() if n})
        yield _Asked(user, device, client, tabs, pair.addresses)


async def _polled(asked: _Asked, both: list[AsyncClient], times: int) -> list[Response]:
    form = asked.device.poll | {"client_id": asked.device.app.client_id}
    return await crowd(both, "/oauth2/token", [form] * times, form=True)


async def test_f39_a_yes_beside_a_no_is_one_of_them(
    api: Api, both: list[AsyncClient], asked: _Asked
) -> None:
    """RFC 8628 §3.3: the pages say what the device is told, at whichever process."""
    led = await asked.decide(["allow", "deny", "deny"] * 6)
    [answer] = await _polled(asked, both, 1)

    trail = await api.trail(asked.user.id)
    said = [name for name in trail if name in (APPROVED, DENIED)]
    if answer.is_success:
        assert led == [CONNECTED] and said == [APPROVED]
    else:
        assert answer.json()["error"] == "access_denied"
        assert led == [REFUSED] and said == [DENIED]


async def test_f39_a_yes_beside_a_yes_lets_in_once(
    api: Api, both: list[AsyncClient], asked: _Asked
) -> None:
    """A button that was pressed twice, in two tabs: one grant, and tokens once."""
    led = await asked.decide(["allow"] * 20)
    [answer] = await _polled(asked, both, 1)

    assert led == [CONNECTED]
    assert answer.status_code == 200, answer.text
    trail = await api.trail(asked.user.id)
    assert trail.count(APPROVED) == 1
    async with api.runtime.database.session(read_only=True) as db:
        mine = OAuthGrant.user_id == asked.user.id
        assert len((await db.scalars(select(OAuthGrant).where(mine))).all()) == 1


async def test_f39_polls_beside_the_yes_get_tokens_once(
    api: Api, both: list[AsyncClient], asked: _Asked
) -> None:
    """Who polls while the button is pressed waits, or is the one that is let in."""
    during, led = await asyncio.gather(
        _polled(asked, both, 20), asked.decide(["allow"])
    )
    await SigningKeyService(api.runtime).load()
    form = asked.device.poll | {"client_id": asked.device.app.client_id}
    call = ClientCall("/oauth2/token", None, Parameters(form))
    third = TokenService(api.runtime)  # a process that told it nothing of waiting
    after = await asyncio.gather(
        third.issue(call), third.issue(call), return_exceptions=True
    )

    assert led == [CONNECTED]
    errors = {each.json()["error"] for each in during if each.is_error}
    assert errors <= {"authorization_pending", "slow_down", "invalid_grant"}
    assert {type(each) for each in after} <= {dict, InvalidGrant}
    got = [each for each in after if isinstance(each, dict)]
    assert statuses(during)[200] + len(got) == 1
