"""What a device is told that polls, and what it costs."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.models import OAuthClient
from app.models.oauth.device_code import DeviceCode
from app.services.clients.device_polls import DevicePolls
from tests.device_code.devices import GRANTS, Device, DeviceFactory, approve_as
from tests.support.chance import FakeClock
from tests.support.oauth import GONE, Protocol


def error_of(answer: Any) -> str:
    """Return the error of a refusal, in the form of RFC 6749 §5.2."""
    assert answer.status_code == 400, answer.text
    error: str = answer.json()["error"]
    return error


async def test_a_device_waits_and_is_let_in_once(
    protocol: Protocol, devices: DeviceFactory, clock: FakeClock
) -> None:
    """RFC 8628 §3.5: authorization_pending, then tokens, then nothing any more."""
    device, user = await devices("openid email"), await protocol.api.users()
    assert error_of(await devices.poll(device)) == "authorization_pending"
    session_id = await approve_as(protocol.runtime, device, user)

    clock.advance(seconds=5)
    answer = await devices.poll(device)

    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert tokens["scope"] == "openid email"
    assert {"access_token", "refresh_token", "id_token"} <= tokens.keys()
    person = await protocol.userinfo(tokens["access_token"])
    assert person.json()["email"] == user.email
    seen = await protocol.introspect(
        await protocol.apps(columns={"is_resource_server": True}),
        tokens["access_token"],
    )
    assert seen.status_code == 200
    refreshed = await protocol.refresh(device.app, tokens["refresh_token"])
    assert refreshed.status_code == 200
    async with protocol.runtime.database.session(read_only=True) as db:
        grants = await protocol.runtime.uow(db).oauth_grants.list_for_user(
            user.id, None, 5
        )
    assert [grant.session_id for grant in grants] == [session_id]


async def test_a_second_use_ends_what_the_first_one_gave(
    protocol: Protocol, devices: DeviceFactory
) -> None:
    """Somebody holds a copy of the code: as with authorization codes (RFC 9700)."""
    device, user = await devices(), await protocol.api.users()
    await approve_as(protocol.runtime, device, user)
    tokens = (await devices.poll(device)).json()

    assert error_of(await devices.poll(device)) == "invalid_grant"

    assert (await protocol.userinfo(tokens["access_token"])).status_code == 401
    again = await protocol.refresh(device.app, tokens["refresh_token"])
    assert error_of(again) == "invalid_grant"
    assert error_of(await devices.poll(device)) == "invalid_grant"
    assert len(await protocol.events("oauth.device_code_reused")) == 1


async def test_who_does_not_wait_is_slowed_down_and_served_all_the_same(
    protocol: Protocol, devices: DeviceFactory, clock: FakeClock
) -> None:
    """RFC 8628 §3.5: slow_down; asking once an interval it learns the decision."""
    device, user = await devices(), await protocol.api.users()
    assert error_of(await devices.poll(device)) == "authorization_pending"
    await approve_as(protocol.runtime, device, user)

    said = []
    for _ in range(3):
        clock.advance(seconds=1)
        said.append(error_of(await devices.poll(device)))
    clock.advance(seconds=1)

    assert said == ["slow_down"] * 3
    assert (await devices.poll(device)).status_code == 200


async def test_waiting_leaves_no_evidence_and_writes_nothing(
    protocol: Protocol, devices: DeviceFactory, clock: FakeClock, monkeypatch: Any
) -> None:
    """A loop of devices costs one look each; one that hurries costs none."""
    device = await devices()
    looks: list[object] = []
    fetch = protocol.runtime.database.fetch_one

    async def counted(statement: Any, parameters: Any) -> Any:
        looks.append(statement)
        return await fetch(statement, parameters)

    monkeypatch.setattr(protocol.runtime.database, "fetch_one", counted)

    async def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a poll that waits opens no transaction")

    with monkeypatch.context() as patch:  # a process that ends says so in one
        patch.setattr(type(protocol.runtime), "unit_of_work", refuse)
        patch.setattr(type(protocol.runtime.limiter), "take", refuse)
        for seconds in (0, 0, 1, 4, 5):
            clock.advance(seconds=seconds)
            answer = await devices.poll(device)
            assert answer.json()["error"] in ("authorization_pending", "slow_down")

    assert len(looks) == 3
    assert all(str(each).startswith("SELECT") for each in looks)


async def test_a_code_ends(
    protocol: Protocol, devices: DeviceFactory, clock: FakeClock
) -> None:
    """RFC 8628 §3.5: expired_token, approved or not, kept or deleted."""
    waiting, approved = await devices(), await devices()
    await approve_as(protocol.runtime, approved, await protocol.api.users())

    clock.advance(seconds=900)

    assert error_of(await devices.poll(waiting)) == "expired_token"
    assert error_of(await devices.poll(approved)) == "expired_token"
    async with protocol.runtime.unit_of_work() as uow:
        assert await uow.device_codes.delete_expired(uow.clock.now(), 10) == 0
    clock.advance(seconds=1)
    async with protocol.runtime.unit_of_work() as uow:
        assert await uow.device_codes.delete_expired(uow.clock.now(), 10) == 2
    assert error_of(await devices.poll(waiting)) == "expired_token"


async def test_a_refusal_is_told(protocol: Protocol, devices: DeviceFactory) -> None:
    """RFC 8628 §3.5: access_denied."""
    device = await devices()
    await protocol.change(update(DeviceCode).values(denied_at=DeviceCode.created_at))

    assert error_of(await devices.poll(device)) == "access_denied"


@pytest.mark.parametrize("approved", [True, False])
async def test_another_client_gets_nothing_and_spoils_nothing(
    protocol: Protocol, devices: DeviceFactory, approved: bool
) -> None:
    """RFC 8628 §3.4: the code is of the client that it was issued to."""
    device, other = await devices(), await devices.app()
    if approved:
        await approve_as(protocol.runtime, device, await protocol.api.users())

    stolen = await devices.poll(replace(device, app=other))

    assert error_of(stolen) == "invalid_grant"
    mine = await devices.poll(device)
    assert (mine.status_code == 200) is approved


@pytest.mark.parametrize("code", ["", "x", "as_ot_x", "A" * 5_000])
async def test_what_is_no_code_of_ours_costs_no_look(
    protocol: Protocol, devices: DeviceFactory, code: str
) -> None:
    """RFC 6749 §5.2: invalid_grant, or invalid_request without any."""
    device = Device(await devices.app(), {"device_code": code})

    error = error_of(await devices.poll(device))

    assert error == ("invalid_grant" if code else "invalid_request")


async def test_an_authorization_code_is_no_device_code(
    protocol: Protocol, devices: DeviceFactory
) -> None:
    """What is made for one purpose is good for no other."""
    app = await protocol.apps.public(
        grant_types=["authorization_code", "refresh_token", GRANTS[0]]
    )
    issued = await protocol.codes(app, await protocol.api.users())
    crossed = Device(app, {"device_code": issued.code})
    device = await devices(app=app)

    assert error_of(await devices.poll(crossed)) == "invalid_grant"
    form = issued.form | {"code": device.told["device_code"]}
    assert error_of(await protocol.token(app, form)) == "invalid_grant"
    assert (await protocol.token(app, issued.form)).status_code == 200


@pytest.mark.parametrize("gone", GONE)
async def test_what_ended_meanwhile_lets_nobody_in(
    protocol: Protocol, devices: DeviceFactory, gone: str
) -> None:
    """Who signs out, or is disabled, before the device comes does not let it in."""
    device, user = await devices("openid offline_access"), await protocol.api.users()
    session_id = await approve_as(protocol.runtime, device, user)
    purpose = protocol.runtime.secret_key.read_one_time_token
    code_id = purpose("device_code", device.told["device_code"])
    who: Any = type("Who", (), {})
    who.session_id, who.user_id, who.grant_id = session_id, user.id, code_id
    await protocol.change(GONE[gone](who))

    assert error_of(await devices.poll(device)) == "invalid_grant"
    [event] = await protocol.events("oauth.token_refused")
    assert "over" in event.data["hint"]


async def test_a_scope_that_was_taken_away_lets_nobody_in(
    protocol: Protocol, devices: DeviceFactory
) -> None:
    """And what was begun for it is ended: nobody has it."""
    device, user = await devices("email"), await protocol.api.users()
    await approve_as(protocol.runtime, device, user)
    async with protocol.runtime.unit_of_work() as uow:
        row = await uow.db.get_one(OAuthClient, device.app.client_id)
        row.document = row.document | {"scope": "openid"}
    protocol.runtime.clients.forget(device.app.client_id)

    assert error_of(await devices.poll(device)) == "invalid_grant"
    [event] = await protocol.events("oauth.grant_ended")
    assert event.data["reason"] == "code_refused"


async def test_a_disabled_client_polls_in_vain(
    protocol: Protocol, devices: DeviceFactory
) -> None:
    """RFC 6749 §5.2: invalid_client."""
    device = await devices()
    await protocol.disable(OAuthClient, device.app.client_id)
    protocol.runtime.clients.forget(device.app.client_id)

    assert (await devices.poll(device)).json()["error"] == "invalid_client"


def test_the_memory_of_polls_is_bounded(clock: FakeClock) -> None:
    """Who asked longest ago is forgotten, and may ask once more."""
    polls, now = DevicePolls(most=2), clock.now()
    for number in (1, 2, 1, 3):
        polls.note(UUID(int=number), now)

    asked = [polls.is_too_soon(UUID(int=number), now) for number in (1, 2, 3)]
    assert asked == [True, False, True]
    polls.forget(UUID(int=1))
    polls.forget(UUID(int=2))
    assert not polls.is_too_soon(UUID(int=1), now)
