"""The front door, what comes after a form, and the style sheet."""

from fastapi import APIRouter, Request, Response

from app.core.exceptions import AppError, NotFound
from app.pages.browser import AtBrowser, render_form
from app.pages.dependencies import State
from app.pages.dev_mailbox import is_open
from app.pages.flow import Flow, go_on, page_headers, with_flow
from app.pages.form_page import Link
from app.pages.render import STYLE, STYLE_TAG, render
from app.services.browser_session import Browser, BrowserAccount
from app.services.runtime import Runtime

router = APIRouter(include_in_schema=False)
# Fixed texts: a page that shows what its address says lends our name to anybody (T062).
_DONE = {
    "setup": ("Set-up is complete", "Sign in as the administrator now."),
    "registered": (
        "Look into your mailbox",
        "A mail is on its way. Confirm the address with it, and then sign in.",
    ),
    "email-verified": (
        "Your email address is confirmed",
        "You may close this page, or sign in.",
    ),
    "email-changed": (
        "Your new email address is confirmed",
        "Sign in with it from now on.",
    ),
    "mail-sent": (
        "Look into your mailbox",
        "If the address has an account, a mail is on its way.",
    ),
    "verification-sent": (
        "Look into your mailbox",
        "If the address waits for it, a mail that confirms it is on its way.",
    ),
    "password-reset": (
        "Your new password is set",
        "Every session has ended. Sign in with the new password.",
    ),
    "invitation-accepted": ("Your account is ready", "Sign in with your password."),
    "signed-out": (
        "You are signed out",
        "Other accounts that you use at this browser, if any, stay signed in.",
    ),
    "signed-out-of-all": (
        "You are signed out",
        "No account is signed in at this browser any more.",
    ),
}
_CODES = {  # where the code from the mail is typed by whoever cannot open its link
    "registered": "/verify-email",
    "verification-sent": "/verify-email",
    "mail-sent": "/reset-password",
}
_FOREVER = "public, max-age=31536000, immutable"


@router.get("/")
async def show_home(browser: AtBrowser, runtime: State) -> Response:
    """Say who is signed in; everybody else signs in first."""
    return render_home(browser, runtime)


def render_home(
    browser: Browser, runtime: Runtime, error: AppError | None = None
) -> Response:
    """Return the accounts of a browser, with buttons to use and to leave each.

    Where the session in use is over and others live, one of them is chosen first:
    nobody becomes somebody else because time passed.

    Args:
        browser: Whose accounts.
        runtime: The parts of the process.
        error: Why it is shown again.
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
        others=[each for each in browser.accounts if each != account],
        links=_links(account, runtime),
    )


def _links(account: BrowserAccount | None, runtime: Runtime) -> list[Link]:
    links = [
        Link("Sign in with another account", "/signin"),
        Link("Choose a new password", "/forgot-password"),
        Link("Error codes", "/docs/errors"),
    ]
    if account is not None:
        links.insert(0, Link("Applications that you allowed", "/applications"))
        links.insert(1, Link("Sign out", "/signout"))
    if runtime.settings.serves_docs:
        links.append(Link("Documentation of the API", "/docs"))
    if is_open(runtime):
        links.append(Link("Mails of this development server", "/dev/mailbox"))
    return links


@router.get("/done/{what}")
async def show_done(what: str, flow: Flow) -> Response:
    """Say that it worked."""
    if what not in _DONE:
        raise NotFound(hint="no such result")
    title, text = _DONE[what]
    links = [Link("Sign in", with_flow("/signin", flow))]
    if what in _CODES:
        links.append(Link("Type the code from the mail", _CODES[what]))
    headers = page_headers(flow)
    return render("message.html", headers=headers, title=title, text=text, links=links)


@router.get("/static/pages.css")
async def show_style(request: Request) -> Response:
    """Return the style sheet; an address with its fingerprint never changes."""
    known = request.query_params.get("v") == STYLE_TAG
    headers = {
        "Cache-Control": _FOREVER if known else "public, max-age=3600",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(STYLE, headers=headers, media_type="text/css; charset=utf-8")
