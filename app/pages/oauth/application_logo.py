"""The picture of an application, from our own origin."""

from fastapi import APIRouter, Response

from app.core.exceptions import NotFound
from app.core.late.route import LateRoute
from app.pages.parts.asked import LOGO
from app.pages.parts.dependencies import State

# A stranger's bytes: a picture and nothing else, even where somebody opens it alone.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "public, max-age=3600",
    "X-Content-Type-Options": "nosniff",
}

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.get(f"{LOGO}/{{client_id:path}}")
async def show_logo(client_id: str, runtime: State) -> Response:
    """Return the picture; where there is none the page does without."""
    logo = await runtime.logos.of(client_id)
    if logo is None:
        raise NotFound(hint="no picture of this client; the log says why")
    return Response(logo.content, headers=_HEADERS, media_type=logo.media_type)
