"""``/oauth2/authorize``: where applications send people (RFC 6749 §3.1).

It stands among the pages, since it is people that it answers: with a step to take, with
the way back to the application, or with what is wrong.
"""

from urllib.parse import quote, unquote_to_bytes

from fastapi import APIRouter, Request, Response

from app.core.late.route import LateRoute
from app.oauth.interaction import Step
from app.oauth.response_modes import Answer
from app.pages.oauth.form_post import render_form_post
from app.pages.parts.asked import waiting_at
from app.pages.parts.browser import AtBrowser, keep_value, read_browser
from app.pages.parts.dependencies import State
from app.pages.parts.flow import Flow, go_on
from app.pages.parts.form import read_body
from app.pages.parts.over import lead_back, leads_on
from app.pages.parts.render import OPENER
from app.pages.parts.withheld import render_withheld
from app.pages.sign_in.journey import go_away, going_for
from app.pages.sign_in.second_step import STEP_UP
from app.pages.sign_in.ways import hinted
from app.services.oauth.authorization import AuthorizationService
from app.services.oauth.device.device_answer import DeviceAnswered
from app.services.oauth.outcome import Due, Outcome
from app.services.oauth.redirect import Withheld
from app.services.oauth.refusal import UnanswerableRequest
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser, BrowserSessionService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_PATH = "/oauth2/authorize"
_PAGES = {
    Step.LOGIN: "/signin",
    Step.STEP_UP: STEP_UP,
    Step.CREATE_ACCOUNT: "/signup",
    Step.SELECT_ACCOUNT: "/select-account",
    Step.CONSENT: "/consent",
}

_SIGNING_IN = (Step.LOGIN, Step.CREATE_ACCOUNT)


@router.get("/oauth2/authorize")
async def authorize(request: Request, runtime: State) -> Response:
    """Take a request of an application."""
    service = AuthorizationService(runtime)
    await service.admit()
    browser = await read_browser(request, runtime)
    bound = BrowserSessionService(runtime).with_value(browser)
    outcome = await _begin(request, service, bound, runtime)
    answer = await _hinted(outcome, request, bound, runtime) or lead(outcome)
    if isinstance(outcome, Due) or browser.is_stale:
        keep_value(answer, bound, browser, runtime)
    return answer


async def _begin(
    request: Request, service: AuthorizationService, browser: Browser, runtime: Runtime
) -> Outcome:
    try:
        return await service.begin(request.scope["query_string"], browser)
    except UnanswerableRequest as error:
        refusal = error
    await lead_back(refusal, "", browser, runtime)
    raise refusal


async def _hinted(
    outcome: Outcome, request: Request, browser: Browser, runtime: Runtime
) -> Response | None:
    """Lead to the connection that the application names, if it may name one.

    Straight for applications that somebody here answers for: whoever comes from others
    presses a button first, so that no address of a stranger signs anybody in.
    """
    query: bytes = request.scope["query_string"]
    if not isinstance(outcome, Due) or outcome.step not in _SIGNING_IN:
        return None
    if b"idp_hint" not in query and b"domain_hint" not in query:
        return None
    waiting = await waiting_at(browser, outcome.flow, runtime)
    way = await hinted(waiting, runtime)
    if waiting is None or way is None or not waiting.request.client.is_vouched_for:
        return None
    going = await going_for(waiting, outcome.flow, "", browser, runtime)
    return await go_away(way.name, going, request, browser, runtime)


@router.post("/oauth2/authorize")
async def authorize_by_form(request: Request) -> Response:
    """Have the browser send a posted request by GET (OIDC Core §3.1.2.1 takes both).

    The application's page posts it, so the browser leaves out our cookies, which are
    ``SameSite=Lax``; they come with the GET.
    """
    body = await read_body(request)
    query: bytes = request.scope["query_string"]
    again = "&".join(_encoded(pair) for pair in (query + b"&" + body).split(b"&"))
    return _see(f"{_PATH}?{again.strip('&')}")


@router.get("/oauth2/resume")
@leads_on
async def resume(flow: Flow, browser: AtBrowser, runtime: State) -> Response:
    """Go on with a request after the person did something."""
    return lead(await AuthorizationService(runtime).resume(flow, browser))


def lead(outcome: Outcome) -> Response:
    """Bring the browser to the step that is due, or back to the application."""
    if isinstance(outcome, Due):
        return go_on(_PAGES[outcome.step], outcome.flow)
    if isinstance(outcome, DeviceAnswered):
        return go_on(f"/done/device-{'connected' if outcome.is_approved else 'denied'}")
    if isinstance(outcome, Withheld):
        return render_withheld(outcome)
    return _to_client(outcome)


def _to_client(answer: Answer) -> Response:
    return render_form_post(answer) if answer.kind == "form" else _see(answer.url)


def _see(url: str) -> Response:
    """Answer 303, so that nothing is posted again (RFC 9700 §4.12)."""
    return Response(status_code=303, headers=OPENER | {"Location": url})


def _encoded(pair: bytes) -> str:
    """Return a parameter as it came, good or bad, in characters that an address has."""
    name, mark, value = pair.replace(b"+", b" ").partition(b"=")
    return (
        quote(unquote_to_bytes(name)) + mark.decode() + quote(unquote_to_bytes(value))
    )
