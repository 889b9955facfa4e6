"""Every part that pages are made of, in each of its states, in development."""

from fastapi import APIRouter, Response

from app.core.exceptions import NotFound
from app.core.late.route import LateRoute
from app.pages.look.chart import Numbers, bar_chart, line_chart
from app.pages.parts.dependencies import State
from app.pages.parts.render import render_for_developers

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_DAYS = [f"{day} May" for day in range(1, 15)]
_WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LAYOUTS = ("visitor", "portal", "console")


@router.get("/dev/components")
async def show_components(runtime: State, layout: str = "console") -> Response:
    """Show them in one of the three layouts."""
    if runtime.settings.environment != "development" or layout not in _LAYOUTS:
        raise NotFound(hint="components are shown in development")
    template = "visitor.html" if layout == "visitor" else "workspace.html"
    return render_for_developers(
        f"dev/{template}", chosen=layout, lines=_sign_ins(), bars=_accounts()
    )


def _sign_ins() -> object:
    numbers = Numbers(
        title="Sign-ins",
        of="Day",
        labels=_DAYS,
        series=[
            ("Signed in", [31, 44, 40, 52, 61, 30, 24, 47, 55, 58, 66, 71, 40, 33]),
            ("Refused", [4, 6, 3, 9, 5, 2, 2, 8, 21, 7, 5, 6, 3, 2]),
        ],
    )
    return line_chart(numbers, "Sign-ins over two weeks: 652, and 83 refused.")


def _accounts() -> object:
    numbers = Numbers(
        title="New accounts",
        of="Day",
        labels=_WEEK,
        series=[("Accounts", [3, 8, 5, 9, 12, 1, 0])],
    )
    return bar_chart(numbers, "38 new accounts in a week, most of them on Friday.")
