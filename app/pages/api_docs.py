"""``/docs``: Swagger UI from our own files, under a strict policy."""

import asyncio
from pathlib import Path

from fastapi import APIRouter, Response

from app.core.exceptions import NotFound
from app.core.late.route import LateRoute
from app.pages.parts.dependencies import State
from app.pages.parts.render import render_for_developers

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_FILES = Path(__file__).parent / "static" / "swagger"
_TYPES = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@router.get("/docs")
async def show_docs(runtime: State) -> Response:
    """Show the API, where the operator wants it shown."""
    if not runtime.settings.serves_docs:
        raise NotFound(hint="AUTH_SERVE_DOCS is off")
    return render_for_developers(
        "api_docs.html", headers={"Content-Security-Policy": _CSP}
    )


@router.get("/static/swagger/{name}")
async def show_file(name: str, runtime: State) -> Response:
    """Return one of the three files; nothing of them is kept in memory."""
    if name not in _TYPES or not runtime.settings.serves_docs:
        raise NotFound(hint="no such file")
    content = await asyncio.to_thread((_FILES / name).read_bytes)
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(content, headers=headers, media_type=_TYPES[name])
