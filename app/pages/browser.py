"""The browser behind a request to a page, its cookies, and forms bound to it."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse

from app.pages.csrf import refuse_foreign_form
from app.pages.dependencies import State
from app.pages.render import render
from app.services.browser_session import Browser, BrowserSessionService
from app.services.runtime import Runtime

CSRF = "csrf"  # name of the hidden field


async def read_browser(request: Request, runtime: Runtime) -> Browser:
    """Return the browser and the accounts that are signed in there.

    The database is asked every time. `app/api` does the same with
    ``BrowserSessionService``; pages and API do not import each other.
    """
    fields = request.headers.getlist("cookie")
    return await BrowserSessionService(runtime).read(fields)


async def _browser(request: Request, runtime: State) -> Browser:
    return await read_browser(request, runtime)


AtBrowser = Annotated[Browser, Depends(_browser)]


def check_form(browser: Browser, values: Mapping[str, str], runtime: Runtime) -> None:
    """Refuse a form that was not made for this browser and the account in use there.

    Raises:
        ForeignForm: The token is missing, of another browser, or of another account.
    """
    expected = BrowserSessionService(runtime).form_token(browser)
    refuse_foreign_form(browser.value and expected, values.get(CSRF, ""))


def render_form(
    template: str,
    browser: Browser,
    runtime: Runtime,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Return a page with a form for this browser.

    The template gets ``csrf`` for its hidden field. A browser without a value gets one
    with the page.
    """
    bound, token = bind_form(browser, runtime)
    values[CSRF] = token
    page = render(template, status=status, headers=headers, **values)
    keep_value(page, bound, browser, runtime)
    return page


def bind_form(browser: Browser, runtime: Runtime) -> tuple[Browser, str]:
    """Return the browser with a value, and the token that its forms carry.

    Whoever renders by other means than ``render_form`` hands the answer to
    ``keep_value`` afterwards.
    """
    service = BrowserSessionService(runtime)
    bound = service.with_value(browser)
    return bound, service.form_token(bound)


def keep_value(
    response: Response, bound: Browser, before: Browser, runtime: Runtime
) -> None:
    """Set the browser's value where it is a new one."""
    if bound.value != before.value:
        _set(response, BrowserSessionService(runtime).value_cookie(bound))


def keep_accounts(response: Response, browser: Browser, runtime: Runtime) -> None:
    """Set the cookie to the accounts of a browser; without any it is deleted.

    Which accounts, and which one is in use, is said by ``Browser.using``, ``choosing``
    and ``without``.
    """
    _set(response, BrowserSessionService(runtime).session_cookie(browser))


def _set(response: Response, field: str) -> None:
    response.headers.append("Set-Cookie", field)
