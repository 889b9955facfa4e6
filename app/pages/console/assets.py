"""The scripts of the console, and the policy that lets these run and no others.

htmx comes with its extension in one file: it does nothing for an element without the
nonce of the page, and it alone may write markup (Trusted Types), so that markup which
somebody smuggled in among our own stays a text. Everything works without them, too.
"""

import asyncio
import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.core.exceptions import NotFound
from app.core.late.route import LateRoute
from app.pages.look.static import in_transit

router = APIRouter(include_in_schema=False, route_class=LateRoute)
CSP = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types htmx"
)
_STATIC = Path(__file__).parents[1] / "static"
_PARTS = {
    "htmx.js": ("htmx/htmx.min.js", "htmx/hx-csp.min.js"),
    "console.js": ("console/console.js",),
}
_FOREVER = "public, max-age=31536000, immutable"


def _read(name: str) -> bytes:
    return b"\n".join((_STATIC / part).read_bytes() for part in _PARTS[name])


@cache
def _tag(name: str) -> str:
    return hashlib.sha256(_read(name)).hexdigest()[:16]


@cache
def sources() -> dict[str, str]:
    """Return the address of each script; a changed one has another."""
    return {
        name.partition(".")[0]: f"/static/console/{name}?v={_tag(name)}"
        for name in _PARTS
    }


@router.get("/static/console/{name}")
async def show_script(name: str, request: Request) -> Response:
    """Return a script."""
    if name not in _PARTS:
        raise NotFound(hint="no such file")
    content = await asyncio.to_thread(_read, name)
    is_known = request.query_params.get("v") == _tag(name)
    headers = {
        "Cache-Control": _FOREVER if is_known else "public, max-age=3600",
        "X-Content-Type-Options": "nosniff",
    }
    content, packed = await asyncio.to_thread(in_transit, content, request)
    kind = "text/javascript; charset=utf-8"
    return Response(content, headers=headers | packed, media_type=kind)
