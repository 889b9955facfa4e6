"""The browser behind a request to a page, its cookies, and forms bound to it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.core.exceptions import AppError
from app.pages.parts.csrf import CSRF, ForeignForm, refuse_foreign_form
from app.pages.parts.dependencies import State
from app.pages.parts.flow import (
    EXPIRING_PATH,
    FLOW,
    LINK_PATH,
    TO,
    WAY,
    go_back,
    go_on,
    onward,
    with_section,
)
from app.pages.parts.form import PROOF, Values
from app.pages.parts.form_page import USERNAME, Around, FormPage, note
from app.pages.parts.render import render
from app.policies.permission import Actor
from app.services.accounts.picture import PictureService
from app.services.server.runtime import Runtime
from app.services.sessions.authentication import AuthenticationService
from app.services.sign_in.browser_session import (
    Browser,
    BrowserAccount,
    BrowserSessionService,
)
from app.services.sign_in.errors import MfaRequired
from app.services.sign_in.known_device import KnownDeviceService
from app.services.sign_in.remembered_device import RememberedDeviceService
from app.services.sign_in.second_step import step_cookie

if TYPE_CHECKING:
    from app.services.upstreams.expiring import Expiring

SECOND_STEP, LOST = "/signin/verify", "/signin/lost"


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


def actor_of(account: BrowserAccount) -> Actor:
    """Return who acts in the session of an account; permissions are asked for apart."""
    return Actor(
        user_id=account.user_id,
        session_id=account.session_id,
        authenticated_at=account.authenticated_at,
        roles=(),
    )


async def is_operator(account: BrowserAccount | None, runtime: Runtime) -> bool:
    """Tell whether somebody may enter the console, perhaps with a second factor."""
    if account is None:
        return False
    rights = await AuthenticationService(runtime).rights_of(actor_of(account))
    return bool(rights.with_two_factors)


async def pictures_at(browser: Browser, runtime: Runtime) -> dict[UUID, str]:
    """Return where the pictures of the accounts at a browser are, at our own origin."""
    if not browser.accounts:
        return {}
    async with runtime.unit_of_work(read_only=True) as uow:
        pictures = PictureService(uow, runtime)
        return await pictures.paths_of([each.user_id for each in browser.accounts])


def typed(values: Values) -> Values:
    """Return what people typed into a form, without what the page put there."""
    ours = (CSRF, FLOW, TO, WAY, USERNAME, PROOF)
    return {name: text for name, text in values.items() if name not in ours}


def check_form(browser: Browser, values: Values, runtime: Runtime) -> None:
    """Refuse a form that was not made for this browser and the account in use there.

    Raises:
        ForeignForm: The token is missing, of another browser, or of another account.
    """
    sent = values.get(CSRF, "")
    is_ours = BrowserSessionService(runtime).is_form_token(sent, browser)
    refuse_foreign_form(is_ours, sent)


def is_of_before(browser: Browser, values: Values, runtime: Runtime) -> bool:
    """Tell whether a form was made for this browser while nobody was signed in there.

    Signing in and up are good for whoever comes: that somebody did so in another tab
    meanwhile is no reason to have everything typed again.
    """
    if not browser.value or browser.current is None:
        return False
    nobody = replace(browser, current=None)
    return BrowserSessionService(runtime).is_form_token(values.get(CSRF, ""), nobody)


def refusal_of(
    browser: Browser, values: Values, runtime: Runtime
) -> ForeignForm | None:
    """Return what ``check_form`` would raise, for pages that are shown again with it.

    The log learns the reason.
    """
    try:
        check_form(browser, values, runtime)
    except ForeignForm as error:
        note(error)
        return error
    return None


def choosing(browser: Browser, values: Values) -> Browser | None:
    """Return the browser with the account of a form in use; None if it is not here."""
    try:
        return browser.choosing(UUID(hex=values.get("account", "")))
    except ValueError:
        return None


def bind_form(browser: Browser, runtime: Runtime) -> tuple[Browser, str]:
    """Return the browser with a value, and the token that its forms carry.

    Whoever renders by other means than the two functions below hands the answer to
    ``keep_value`` afterwards.
    """
    service = BrowserSessionService(runtime)
    bound = service.with_value(browser)
    return bound, service.form_token(bound)


def render_form(
    template: str,
    browser: Browser,
    runtime: Runtime,
    *,
    error: AppError | None = None,
    **values: Any,
) -> HTMLResponse:
    """Return a page with a form for this browser.

    Args:
        template: Gets ``csrf`` for its hidden field.
        browser: Gets a value with the page, if it has none.
        runtime: The parts of the process.
        error: Why it is shown again; decides about the status.
        **values: As ``render`` takes them, ``headers`` included. Give
            ``headers=page_headers(flow)`` on the way of an application's request.
    """
    bound, token = bind_form(browser, runtime)
    status = error.status if error else 200
    page = render(template, status=status, csrf=token, error=error, **values)
    keep_value(page, bound, browser, runtime)
    return page


def show_page(
    page: FormPage,
    browser: Browser,
    runtime: Runtime,
    values: Values,
    error: AppError | None = None,
    around: Around = Around(),  # noqa: B008 - frozen
) -> HTMLResponse:
    """Return a ``FormPage`` whose forms are bound to this browser.

    Args:
        page: Which.
        browser: Gets a value with the page, if it has none.
        runtime: The parts of the process.
        values: What was typed before.
        error: Why it is shown again.
        around: What stands around its forms.
    """
    bound, token = bind_form(browser, runtime)
    minimum = runtime.settings.password.min_length
    nonce = runtime.randomness.token() if around.passkey else ""
    around = replace(around, csrf=token, minimum=minimum, nonce=nonce)
    answer = page.show(values, error, around)
    keep_value(answer, bound, browser, runtime)
    return answer


def keep_value(
    response: Response, bound: Browser, before: Browser, runtime: Runtime
) -> None:
    """Set the browser's value where it is a new one, and cookies of an old key anew."""
    if bound.value != before.value:
        _set(response, BrowserSessionService(runtime).value_cookie(bound))
    if before.is_stale:
        keep_accounts(response, before, runtime)
        if before.remembered:
            keep_remembered(response, before, runtime)


def keep_accounts(response: Response, browser: Browser, runtime: Runtime) -> None:
    """Set the cookie to the accounts of a browser; without any it is deleted.

    Which accounts, and which one is in use, is said by ``Browser.using``, ``choosing``
    and ``without``.
    """
    _set(response, BrowserSessionService(runtime).session_cookie(browser))


def keep_device(response: Response, runtime: Runtime) -> None:
    """Set the cookie by which the account of a sign-in knows this browser again."""
    if field := KnownDeviceService(runtime).cookie():
        _set(response, field)


def go_back_signed_in(
    flow: str, browser: Browser, runtime: Runtime, section: str = ""
) -> Response:
    """Lead to where somebody wanted to go who just signed in at this browser."""
    answer = go_back(flow, section)
    if browser.link:  # whoever came from elsewhere proved the account just now
        answer = go_on(LINK_PATH if flow else with_section(LINK_PATH, section), flow)
    elif browser.expiring:
        answer = go_on(onward(EXPIRING_PATH, flow, section))
    keep_accounts(answer, browser, runtime)
    keep_device(answer, runtime)
    return answer


def keep_link(response: Response, runtime: Runtime, secret: str = "") -> None:
    """Keep at a browser who is to prove an account there, or forget it."""
    from app.services.upstreams.link import link_cookie  # few come from elsewhere

    _set(response, link_cookie(runtime, secret))


def keep_expiring(
    response: Response, runtime: Runtime, told: "Expiring | None" = None
) -> None:
    """Keep at a browser what its owner is to be told of a password, or forget it."""
    from app.services.upstreams.expiring import expiring_cookie  # as above

    _set(response, expiring_cookie(runtime, told))


def ask_second_step(
    flow: str, required: MfaRequired, runtime: Runtime, section: str = ""
) -> RedirectResponse:
    """Lead to the second step, which knows by a cookie what it is the second one of."""
    path = SECOND_STEP if flow else with_section(SECOND_STEP, section)
    answer = go_on(path, flow)
    _set(answer, step_cookie(runtime, required.mfa_token))
    return answer


def end_step(response: Response, runtime: Runtime) -> None:
    """Forget the sign-in that waited for a second step at a browser."""
    _set(response, step_cookie(runtime))


def begin_anew(flow: str, runtime: Runtime, section: str) -> RedirectResponse:
    """Lead to the first step; what waited for a second one at a browser is over."""
    answer = go_on("/signin" if flow else with_section("/signin", section), flow)
    end_step(answer, runtime)
    return answer


def keep_remembered(response: Response, browser: Browser, runtime: Runtime) -> None:
    """Set the cookie that excuses a browser from the second step."""
    _set(response, RememberedDeviceService(runtime).cookie(browser.remembered))


def _set(response: Response, field: str) -> None:
    response.headers.append("Set-Cookie", field)
