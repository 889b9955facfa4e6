"""``/api/v1/users/.../picture``: a picture of a person, as a file."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.api.answers import etag, json_response, problems, user_out
from app.api.dependencies import (
    SIGNED_IN,
    UNPERMITTED,
    Caller,
    Pictures,
    Users,
    require,
)
from app.api.strict_json import StrictRoute
from app.core.exceptions import PayloadTooLarge, UnsupportedMediaType
from app.core.pictures.flaw import MAX_BYTES
from app.policies.permission import Actor
from app.schemas.user import User
from app.services.accounts.errors import UserNotFound

router = APIRouter(prefix="/api/v1/users", tags=["pictures"], route_class=StrictRoute)
_SIGNED_IN = (*SIGNED_IN, UserNotFound)
Writer = Annotated[Actor, require("users:write")]
_KINDS = ("image/png", "image/jpeg", "image/webp")
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {}} for kind in _KINDS},
    }
}


async def _read_file(request: Request) -> bytes:
    """Return the body; what it is, its bytes say, and not its header."""
    kinds = request.headers.getlist("content-type")
    if len(kinds) != 1 or kinds[0].strip().casefold() not in _KINDS:
        raise UnsupportedMediaType(hint="not announced as a picture")
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BYTES:
            raise PayloadTooLarge(hint=f"more than {MAX_BYTES} bytes")
    return content


@router.put(
    "/me/picture",
    response_model=User,
    responses=problems(*_SIGNED_IN, body=True),
    openapi_extra=_FILE,
)
async def replace_my_picture(
    request: Request, caller: Caller, pictures: Pictures
) -> Response:
    """Replace one's own picture: PNG, JPEG or WebP, of 256 KiB at most.

    `picture` of the account, and the claim of that name, are its address from then on.
    Place, texts and thumbnails in the file are not kept.
    """
    content = await _read_file(request)
    user = await pictures.replace_own(caller.actor.user_id, content)
    answer = user_out(user, list(caller.actor.roles))
    return json_response(answer, etag=etag(user.version))


@router.delete("/me/picture", status_code=204, responses=problems(*_SIGNED_IN))
async def remove_my_picture(caller: Caller, pictures: Pictures) -> None:
    """Remove one's own picture, uploaded or not."""
    await pictures.remove_own(caller.actor.user_id)


@router.put(
    "/{user_id}/picture",
    response_model=User,
    responses=problems(*UNPERMITTED, UserNotFound, body=True),
    openapi_extra=_FILE,
)
async def replace_picture(
    user_id: UUID, request: Request, actor: Writer, pictures: Pictures, users: Users
) -> Response:
    """Replace the picture of a person: PNG, JPEG or WebP, of 256 KiB at most."""
    content = await _read_file(request)
    user = await pictures.replace_for(actor, user_id, content)
    roles = (await users.roles_of([user])).get(user.id, [])
    return json_response(user_out(user, roles), etag=etag(user.version))


@router.delete(
    "/{user_id}/picture",
    status_code=204,
    responses=problems(*UNPERMITTED, UserNotFound),
)
async def remove_picture(user_id: UUID, actor: Writer, pictures: Pictures) -> None:
    """Remove the picture of a person, uploaded or not."""
    await pictures.remove_for(actor, user_id)
