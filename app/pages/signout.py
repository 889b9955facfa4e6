"""Signing out of the account in use at a browser."""

from dataclasses import replace

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from app.core.exceptions import AppError
from app.pages.browser import AtBrowser, keep_accounts, refusal_of, show_page
from app.pages.dependencies import Posted, State
from app.pages.flow import go_on
from app.pages.form_page import Form, FormPage, Link
from app.pages.signed_out import render_signed_out
from app.services.browser_session import Browser, BrowserSessionService
from app.services.oauth_logout import OAuthLogoutService
from app.services.runtime import Runtime

router = APIRouter(include_in_schema=False)
_PAGE = FormPage("/signout", "Sign out", "", (Form("Sign out", by_link=False),))
_NOBODY = replace(_PAGE, forms=(), closed="Nobody is signed in at this browser.")


@router.get("/signout")
async def show_signout(browser: AtBrowser, runtime: State) -> Response:
    """Ask; a link that somebody follows must not sign them out."""
    return _show(browser, runtime)


@router.post("/signout")
async def submit_signout(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """End the session; other accounts of the browser stay.

    Where applications hear of it in frames, the page that has them comes at once.
    """
    if refusal := refusal_of(browser, values, runtime):
        return _show(browser, runtime, refusal)
    frames: tuple[str, ...] = ()
    if browser.current is not None:
        frames = await OAuthLogoutService(runtime).frames(browser.current)
    left = await BrowserSessionService(runtime).sign_out(browser)
    answer: Response = go_on("/done/signed-out")
    if frames:
        answer = render_signed_out(frames)
    keep_accounts(answer, left, runtime)
    # ASVS 14.3.1. Not "cookies": those of the other accounts would go too.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _show(
    browser: Browser, runtime: Runtime, error: AppError | None = None
) -> HTMLResponse:
    if browser.current is None:
        links = [Link("Sign in", "/signin")]
        return show_page(_NOBODY, browser, runtime, {}, error, links=links)
    page = replace(_PAGE, intro=f"You are signed in as {browser.current.email}.")
    links = [Link("Stay signed in", "/")]
    return show_page(page, browser, runtime, {}, error, links=links)
