"""``/api/v1/statistics``: what happened how often."""

from typing import Annotated, Literal

from fastapi import APIRouter

from app.api.answers import problems
from app.api.dependencies import UNPERMITTED, RuntimeDep, require
from app.core.late.route import LateRoute
from app.policies.permission import Actor
from app.schemas.statistics import Statistics
from app.services.server.statistics import StatisticsService

router = APIRouter(prefix="/api/v1/statistics", tags=["audit"], route_class=LateRoute)


@router.get("", responses=problems(*UNPERMITTED))
async def read_statistics(
    _actor: Annotated[Actor, require("audit:read")],
    runtime: RuntimeDep,
    by: Literal["hour", "day"] = "hour",
) -> Statistics:
    """Return sign-ins, failures, new accounts and active sessions over time.

    Of the last 24 hours, or of the last 30 days in UTC. They are counted from the audit
    trail a minute or so behind.
    """
    return Statistics.model_validate(await StatisticsService(runtime).read(by))
