"""``/.well-known``: what other programs look for (RFC 8615)."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from app.api.dependencies import get_runtime

router = APIRouter(prefix="/.well-known", tags=["well-known"])
_JWKS_CACHE = "public, max-age=300"


@router.get("/jwks.json", responses={304: {"description": "Unchanged"}})
async def jwks(request: Request) -> Response:
    """Return the keys that verify tokens (RFC 7517); built once, cached by readers."""
    ring = get_runtime(request).ring
    headers = {"Cache-Control": _JWKS_CACHE, "ETag": ring.etag}
    if request.headers.get("if-none-match") == ring.etag:
        return Response(status_code=304, headers=headers)
    return Response(ring.jwks, 200, headers, "application/json")


@router.get("/change-password", status_code=303, response_class=Response)
async def change_password(request: Request) -> Response:
    """Lead password managers to the page (W3C well-known change-password URL)."""
    issuer = get_runtime(request).settings.public_url
    return Response(status_code=303, headers={"Location": f"{issuer}/forgot-password"})


@router.get("/security.txt", response_class=Response)
async def security_txt(request: Request) -> Response:
    """Say whom to tell about a weakness (RFC 9116)."""
    runtime = get_runtime(request)
    end = (runtime.clock.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    lines = f"Contact: mailto:{runtime.settings.smtp.sender}\nExpires: {end}\n"
    return Response(lines, media_type="text/plain")
