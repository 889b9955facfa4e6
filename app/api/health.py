"""``/health``: whether the process lives, and whether it can work."""

from fastapi import APIRouter, Response

from app.api.answers import json_response
from app.api.dependencies import RuntimeDep
from app.core.late.route import LateRoute
from app.schemas.health import Live, Ready
from app.services.server.health import HealthService

router = APIRouter(prefix="/health", tags=["health"], route_class=LateRoute)


@router.get("/live")
async def live() -> Live:
    """Answer: the process is not stuck. It looks at nothing else."""
    return Live()


@router.get(
    "/ready",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "Send requests elsewhere"}},
)
async def ready(runtime: RuntimeDep) -> Response:
    """Say whether requests should come here; ``degraded`` still serves."""
    health = HealthService(runtime, runtime.stopping, runtime.write_probe)
    found = await health.readiness()
    answer = Ready(status=found.status, checks=found.checks)
    status = 503 if found.status == "down" else 200
    response = json_response(answer, status)
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response
