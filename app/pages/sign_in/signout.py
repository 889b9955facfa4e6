"""Signing out of the account in use at a browser, of another one, or of all."""

from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from app.core.exceptions import AppError
from app.core.language import Message
from app.core.late.route import LateRoute
from app.pages.parts import texts
from app.pages.parts.browser import (
    AtBrowser,
    choosing,
    keep_accounts,
    refusal_of,
    show_page,
)
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import go_on
from app.pages.parts.form import Values
from app.pages.parts.form_page import Around, Form, FormPage, Link
from app.pages.sign_in.home import render_home
from app.pages.sign_in.signed_out import lead_out, render_signed_out
from app.services.oauth.sign_out.logout import OAuthLogoutService
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import (
    Browser,
    BrowserAccount,
    BrowserSessionService,
)

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_FORM = Form(texts.SIGN_OUT, by_link=False)
_PAGE = FormPage("/signout", texts.SIGN_OUT, forms=(_FORM,))
_ALL = "all"  # for ``account``
_NOBODY = replace(_PAGE, forms=(), closed=texts.NOBODY)


@router.get("/signout")
async def show_signout(browser: AtBrowser, runtime: State) -> Response:
    """Ask; a link that somebody follows must not sign them out."""
    return _show(browser, runtime)


@router.post("/signout")
async def submit_signout(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """End the session in use, or those that a button of the front door names.

    Other accounts of the browser stay. Where applications hear of it in frames, the
    page that has them comes at once; who stays signed in is led back to the list.
    """
    is_named = "account" in values
    if refusal := refusal_of(browser, values, runtime):
        if is_named:
            return await render_home(browser, runtime, refusal)
        return _show(browser, runtime, refusal)
    ending = _ending(browser, values)
    if is_named and not ending:
        return go_on("/")
    logouts, frames = OAuthLogoutService(runtime), list[str]()
    for each in ending:
        frames += await logouts.frames(each)
    left = await BrowserSessionService(runtime).sign_out_of(browser, ending)
    is_back = browser.current is not None and browser.current in left.accounts
    done = "signed-out-of-all" if values.get("account") == _ALL else "signed-out"
    path = "/" if is_back else f"/done/{done}"
    leading = await lead_out(ending, browser, runtime, tuple(frames), done=done)
    answer = leading or _lead(path, frames)
    keep_accounts(answer, left, runtime)
    # ASVS 14.3.1. Not "cookies": those of the other accounts would go too.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _lead(path: str, frames: Sequence[str]) -> Response:
    if not frames:
        return go_on(path)
    # Its own text is that of the page that it would lead to after a sign-out.
    back = path if path == "/" else None
    return render_signed_out(tuple(frames), redirect_url=back)


def _ending(browser: Browser, values: Values) -> tuple[BrowserAccount, ...]:
    """Return whom a form signs out.

    Where nobody is in use it is all or none: the cookie that is left would put the
    next one into use, whom nobody chose.
    """
    if values.get("account") == _ALL:
        return browser.accounts
    if browser.current is None:
        return ()
    if "account" not in values:
        return (browser.current,)
    named = choosing(browser, values)
    return (named.accounts[0],) if named else ()


def _show(
    browser: Browser, runtime: Runtime, error: AppError | None = None
) -> HTMLResponse:
    if browser.current is None:
        around = Around(links=[Link(texts.SIGN_IN, "/signin")])
        return show_page(_NOBODY, browser, runtime, {}, error, around)
    page = replace(_PAGE, intro=Message(texts.signed_in_as(browser.current.email)))
    around = Around(links=[Link(texts.STAY, "/")])
    return show_page(page, browser, runtime, {}, error, around)
