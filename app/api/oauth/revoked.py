"""``/oauth2/revoked``: what APIs that check tokens by themselves refuse (ADR-0084)."""

import re
from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.dependencies import get_runtime
from app.api.oauth.documented import refusals
from app.api.oauth.protocol import read_authorization
from app.api.request_body import read_body
from app.core.exceptions import NotFound
from app.core.late.route import LateRoute
from app.oauth.parameters import Parameters
from app.services.clients.authentication import ClientCall
from app.services.oauth.revoked import MAX_WAIT

PATH = "/oauth2/revoked"
router = APIRouter(tags=["oauth"], route_class=LateRoute)
_PREFERRED = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?(\d{1,3})\"?\s*(?:[;,]|$)", re.I)
_TAG = re.compile(r'"([\x21\x23-\x7e]{1,64})"')


class RevokedOff(NotFound):
    """APIs are not told here (AUTH_SERVE_OAUTH__REVOKED_TOKENS)."""

    code = "revoked_tokens_off"
    title = "What was revoked is not told here"


_JWT = {"application/jwt": {"schema": {"type": "string"}}}
_READ: dict[int | str, Any] = {
    200: {"description": "A signed list, as a JWT", "content": _JWT},
    304: {"description": "Unchanged"},
}
_FIELDS = [
    {
        "name": "If-None-Match",
        "in": "header",
        "description": "What the reader has already",
        "schema": {"type": "string"},
    },
    {
        "name": "Prefer",
        "in": "header",
        "description": "`wait=N`: wait N seconds, at most 30, for news (RFC 7240). "
        "Where too many wait already, the answer comes at once, and without "
        "`Preference-Applied`.",
        "schema": {"type": "string"},
    },
]


@router.get(
    PATH,
    responses=_READ | refusals(401, 404, 408, 413, 429),
    openapi_extra={"security": [{"client": []}, {}], "parameters": _FIELDS},
)
async def revoked(request: Request) -> Response:
    """Say what ended before its tokens did; wait for news, if that is preferred."""
    runtime = get_runtime(request)
    if runtime.settings.oauth.revoked_tokens == "off":
        raise RevokedOff
    await read_body(request)
    call = ClientCall(PATH, read_authorization(request), Parameters({}))
    reader = await runtime.revoked.authorize(call)
    known = frozenset(_TAG.findall(request.headers.get("if-none-match", "")))
    wait = _wait(request) if reader and known else 0
    document, is_applied = await runtime.revoked.read(
        known, wait, reader or "", request.is_disconnected
    )
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{document.etag}"'}
    if is_applied:
        headers["Preference-Applied"] = f"wait={wait}"
    if document.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(document.body, 200, headers, media_type="application/jwt")


def _wait(request: Request) -> int:
    """Return the seconds to wait; a preference that is not understood is none."""
    found = _PREFERRED.search(", ".join(request.headers.getlist("prefer")))
    return min(int(found[1]), MAX_WAIT) if found else 0
