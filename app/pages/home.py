"""The front door, what comes after a form, and the style sheet."""

from fastapi import APIRouter, Request, Response

from app.core.exceptions import NotFound
from app.pages.dependencies import State
from app.pages.dev_mailbox import is_open
from app.pages.render import STYLE, STYLE_TAG, render

router = APIRouter()
# Fixed texts: a page that shows what its address says lends our name to anybody (T062).
_DONE = {
    "setup": (
        "Set-up is complete",
        "Sign in as the administrator now: with POST /api/v1/auth/login, or with "
        "Authorize at /docs where the service shows its API.",
    ),
    "email-verified": ("Your email address is confirmed", "You may close this page."),
    "email-changed": (
        "Your new email address is confirmed",
        "Sign in with it from now on.",
    ),
    "mail-sent": (
        "Look into your mailbox",
        "If the address has an account, a mail is on its way.",
    ),
    "password-reset": (
        "Your new password is set",
        "Every session has ended. Sign in with the new password.",
    ),
    "invitation-accepted": ("Your account is ready", "Sign in with your password."),
}
_FOREVER = "public, max-age=31536000, immutable"


@router.get("/")
async def show_home(runtime: State) -> Response:
    """Say what answers here."""
    return render(
        "home.html",
        serves_docs=runtime.settings.serves_docs,
        has_mailbox=is_open(runtime),
    )


@router.get("/done/{what}")
async def show_done(what: str) -> Response:
    """Say that it worked."""
    if what not in _DONE:
        raise NotFound(hint="no such result")
    title, text = _DONE[what]
    return render("message.html", title=title, text=text)


@router.get("/static/pages.css")
async def show_style(request: Request) -> Response:
    """Return the style sheet; an address with its fingerprint never changes."""
    known = request.query_params.get("v") == STYLE_TAG
    headers = {
        "Cache-Control": _FOREVER if known else "public, max-age=3600",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(STYLE, headers=headers, media_type="text/css; charset=utf-8")
