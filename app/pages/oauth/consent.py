"""Agreeing to what an application asks for, or not."""

from dataclasses import dataclass

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.language import Message
from app.core.late.route import LateRoute
from app.oauth.device.authorization import DeviceRequest
from app.oauth.device.user_code import shown_user_code
from app.oauth.interaction import Step
from app.pages.oauth.authorize import lead
from app.pages.parts import texts
from app.pages.parts.asked import application_of, asked_at, asked_for
from app.pages.parts.browser import (
    AtBrowser,
    pictures_at,
    refusal_of,
    render_form,
    show_page,
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
from app.pages.parts.form_page import Around, FormPage, Link
from app.pages.parts.over import leads_on
from app.services.oauth.authorization import AuthorizationService
from app.services.oauth.outcome import Waiting
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser
from app.services.sign_in.origin import masked, spoken_browser, spoken_origin
from app.services.sign_in.place import Places
from app.utils.helpers import printable

_MAX_AGENT = 80  # characters; the whole of it stands in the audit trail
router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.get("/consent")
@leads_on
async def show_consent(flow: Flow, browser: AtBrowser, runtime: State) -> Response:
    """Say who asks for what; it changes nothing."""
    waiting = await AuthorizationService(runtime).look(flow, browser)
    if waiting.step is not Step.CONSENT:
        return go_on("/oauth2/resume", flow)
    return await _ask(flow, waiting, browser, runtime)


@router.post("/consent")
@leads_on
async def submit_consent(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Answer the application; without a decision the page is shown again."""
    flow = checked_flow(values.get(FLOW, ""))
    if refusal := refusal_of(browser, values, runtime):
        return await _ask_again(flow, browser, runtime, refusal)
    service = AuthorizationService(runtime)
    match values.get("decision"):
        case "allow":
            shown = values.get("shown", "")
            return lead(await service.resume(flow, browser, agreed_to=shown))
        case "deny":
            return lead(await service.deny(flow, browser))
    return go_on("/consent", flow)


async def _ask_again(
    flow: str, browser: Browser, runtime: Runtime, error: AppError
) -> Response:
    """Show the page as it is now; if there is nothing to ask any more, a way on.

    Not the way itself: who pressed "Do not allow" is not led to where it is allowed.
    """
    waiting = await AuthorizationService(runtime).look(flow, browser)
    if waiting.step is Step.CONSENT:
        return await _ask(flow, waiting, browser, runtime, error)
    name = application_of(waiting).full_name
    title = Message(texts.continue_to(name))
    page = FormPage("/consent", title, closed=texts.ALLOWED_ALREADY)
    links = [Link(texts.continue_to(name), with_flow("/oauth2/resume", flow))]
    around = Around(flow=flow, links=links)
    return show_page(page, browser, runtime, {}, error, around)


async def _ask(
    flow: str,
    waiting: Waiting,
    browser: Browser,
    runtime: Runtime,
    error: AppError | None = None,
) -> Response:
    others = "/select-account" if len(browser.accounts) > 1 else "/signin"
    return render_form(
        "consent.html",
        browser,
        runtime,
        error=error,
        headers=page_headers(flow),
        application=application_of(waiting),
        device=_device(waiting, runtime),
        asked=asked_for(waiting, runtime.settings.oauth.scopes),
        apis=asked_at(waiting, runtime.settings.public_url),
        is_again=bool(waiting.known.scope or waiting.known.resources),
        account=waiting.account,
        pictures=await pictures_at(browser, runtime),
        shown=waiting.shown,
        flow=flow,
        other_account=with_flow(others, flow),
    )


@dataclass(frozen=True, slots=True)
class ShownDevice:
    """A device that asks, as far as anybody can tell.

    Attributes:
        code: That it shows.
        name: Program and system, in our words.
        says: What it calls itself, which may be anything.
        place: Where it is, coarsely.
    """

    code: str
    name: str
    says: str
    place: str


def _device(waiting: Waiting, runtime: Runtime) -> ShownDevice | None:
    request = waiting.request
    if not isinstance(request, DeviceRequest):
        return None
    place = Places(runtime.settings.session.geoip_file).of(request.ip)
    network = spoken_origin(masked(request.ip))
    return ShownDevice(
        code=shown_user_code(request.user_code),
        name=spoken_browser(request.user_agent),
        says=printable(request.user_agent, _MAX_AGENT).strip() or "-",
        place=f"{place} ({network})" if place else network,
    )
