"""Style sheets, scripts and the icon: public, and kept by browsers for good."""

from fastapi import APIRouter, Request, Response

from app.core.exceptions import NotFound
from app.core.late.route import LateRoute
from app.pages.look.application_theme import PATH as APPLICATION_THEME
from app.pages.look.application_theme import sheet_for
from app.pages.look.static import StaticFile, in_transit, names, static_file
from app.pages.parts.dependencies import State

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_FOREVER = "public, max-age=31536000, immutable"
_AN_HOUR = "public, max-age=3600"


@router.get("/favicon.svg")
@router.get("/favicon.ico")
async def show_icon(request: Request) -> Response:
    """Return the icon; browsers ask for the second name where no page names one."""
    return _answer("favicon.svg", request)


@router.get("/theme.css")
@router.get("/theme-logo")
async def show_theme(request: Request) -> Response:
    """Return what an operator gave us of their own, as they gave it."""
    file = request.app.state.brand.files.get(request.scope["path"])
    if file is None:
        raise NotFound(hint="AUTH_SERVE_THEME__ names none")
    answer = _of(file, request)
    # A picture may be a document, too: opened alone it is nobody's but its own.
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    answer.headers["Content-Security-Policy"] = f"{policy}; sandbox"
    return answer


@router.get(f"{APPLICATION_THEME}/{{client_id:path}}")
async def show_application_theme(
    client_id: str, request: Request, runtime: State
) -> Response:
    """Return the style sheet of an application that has one, as it is now."""
    client = await runtime.clients.by_client_id(client_id)
    if client is None or not client.theme or not client.is_vouched_for:
        raise NotFound(hint="no client with a theme that somebody vouches for")
    return _of(sheet_for(request.app.state.brand, client.theme), request)


@router.get("/static/{name}")
async def show_file(name: str, request: Request) -> Response:
    """Return a file; an address with its fingerprint never changes."""
    if name not in names():
        raise NotFound(hint="no such file")
    return _answer(name, request)


def _answer(name: str, request: Request) -> Response:
    return _of(static_file(name), request)


def _of(file: StaticFile, request: Request) -> Response:
    is_known = request.query_params.get("v") == file.tag
    headers = {
        "Cache-Control": _FOREVER if is_known else _AN_HOUR,
        "X-Content-Type-Options": "nosniff",
    }
    content = file.content
    if file.media_type.startswith("text/"):
        content, packed = in_transit(content, request)
        headers |= packed
    return Response(content, headers=headers, media_type=file.media_type)
