"""``/admin``: the first page of the console."""

from fastapi import APIRouter, Response

from app.core.late.route import LateRoute
from app.pages.console.frame import AtConsole
from app.pages.console.sections import OVERVIEW

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.get("/admin")
async def show_overview(at: AtConsole) -> Response:
    """Show how the service does, as far as the visitor may know."""
    here = await at.enter(OVERVIEW)
    if isinstance(here, Response):
        return here
    return here.render("console/overview.html")
