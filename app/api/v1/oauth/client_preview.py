"""``/api/v1/clients/.../preview``: what a client would be told of a person."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from app.api.answers import problems
from app.api.dependencies import UNPERMITTED, Previews, require
from app.api.path_segment import StrictWholeSegmentRoute
from app.models.oauth.client import MAX_CLIENT_ID
from app.policies.permission import Actor
from app.schemas.preview import ClaimsPreview
from app.services.accounts.errors import UserNotFound
from app.services.clients.client import ClientNotFound

router = APIRouter(
    prefix="/api/v1/clients", tags=["clients"], route_class=StrictWholeSegmentRoute
)
ClientId = Annotated[str, Path(pattern=rf"^[!-~]{{1,{MAX_CLIENT_ID}}}$")]


@router.get(
    "/{client_id}/preview",
    responses=problems(*UNPERMITTED, ClientNotFound, UserNotFound),
)
async def preview_claims(
    client_id: ClientId,
    _actor: Annotated[Actor, require("users:read")],
    _also: Annotated[Actor, require("clients:read")],
    previews: Previews,
    user_id: UUID,
    scope: Annotated[str | None, Query(max_length=2_048)] = None,
    resource: Annotated[str, Query(max_length=20_480)] = "",
) -> ClaimsPreview:
    """Show what a client would be told of a person who agreed to ``scope``.

    Without it, all that the client may have. ``resource`` may name several, with spaces
    between them: this API takes a parameter once, and no identifier has a space.
    """
    shown = await previews.show(client_id, user_id, scope, resource.split())
    return ClaimsPreview.model_validate(shown)
