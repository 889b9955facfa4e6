"""``/oauth2/logout``: applications sign people out here, and get the browser back.

OIDC RP-Initiated Logout and Front-Channel Logout. Although its address is one of the
protocol's, it is a page: what comes of it is shown to people.
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.context import current
from app.core.exceptions import AppError, UnsupportedMediaType
from app.core.late.route import LateRoute
from app.oauth.errors import InvalidRequest
from app.oauth.parameters import Parameters, parse_form
from app.oauth.response_modes import Answer
from app.oauth.uri import encode
from app.pages.parts.browser import (
    AtBrowser,
    keep_accounts,
    refusal_of,
    render_form,
)
from app.pages.parts.csrf import CSRF, ForeignForm, refuse_cross_site
from app.pages.parts.dependencies import State
from app.pages.parts.render import render
from app.pages.parts.withheld import render_withheld
from app.pages.sign_in.signed_out import lead_out, render_signed_out
from app.services.oauth.redirect import Withheld
from app.services.oauth.sign_out.logout import Logout, OAuthLogoutService
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser

PATH = "/oauth2/logout"
_FORM = "application/x-www-form-urlencoded"
# ASVS 14.3.1. Not "cookies": those of other accounts here, and of applications on
# other hosts of the same domain, would go too.
_CLEAR = {"Clear-Site-Data": '"cache", "storage"'}

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.get(PATH)
async def show_logout(request: Request, browser: AtBrowser, runtime: State) -> Response:
    """Sign out who the application proves to know; ask everybody else first."""
    service = OAuthLogoutService(runtime)
    try:
        params = parse_form(request.scope["query_string"])
    except InvalidRequest as error:
        return await _malformed(error, service, browser)
    try:
        logout = await service.read(params, browser)
    except InvalidRequest as error:
        return _refused(error)
    if logout.must_ask:
        await service.end_named(logout)
        return _ask(params, logout, browser, runtime)
    return await _end(logout, browser, runtime, by_form=False)


@router.post(PATH)
async def submit_logout(
    request: Request, browser: AtBrowser, runtime: State
) -> Response:
    """Take the person's yes; whatever an application posts is asked as a GET is.

    Cookies are ``SameSite=Lax`` and do not come with another site's POST; they do with
    the GET that the browser is led to. A program, which says nothing of where its form
    comes from, is answered at once, and any cookie of it counts for nothing.
    """
    service = OAuthLogoutService(runtime)
    try:
        params = await _posted(request)
    except InvalidRequest as error:
        return await _malformed(error, service, browser)
    if CSRF not in params and not _is_browser(request):
        return await _by_program(params, runtime)
    if CSRF not in params:
        query = f"?{encode(params)}" if params else ""
        return RedirectResponse(f"{runtime.settings.public_url}{PATH}{query}", 303)
    refuse_cross_site(request)
    refusal = refusal_of(browser, params, runtime)
    try:
        logout = await service.read(params, browser)
    except InvalidRequest as error:
        return _refused(error)
    if refusal is not None:
        return _ask_again(params, logout, browser, runtime, refusal)
    return await _end(logout, browser, runtime, by_form=True)


def _is_browser(request: Request) -> bool:
    """Tell whether a form came from a browser: all of them send Origin (Fetch)."""
    return "origin" in request.headers or "sec-fetch-site" in request.headers


async def _by_program(params: Parameters, runtime: Runtime) -> Response:
    try:
        logout = await OAuthLogoutService(runtime).read(params, Browser())
    except InvalidRequest as error:
        return _refused(error)
    return await _end(logout, Browser(), runtime, by_form=False)


async def _posted(request: Request) -> Parameters:
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind.strip().casefold() != _FORM:
        raise UnsupportedMediaType(hint="not an HTML form")
    return parse_form(await request.body())


def _ask(
    params: Parameters,
    logout: Logout,
    browser: Browser,
    runtime: Runtime,
    error: AppError | None = None,
) -> Response:
    carried = {name: value for name, value in params.items() if name != CSRF}
    return render_form(
        "logout.html",
        browser,
        runtime,
        error=error,
        action=PATH,
        carried=carried,
        application=logout.client.client_name if logout.client else "",
        account=logout.account,
    )


def _ask_again(
    params: Parameters,
    logout: Logout,
    browser: Browser,
    runtime: Runtime,
    refusal: ForeignForm,
) -> Response:
    if logout.account is not None:
        return _ask(params, logout, browser, runtime, refusal)
    page = _signed_out(logout, ())  # as somebody wanted it; another tab was first
    page.status_code = refusal.status
    return page


async def _end(
    logout: Logout, browser: Browser, runtime: Runtime, *, by_form: bool
) -> Response:
    """End the session, and lead on: by a page if others are to hear of it in frames.

    After a form it is a page always. Browsers hold redirects after a form to the
    ``form-action`` of its page, however many follow, and where an application sends
    people from its address is not ours to know.
    """
    service = OAuthLogoutService(runtime)
    frames = await service.named_frames(logout)
    is_over = await service.end_named(logout)
    leading: Response | None = None
    if logout.account is not None:
        frames = tuple(dict.fromkeys((*frames, *await service.end(logout.account))))
        leading = await lead_out(
            [logout.account],
            browser,
            runtime,
            frames,
            redirect_url=logout.redirect_url,
            is_sent=logout.is_sent,
            application=logout.client.client_name if logout.client else "",
        )
    answer: Response
    if logout.account is None and logout.redirect_url and not logout.is_sent:
        way = Answer("redirect", logout.redirect_url)
        return render_withheld(Withheld(way, logout.redirect_url, ""))
    is_sent = logout.is_sent and not frames and not by_form
    if leading is not None:
        answer = leading
    elif logout.redirect_url is not None and is_sent:
        answer = RedirectResponse(logout.redirect_url, 303)
    else:
        answer = _signed_out(logout, frames, is_over=is_over)
    if logout.account is not None:
        answer.headers.update(_CLEAR)
        keep_accounts(answer, browser.without(logout.account), runtime)
    return answer


def _signed_out(
    logout: Logout, frames: tuple[str, ...], *, is_over: bool = True
) -> Response:
    name = logout.client.client_name if logout.client else ""
    return render_signed_out(
        frames,
        application=name,
        redirect_url=logout.redirect_url,
        is_sent=logout.is_sent,
        # Of the session at this browser more is known than of the one elsewhere.
        is_over=is_over or logout.account is not None,
        is_nobody=logout.account is None and logout.named is None,
    )


async def _malformed(
    error: InvalidRequest, service: OAuthLogoutService, browser: Browser
) -> Response:
    await service.remember(error, Parameters({}), browser)
    return _refused(error)


def _refused(error: InvalidRequest) -> Response:
    """Say why; where an application sends people is not followed without proof."""
    return render(
        "logout_refused.html",
        status=error.status,
        reason=error.description,
        correlation_id=current().correlation_id,
    )
