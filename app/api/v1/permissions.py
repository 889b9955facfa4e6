"""``/api/v1/permissions``: what roles may be allowed."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter

from app.api.answers import problems
from app.api.dependencies import UNPERMITTED, require
from app.core.late.route import LateRoute
from app.policies.permission import PERMISSIONS, Actor
from app.schemas.role import PermissionList, PermissionOut
from app.services.access.role import described

router = APIRouter(prefix="/api/v1/permissions", tags=["roles"], route_class=LateRoute)


@router.get("", responses=problems(*UNPERMITTED))
async def list_permissions(
    _actor: Annotated[Actor, require("roles:read")],
) -> PermissionList:
    """List every permission that a role may have, and what it allows."""
    return listed(PERMISSIONS)


def listed(names: Iterable[str]) -> PermissionList:
    """Return permissions with their meanings."""
    each = [PermissionOut.model_validate(one) for one in described(names)]
    return PermissionList(permissions=each)
