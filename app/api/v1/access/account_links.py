"""``/api/v1/users/{user_id}/connections``: who somebody is elsewhere."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from app.api.answers import problems
from app.api.dependencies import UNPERMITTED, PageDep, RuntimeDep, Uow, require
from app.api.strict_json import StrictRoute
from app.policies.permission import Actor
from app.schemas.base import Page
from app.schemas.connection import AccountLink
from app.services.accounts.errors import UserNotFound
from app.services.factors.way_in import LastWayIn
from app.services.upstreams.account_link import AccountLinkService
from app.services.upstreams.errors import UpstreamLinkNotFound

router = APIRouter(
    prefix="/api/v1/users/{user_id}/connections",
    tags=["users"],
    route_class=StrictRoute,
)
Reader = Annotated[Actor, require("users:read")]
Writer = Annotated[Actor, require("users:write")]


async def _links(uow: Uow, runtime: RuntimeDep) -> AccountLinkService:
    return AccountLinkService(uow, runtime)


Links = Annotated[AccountLinkService, Depends(_links)]


@router.get("", responses=problems(*UNPERMITTED, UserNotFound))
async def list_account_links(
    user_id: UUID, _actor: Reader, links: Links, pages: PageDep
) -> Page[AccountLink]:
    """List who somebody is elsewhere, the oldest first."""
    read = partial(links.list_page, user_id)
    shown, cursor = await pages.by_id(f"links:{user_id}", read)
    return Page[AccountLink](items=list(shown), next_cursor=cursor)


@router.delete(
    "/{link_id}",
    status_code=204,
    responses=problems(*UNPERMITTED, UserNotFound, UpstreamLinkNotFound, LastWayIn),
)
async def end_account_link(
    user_id: UUID,
    link_id: UUID,
    actor: Writer,
    links: Links,
    even_last: bool = False,
) -> None:
    """End a link of an account, and the sessions that began by it; its owner is told.

    The only way to sign in stays, but with ``even_last``. One's own links are ended at
    ``/account/connections`` only, after a recent sign-in.
    """
    await links.end(actor, user_id, link_id, even_last=even_last)
