"""Style sheets, scripts and the icon: public, and kept by browsers for good."""

from fastapi import APIRouter, Request, Response

from app.core.exceptions import NotFound
from app.core.late.route import LateRoute
from app.pages.look.static import names, static_file

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_FOREVER = "public, max-age=31536000, immutable"
_AN_HOUR = "public, max-age=3600"


@router.get("/favicon.svg")
@router.get("/favicon.ico")
async def show_icon(request: Request) -> Response:
    """Return the icon; browsers ask for the second name where no page names one."""
    return _answer("favicon.svg", request)


@router.get("/static/{name}")
async def show_file(name: str, request: Request) -> Response:
    """Return a file; an address with its fingerprint never changes."""
    if name not in names():
        raise NotFound(hint="no such file")
    return _answer(name, request)


def _answer(name: str, request: Request) -> Response:
    file = static_file(name)
    is_known = request.query_params.get("v") == file.tag
    headers = {
        "Cache-Control": _FOREVER if is_known else _AN_HOUR,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(file.content, headers=headers, media_type=file.media_type)
