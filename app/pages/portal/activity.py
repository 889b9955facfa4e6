"""``/account/activity``: what happened to one's account, for whoever wonders.

The page to ``/api/v1/users/me/activity``: the same evidence, in words.
"""

from uuid import UUID

from fastapi import APIRouter, Response

from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser
from app.pages.parts.dependencies import State
from app.pages.portal.section import enter
from app.pages.portal.told import NAMES, Telling
from app.services.accounts.audit_event import AuditEventService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_SECTION = "activity"
PATH = f"/account/{_SECTION}"
_PAGE = 50


@router.get(PATH)
async def show_activity(
    browser: AtBrowser, runtime: State, after: UUID | None = None
) -> Response:
    """List events, newest first."""
    here = await enter(_SECTION, browser, runtime)
    if isinstance(here, Response):
        return here
    async with runtime.unit_of_work(read_only=True) as uow:
        events = await AuditEventService(uow).list_recent(
            here.account.user_id, NAMES, after=after, limit=_PAGE + 1
        )
    about = [str(each.data.get("client_id", "")) for each in events]
    known = await runtime.clients.shown(about)
    telling = Telling(runtime, here.account, known)
    return await here.render(
        "account/activity.html",
        events=[telling.line(each) for each in events[:_PAGE]],
        more=f"{PATH}?after={events[_PAGE - 1].id}" if len(events) > _PAGE else "",
    )
