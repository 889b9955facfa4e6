"""The pages of the demo application: before a sign-in, and with what it brought."""

from contextlib import suppress
from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Request, Response

from app.core import jose
from app.core.exceptions import NotFound
from app.core.late.route import LateRoute
from app.oauth.errors import InvalidRequest
from app.oauth.parameters import parse_form
from app.pages.demo import kept as cookie
from app.pages.demo.claims import explained
from app.pages.demo.sign_in import NOT_OURS, SCOPE, DemoSignIn, Failed
from app.pages.parts.browser import AtBrowser, check_form, keep_value, render_form
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import go_on
from app.services.clients.client import ClientExists
from app.services.clients.demo import CALLBACK, HOME, DemoClientService
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser, BrowserSessionService


async def _refuse_where_off(runtime: State) -> None:
    """Be nowhere in production, unless the operator wants it there."""
    if not runtime.settings.serves_demo:
        raise NotFound(hint="the demo application is off")


router = APIRouter(
    include_in_schema=False,
    dependencies=[Depends(_refuse_where_off)],
    route_class=LateRoute,
)


@router.get(HOME)
async def show_demo(request: Request, browser: AtBrowser, runtime: State) -> Response:
    """Show what the last sign-in brought, or offer one."""
    kept = _kept(request, browser, runtime)
    if "id_token" not in kept:
        return _welcome(browser, runtime)
    return await _tokens(kept, DemoSignIn(request, runtime), browser)


@router.post(f"{HOME}/signin")
async def begin(
    values: Posted, request: Request, browser: AtBrowser, runtime: State
) -> Response:
    """Send the browser to the service, as any application does."""
    check_form(browser, values, runtime)
    with suppress(ClientExists):  # somebody else was first
        async with runtime.unit_of_work() as uow:
            await DemoClientService(uow, runtime).ensure()
    bound = BrowserSessionService(runtime).with_value(browser)
    to, asked = await DemoSignIn(request, runtime).begin()
    answer = go_on(to)
    keep_value(answer, bound, browser, runtime)
    cookie.keep(answer, asked, bound, runtime)
    return answer


@router.get(CALLBACK)
async def finish(request: Request, browser: AtBrowser, runtime: State) -> Response:
    """Take what the service answered."""
    asked = _kept(request, browser, runtime)
    try:
        answer = parse_form(request.scope["query_string"])
        kept = await DemoSignIn(request, runtime).finish(answer, asked)
    except InvalidRequest:
        return _welcome(browser, runtime, Failed(NOT_OURS))
    except Failed as failure:
        return _welcome(browser, runtime, failure)
    return _keeping(kept, browser, runtime)


@router.post(f"{HOME}/refresh")
async def refresh(
    values: Posted, request: Request, browser: AtBrowser, runtime: State
) -> Response:
    """Ask for new tokens."""
    check_form(browser, values, runtime)
    kept = _kept(request, browser, runtime)
    if "id_token" not in kept:
        return go_on(HOME)
    try:
        kept = await DemoSignIn(request, runtime).refresh(kept)
    except Failed as failure:
        page = _welcome(browser, runtime, failure)
        cookie.keep(page, {}, browser, runtime)  # they are of no use any more
        return page
    return _keeping(kept, browser, runtime)


@router.post(f"{HOME}/signout")
async def leave(
    values: Posted, request: Request, browser: AtBrowser, runtime: State
) -> Response:
    """Forget the tokens, and sign out at the service."""
    check_form(browser, values, runtime)
    kept = _kept(request, browser, runtime)
    answer = go_on(await DemoSignIn(request, runtime).leave(kept))
    cookie.keep(answer, {}, browser, runtime)
    return answer


def _kept(request: Request, browser: Browser, runtime: Runtime) -> cookie.Kept:
    return cookie.read(request.headers.getlist("cookie"), browser, runtime)


def _keeping(kept: cookie.Kept, browser: Browser, runtime: Runtime) -> Response:
    answer = go_on(HOME)
    cookie.keep(answer, kept, browser, runtime)
    return answer


def _welcome(
    browser: Browser, runtime: Runtime, failure: Failed | None = None
) -> Response:
    page = render_form(
        "demo/welcome.html",
        browser,
        runtime,
        failure=failure,
        scope=SCOPE,
        site=runtime.settings.public_url,
    )
    if failure is not None:
        page.status_code = 400
    return page


async def _tokens(kept: cookie.Kept, demo: DemoSignIn, browser: Browser) -> Response:
    userinfo = await demo.userinfo(kept)
    id_token = jose.unverified_claims(kept["id_token"])
    return render_form(
        "demo/tokens.html",
        browser,
        demo.runtime,
        person=id_token.get("email")
        or userinfo.document.get("email")
        or id_token["sub"],
        raw=kept,
        header=jose.unverified_header(kept["id_token"]),
        id_token=explained(id_token),
        access_token=explained(jose.unverified_claims(kept["access_token"])),
        userinfo=explained(userinfo.document) if userinfo.status == 200 else None,
        expires_at=datetime.fromtimestamp(int(kept["expires_at"]), UTC),
        now=demo.runtime.clock.now(),
        refresh=kept["refresh_token"][:12],
    )
