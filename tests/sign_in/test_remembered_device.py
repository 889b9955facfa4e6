"""Remembered devices: listed and forgotten by their owners, and never stronger."""

from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.models import Device, Role
from app.services.server.runtime import Runtime
from app.services.sign_in.remembered_device import (
    MOST_OF_ACCOUNT,
    RememberedDeviceService,
)
from tests.factories.factor import FactorFactory
from tests.support.api import PASSWORD, Api, Person


async def remembered(runtime: Runtime, person: Person) -> Any:
    """Have somebody's browser remembered; return its id."""
    service = RememberedDeviceService(runtime)
    [device_id] = await service.remember(person.id, person.session_id, ())
    return device_id


@pytest.fixture
def service(runtime: Runtime) -> RememberedDeviceService:
    """What recognises browsers."""
    return RememberedDeviceService(runtime)


async def is_excused(runtime: Runtime, person: Person, *devices: Any) -> bool:
    """Tell whether a sign-in of somebody is excused from the second step."""
    found = await runtime.sign_ins.found(person.id, "")
    return await RememberedDeviceService(runtime).is_remembered(found, devices)


async def test_owners_see_their_devices_and_forget_them(
    api: Api, runtime: Runtime
) -> None:
    owner, other = await api.person(), await api.person()
    await FactorFactory(runtime).totp(owner.id)
    mine, others = await remembered(runtime, owner), await remembered(runtime, other)

    shown = (await api.get("/users/me/devices", owner)).json()["items"]
    foreign = await api.delete(f"/users/me/devices/{others}", owner)
    before = await is_excused(runtime, owner, mine)
    gone = await api.delete(f"/users/me/devices/{mine}", owner)
    twice = await api.delete(f"/users/me/devices/{mine}", owner)

    assert [each["id"] for each in shown] == [str(mine)]
    assert foreign.status_code == twice.status_code == 404
    assert twice.json()["code"] == "device_not_found"
    assert gone.status_code == 204
    assert (before, await is_excused(runtime, owner, mine)) == (True, False)
    assert "device.forgotten" in await api.trail(owner.id)


@pytest.mark.parametrize("way", ["change", "reset", "disable"])
async def test_what_ends_everything_forgets_the_devices_too(
    api: Api, runtime: Runtime, way: str
) -> None:
    owner = await api.person()
    device = await remembered(runtime, owner)
    if way == "change":
        body = {"current_password": PASSWORD, "new_password": "another horse entirely"}
        await api.post("/auth/change-password", body, owner)
    elif way == "reset":
        await api.post("/auth/forgot-password", {"email": owner.email})
        link = await api.mailed("reset_password")
        body = {"token": link.token, "new_password": "another horse entirely"}
        await api.post("/auth/reset-password", body)
    else:
        admin = await api.admin()
        await api.patch(f"/users/{owner.id}", {"status": "disabled"}, admin)
    await FactorFactory(runtime).totp(owner.id)

    assert not await is_excused(runtime, owner, device)


async def test_who_is_to_have_a_factor_and_has_none_is_excused_from_nothing(
    api: Api, runtime: Runtime
) -> None:
    owner = await api.person()

    assert not await is_excused(runtime, owner, await remembered(runtime, owner))


async def test_a_cookie_is_read_whole_or_not_at_all(
    api: Api, runtime: Runtime, service: RememberedDeviceService
) -> None:
    owner = await api.person()
    device = await remembered(runtime, owner)
    pair = service.cookie([device]).partition(";")[0]

    assert service.read([pair]) == (device,)
    assert service.read([pair[:-1] + ("A" if pair[-1] != "A" else "B")]) == ()
    assert service.read([f"{pair}.{pair.partition('=')[2][:-2]}"]) == ()
    assert service.read([".".join([pair] + [pair.partition("=")[2]] * 5)]) == ()
    assert service.read([]) == ()


async def test_an_account_has_a_bounded_number_of_devices(
    api: Api, runtime: Runtime
) -> None:
    owner = await api.person()
    for _ in range(MOST_OF_ACCOUNT + 2):
        await remembered(runtime, owner)

    query = select(func.count()).where(Device.user_id == owner.id)
    async with runtime.database.session(read_only=True) as db:
        assert await db.scalar(query) == MOST_OF_ACCOUNT


async def test_where_two_factors_are_demanded_nobody_is_excused(
    api: Api, runtime: Runtime
) -> None:
    admin = await api.admin()
    await FactorFactory(runtime).totp(admin.id)
    device = await remembered(runtime, admin)
    before = await is_excused(runtime, admin, device)
    async with runtime.database.session() as db:
        await db.execute(update(Role).values(mfa_required=True))
        await db.commit()

    assert before
    assert not await is_excused(runtime, admin, device)


async def test_a_session_that_ended_has_no_browser_remembered(
    api: Api, runtime: Runtime, service: RememberedDeviceService
) -> None:
    owner = await api.person()
    await api.post("/auth/logout", None, owner)

    assert await service.remember(owner.id, owner.session_id, ()) == ()


async def test_where_two_factors_are_demanded_nothing_is_remembered(
    api: Api, runtime: Runtime, service: RememberedDeviceService
) -> None:
    owner = await api.person()
    async with runtime.database.session() as db:
        await db.execute(update(Role).values(mfa_required=True))
        await db.commit()

    assert await service.remember(owner.id, owner.session_id, ()) == ()
    assert "device.remembered" not in await api.trail(owner.id)
