"""``/metrics``: numbers for monitoring, for who has the token (docs/metrics.md)."""

from fastapi import APIRouter, Request, Response

from app.api.dependencies import RuntimeDep
from app.core.exceptions import NotFound
from app.core.late.route import LateRoute

router = APIRouter(tags=["health"], route_class=LateRoute, include_in_schema=False)


@router.get("/metrics")
async def metrics(request: Request, runtime: RuntimeDep) -> Response:
    """Tell the numbers; to who may not read them there is nothing here."""
    service = runtime.monitoring
    if service is None or not service.admits(request.headers.getlist("authorization")):
        raise NotFound(hint="no token of METRICS__TOKEN")
    content, media_type = await service.page(request.headers.get("accept", ""))
    return Response(content, headers={"content-type": media_type})
