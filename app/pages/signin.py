"""Signing in with a password, at a browser."""

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from app.core.exceptions import AppError
from app.pages.asked import asking, expected_email, waiting_at
from app.pages.browser import AtBrowser, check_form, go_back_signed_in, show_page, typed
from app.pages.dependencies import Posted, State
from app.pages.dev_mailbox import is_open
from app.pages.flow import FLOW, Flow, checked_flow, with_flow
from app.pages.form import Values, validated
from app.pages.form_page import (
    CURRENT_PASSWORD,
    EMAIL,
    Form,
    FormPage,
    Link,
    note,
)
from app.schemas.auth import LoginRequest
from app.services.browser_session import Browser, BrowserSessionService
from app.services.errors import EmailNotVerified
from app.services.runtime import Runtime

router = APIRouter(include_in_schema=False)
_PAGE = FormPage(
    "/signin",
    "Sign in",
    "",
    (Form("Sign in", (EMAIL, CURRENT_PASSWORD), by_link=False),),
)


@router.get("/signin")
async def show_signin(flow: Flow, browser: AtBrowser, runtime: State) -> Response:
    """Ask for address and password, also of somebody who is signed in already."""
    return await _show(browser, runtime, {}, flow)


@router.post("/signin")
async def submit_signin(values: Posted, browser: AtBrowser, runtime: State) -> Response:
    """Sign in, under a cookie value that did not exist before."""
    flow = checked_flow(values.get(FLOW, ""))
    fields = typed(values)
    try:
        check_form(browser, values, runtime)
        form = validated(LoginRequest, fields)
        service = BrowserSessionService(runtime)
        joined = await service.sign_in(browser, form.email, form.password)
    except AppError as error:
        note(error)
        return await _show(browser, runtime, fields, flow, error)
    return go_back_signed_in(flow, joined, runtime)


async def _show(
    browser: Browser,
    runtime: Runtime,
    values: Values,
    flow: str,
    error: AppError | None = None,
) -> HTMLResponse:
    waiting = await waiting_at(browser, flow, runtime)
    kept = {"email": values.get("email", expected_email(waiting))}
    links = _links(runtime, flow, error)
    return show_page(
        _PAGE,
        browser,
        runtime,
        kept,
        error,
        flow=flow,
        links=links,
        application=asking(waiting),
    )


def _links(runtime: Runtime, flow: str, error: AppError | None) -> list[Link]:
    links = [Link("Forgot your password?", with_flow("/forgot-password", flow))]
    if isinstance(error, EmailNotVerified):
        again = with_flow("/resend-verification", flow)
        links.insert(0, Link("Send the mail that confirms the address again", again))
    if runtime.settings.registration_mode in ("open", "verified"):
        links.append(Link("Make an account", with_flow("/signup", flow)))
    if is_open(runtime):  # whoever sits at this machine has just started the service
        links.append(Link("Mails of this development server", "/dev/mailbox"))
        if runtime.settings.serves_docs:
            links.append(Link("Documentation of the API", "/docs"))
    return links
