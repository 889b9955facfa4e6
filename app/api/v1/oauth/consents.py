"""``/api/v1/users/me/consents``: what applications may have of oneself."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path

from app.api.answers import problems
from app.api.dependencies import SIGNED_IN, Caller, Consents, PageDep
from app.api.path_segment import StrictWholeSegmentRoute
from app.models.oauth.client import MAX_CLIENT_ID
from app.schemas.base import Page
from app.schemas.consent import ConsentOut
from app.services.oauth.consent import ConsentNotFound

router = APIRouter(
    prefix="/api/v1/users/me/consents", tags=["me"], route_class=StrictWholeSegmentRoute
)


@router.get("", responses=problems(*SIGNED_IN))
async def list_consents(
    caller: Caller, consents: Consents, pages: PageDep
) -> Page[ConsentOut]:
    """List the applications that one agreed to, the oldest first."""
    user_id = caller.actor.user_id
    read = partial(consents.list_page, user_id)
    shown, cursor = await pages.by_id(f"consents:{user_id}", read)
    items = [ConsentOut.model_validate(row) for row in shown]
    return Page[ConsentOut](items=items, next_cursor=cursor)


@router.delete(
    "/{client_id}",
    status_code=204,
    responses=problems(*SIGNED_IN, ConsentNotFound),
)
async def revoke_consent(
    client_id: Annotated[str, Path(max_length=MAX_CLIENT_ID)],
    caller: Caller,
    consents: Consents,
) -> None:
    """Take back all that an application has; its tokens end at once."""
    await consents.revoke(caller.actor.user_id, client_id)
