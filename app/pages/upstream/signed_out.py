"""Who was led to sign out where they came from is taken back."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser
from app.pages.parts.dependencies import State
from app.pages.parts.flow import go_on
from app.pages.sign_in.signed_out import render_signed_out
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser

if TYPE_CHECKING:
    from app.services.upstreams.leave import Onward

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.get("/upstreams/{name}/signed-out")
async def come_back(
    name: str, request: Request, browser: AtBrowser, runtime: State
) -> Response:
    """Say that they are signed out, and lead to the application that asked for it.

    Whoever brings another state than they left with is told no more than that.
    """
    states = request.query_params.getlist("state")
    onward = await _onward(name, states, browser, runtime)
    if onward is not None and onward.redirect_url:
        # By a page: the other side may have asked by a form (``form-action``).
        return render_signed_out(
            (),
            application=onward.application,
            redirect_url=onward.redirect_url,
            is_sent=onward.is_sent,
        )
    done = onward.done if onward else "signed-out"
    return go_on("/" if browser.current else f"/done/{done}")


async def _onward(
    name: str, states: list[str], browser: Browser, runtime: Runtime
) -> "Onward | None":
    from app.services.upstreams.leave import UpstreamLeaveService

    if len(states) != 1:
        return None
    service = UpstreamLeaveService(runtime, runtime.connections)
    return await service.back(name, states[0], browser)
