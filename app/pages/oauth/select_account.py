"""Choosing with which of the accounts at a browser to go on."""

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.pages.parts.asked import application_of
from app.pages.parts.browser import (
    AtBrowser,
    choosing,
    keep_accounts,
    pictures_at,
    refusal_of,
    render_form,
)
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import (
    FLOW,
    Flow,
    checked_flow,
    go_on,
    page_headers,
    with_flow,
)
from app.pages.parts.over import leads_on
from app.services.oauth.authorization import AuthorizationService
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.get("/select-account")
@leads_on
async def show_accounts(flow: Flow, browser: AtBrowser, runtime: State) -> Response:
    """List the accounts; it changes nothing."""
    return await _show(flow, browser, runtime)


async def _show(
    flow: str, browser: Browser, runtime: Runtime, error: AppError | None = None
) -> Response:
    waiting = await AuthorizationService(runtime).look(flow, browser)
    if not browser.accounts:
        return go_on("/signin", flow)
    return render_form(
        "select_account.html",
        browser,
        runtime,
        error=error,
        headers=page_headers(flow),
        application=application_of(waiting),
        accounts=browser.accounts,
        pictures=await pictures_at(browser, runtime),
        flow=flow,
        other_account=with_flow("/signin", flow),
    )


@router.post("/select-account")
@leads_on
async def submit_account(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Go on with an account; without one of them the page is shown again."""
    flow = checked_flow(values.get(FLOW, ""))
    if refusal := refusal_of(browser, values, runtime):
        return await _show(flow, browser, runtime, refusal)
    chosen = choosing(browser, values)
    if chosen is None:
        return go_on("/select-account", flow)
    await AuthorizationService(runtime).choose(flow, chosen)
    answer = go_on("/oauth2/resume", flow)
    keep_accounts(answer, chosen, runtime)
    return answer
