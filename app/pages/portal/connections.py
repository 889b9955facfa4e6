"""``/account/connections``: who somebody is elsewhere, connected and disconnected."""

from fastapi import APIRouter, Request, Response

from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.form import Values, id_of
from app.pages.parts.proof import submit
from app.pages.parts.render import LEAVING
from app.pages.portal.section import Here, enter
from app.pages.sign_in.ways import buttons

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_SECTION = "connections"
PATH = f"/account/{_SECTION}"


@router.get(PATH)
async def show_connections(
    browser: AtBrowser, runtime: State, done: str = ""
) -> Response:
    """List who they are elsewhere, and offer to connect more."""
    here = await enter(_SECTION, browser, runtime, fresh=True)
    if isinstance(here, Response):
        return here
    return await _show(here, done=done)


@router.post(PATH)
async def submit_connections(
    values: Posted, request: Request, browser: AtBrowser, runtime: State
) -> Response:
    """Lead away to connect the account, or end a link."""
    from app.pages.sign_in.journey import go_away
    from app.services.upstreams.journey import Going
    from app.services.upstreams.link import UpstreamLinkService

    here = await enter(_SECTION, browser, runtime, fresh=True)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        owner, session = here.account.user_id, here.account.session_id
        if "connect" in values:
            going = Going(section=_SECTION, user_id=owner, again=True)
            return await go_away(values["connect"], going, request, browser, runtime)
        links = UpstreamLinkService(runtime)
        await links.end(owner, session, id_of(values.get("end", "")))
        return here.stay("ended")

    return await submit(here, values, work, _show)


async def _show(
    here: Here,
    error: AppError | None = None,
    _values: Values | None = None,
    *,
    done: str = "",
) -> Response:
    from app.services.upstreams.link import UpstreamLinkService

    links = await UpstreamLinkService(here.runtime).list_all(here.account.user_id)
    held = {f"/upstreams/{each.connection}" for each in links}
    return await here.render(
        "account/connections.html",
        error,
        headers=LEAVING,
        links=links,
        offers=[each for each in await buttons(here.runtime) if each.path not in held],
        done=done,
    )
