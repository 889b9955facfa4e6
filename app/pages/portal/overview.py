"""``/account`` and ``/account/security``: how an account stands, and the way around."""

from fastapi import APIRouter, Response

from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser
from app.pages.parts.dependencies import State
from app.pages.parts.flow import ACCOUNT, OVERVIEW
from app.pages.portal.section import enter
from app.services.accounts.change import existing
from app.services.factors.factor import FactorService
from app.services.factors.protection import ProtectionService
from app.services.sessions.session import SessionService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_SECURITY = "security"
_MOST = 100  # live sessions of an account, as the janitor leaves them


@router.get(ACCOUNT)
async def show_overview(browser: AtBrowser, runtime: State) -> Response:
    """Show what could protect the account better, and where everything is."""
    here = await enter(OVERVIEW, browser, runtime)
    if isinstance(here, Response):
        return here
    user_id = here.account.user_id
    async with runtime.unit_of_work(read_only=True) as uow:
        user = await existing(uow, user_id)
        protection = await ProtectionService(uow).of(user)
        sessions = await SessionService(uow).list_live(user_id, after=None, limit=_MOST)
    return await here.render(
        "account/overview.html",
        name=here.account.name,
        protection=protection,
        sessions=len(sessions),
        has_tokens=runtime.settings.personal_tokens.enabled,
    )


@router.get(f"{ACCOUNT}/{_SECURITY}")
async def show_security(browser: AtBrowser, runtime: State) -> Response:
    """Show how somebody signs in; the pages behind it ask who they are once more."""
    here = await enter(_SECURITY, browser, runtime)
    if isinstance(here, Response):
        return here
    async with runtime.unit_of_work(read_only=True) as uow:
        user = await existing(uow, here.account.user_id)
        protection = await ProtectionService(uow).of(user)
        closed = FactorService(uow, runtime).closed(user)
    return await here.render(
        "account/security.html",
        protection=protection,
        closed=closed,
        has_connections=bool(await runtime.connections.all()),
    )
