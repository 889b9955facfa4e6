"""``/api/v1/settings``: what is in force."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, SecretStr

from app.api.answers import problems
from app.api.dependencies import RuntimeDep, require
from app.core.exceptions import Forbidden, Unauthenticated
from app.policies.permission import Actor
from app.schemas.settings import SettingsOut
from app.services.authentication import InvalidAccessToken

router = APIRouter(prefix="/api/v1/settings", tags=["settings"])


@router.get("", responses=problems(Unauthenticated, InvalidAccessToken, Forbidden))
async def read_settings(
    _actor: Annotated[Actor, require("settings:read")], runtime: RuntimeDep
) -> SettingsOut:
    """Return the settings; of secrets only whether they are set."""
    return SettingsOut(settings=_public(runtime.settings))


def _public(group: BaseModel) -> dict[str, Any]:
    return {name: _shown(getattr(group, name)) for name in type(group).model_fields}


def _shown(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _public(value)
    if isinstance(value, SecretStr):
        return "(set)"
    return value if isinstance(value, bool | int | float | list | None) else str(value)
