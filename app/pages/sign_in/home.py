"""The front door."""

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.pages.parts import texts
from app.pages.parts.browser import AtBrowser, is_operator, pictures_at, render_form
from app.pages.parts.dependencies import State
from app.pages.parts.developers import developer_links
from app.pages.parts.flow import go_on
from app.pages.parts.form_page import Link
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser, BrowserAccount

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.get("/")
async def show_home(browser: AtBrowser, runtime: State) -> Response:
    """Say who is signed in; everybody else signs in first."""
    may_enter = await is_operator(browser.current, runtime)
    return await render_home(browser, runtime, may_enter=may_enter)


async def render_home(
    browser: Browser,
    runtime: Runtime,
    error: AppError | None = None,
    *,
    may_enter: bool = False,
) -> Response:
    """Return the accounts of a browser, with buttons to use and to leave each.

    Where the session in use is over and others live, one of them is chosen first:
    nobody becomes somebody else because time passed.

    Args:
        browser: Whose accounts.
        runtime: The parts of the process.
        error: Why it is shown again.
        may_enter: Whether the way to the console is shown.
    """
    account = browser.current
    if not browser.accounts:
        return go_on("/signin")
    return render_form(
        "home.html",
        browser,
        runtime,
        error=error,
        account=account,
        pictures=await pictures_at(browser, runtime),
        others=[each for each in browser.accounts if each != account],
        developers=developer_links(runtime),
        links=_links(account, may_enter),
    )


def _links(account: BrowserAccount | None, may_enter: bool) -> list[Link]:
    links = [
        Link(texts.OTHER_ACCOUNT, "/signin"),
        Link(texts.CHANGE_PASSWORD, "/forgot-password"),
    ]
    if account is not None:
        links.insert(0, Link(texts.ACCOUNT, "/account"))
        links.insert(1, Link(texts.APPLICATIONS, "/applications"))
        links.insert(2, Link(texts.SIGN_OUT, "/signout"))
    if may_enter:
        links.insert(0, Link(texts.CONSOLE, "/admin"))
    return links
