"""Agreeing to what an application asks for, or not."""

from fastapi import APIRouter, Response

from app.oauth.interaction import Step
from app.pages.asked import application_of, asked_for
from app.pages.authorize import lead
from app.pages.browser import AtBrowser, check_form, render_form
from app.pages.dependencies import Posted, State
from app.pages.flow import FLOW, Flow, checked_flow, go_on, page_headers, with_flow
from app.services.oauth_authorization import AuthorizationService

router = APIRouter(include_in_schema=False)


@router.get("/consent")
async def show_consent(flow: Flow, browser: AtBrowser, runtime: State) -> Response:
    """Say who asks for what; it changes nothing."""
    waiting = await AuthorizationService(runtime).look(flow, browser)
    if waiting.step is not Step.CONSENT:
        return go_on("/oauth2/resume", flow)
    others = "/select-account" if len(browser.accounts) > 1 else "/signin"
    return render_form(
        "consent.html",
        browser,
        runtime,
        headers=page_headers(flow),
        application=application_of(waiting),
        asked=asked_for(waiting, runtime.settings.oauth.scopes),
        account=waiting.account,
        shown=waiting.shown,
        flow=flow,
        other_account=with_flow(others, flow),
    )


@router.post("/consent")
async def submit_consent(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Answer the application; without a decision the page is shown again."""
    flow = checked_flow(values.get(FLOW, ""))
    check_form(browser, values, runtime)
    service = AuthorizationService(runtime)
    match values.get("decision"):
        case "allow":
            shown = values.get("shown", "")
            return lead(await service.resume(flow, browser, agreed_to=shown))
        case "deny":
            return lead(await service.deny(flow, browser))
    return go_on("/consent", flow)
