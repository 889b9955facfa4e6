"""``/api/v1/users/me/consents``: what applications may have of oneself."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from app.api.answers import problems
from app.api.dependencies import Caller, Consents, PageDep, id_key
from app.api.strict_json import StrictRoute
from app.core.exceptions import Unauthenticated
from app.schemas.base import Page
from app.schemas.oauth_consent import ConsentOut
from app.services.authentication import InvalidAccessToken
from app.services.oauth_consent import ConsentNotFound

router = APIRouter(
    prefix="/api/v1/users/me/consents", tags=["me"], route_class=StrictRoute
)
_SIGNED_IN = (Unauthenticated, InvalidAccessToken)


@router.get("", responses=problems(*_SIGNED_IN))
async def list_consents(
    caller: Caller, consents: Consents, pages: PageDep
) -> Page[ConsentOut]:
    """List the applications that one agreed to, the oldest first."""
    user_id = caller.actor.user_id
    listing = f"consents:{user_id}"
    after = pages.after(listing)
    rows = await consents.list_page(
        user_id, after=after and [UUID(after[0])], limit=pages.fetch
    )
    shown, cursor = pages.cut(listing, rows, id_key)
    items = [ConsentOut.model_validate(row) for row in shown]
    return Page[ConsentOut](items=items, next_cursor=cursor)


@router.delete(
    "/{client_id}",
    status_code=204,
    responses=problems(*_SIGNED_IN, ConsentNotFound),
)
async def revoke_consent(
    client_id: Annotated[str, Path(max_length=64)], caller: Caller, consents: Consents
) -> None:
    """Take back all that an application has; its tokens end at once."""
    await consents.revoke(caller.actor.user_id, client_id)
