"""``/api/v1/settings``: what is in force."""

from typing import Annotated

from fastapi import APIRouter

from app.api.answers import problems
from app.api.dependencies import UNPERMITTED, RuntimeDep, require
from app.core.late.route import LateRoute
from app.policies.permission import Actor
from app.schemas.settings import SettingsOut
from app.services.server.settings import public

router = APIRouter(prefix="/api/v1/settings", tags=["settings"], route_class=LateRoute)


@router.get("", responses=problems(*UNPERMITTED))
async def read_settings(
    _actor: Annotated[Actor, require("settings:read")], runtime: RuntimeDep
) -> SettingsOut:
    """Return the settings; of secrets only whether they are set."""
    return SettingsOut(settings=public(runtime.settings))
