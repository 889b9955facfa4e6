"""``/api/v1/users/me/devices``: browsers that need no second step for a while."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter

from app.api.answers import problems
from app.api.dependencies import SIGNED_IN, Caller, Devices, PageDep
from app.api.strict_json import StrictRoute
from app.schemas.base import Page
from app.schemas.device import Device
from app.services.sign_in.remembered_device import DeviceNotFound

router = APIRouter(
    prefix="/api/v1/users/me/devices", tags=["me"], route_class=StrictRoute
)


@router.get("", responses=problems(*SIGNED_IN))
async def list_devices(
    caller: Caller, devices: Devices, pages: PageDep
) -> Page[Device]:
    """List the browsers that one had remembered for the second step, latest first."""
    user_id = caller.actor.user_id
    read = partial(devices.list_live, user_id)
    shown, cursor = await pages.by_id(f"devices:{user_id}", read)
    items = [Device.model_validate(each) for each in shown]
    return Page[Device](items=items, next_cursor=cursor)


@router.delete(
    "/{device_id}", status_code=204, responses=problems(*SIGNED_IN, DeviceNotFound)
)
async def forget_device(device_id: UUID, caller: Caller, devices: Devices) -> None:
    """Have a browser ask for the second step again."""
    await devices.forget(caller.actor.user_id, device_id)
