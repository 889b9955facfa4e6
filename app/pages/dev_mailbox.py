"""What would have been mailed, in development without a mail server."""

from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from app.core.exceptions import NotFound
from app.core.mailbox import KeptMail
from app.pages.dependencies import State
from app.pages.render import HEADERS, render
from app.services.runtime import Runtime

router = APIRouter()
# The mail's own markup has its style inline, as mail programs want it; no script, no
# form and no frame can come with it.
_MAIL_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


def is_open(runtime: Runtime) -> bool:
    """Tell whether mails are shown: they hold links that work."""
    return runtime.settings.keeps_mails


@router.get("/dev/mailbox")
async def show_mailbox(runtime: State) -> Response:
    """List the mails, the newest first."""
    _refuse_if_closed(runtime)
    return render("mailbox.html", mails=runtime.mailbox.list())


@router.get("/dev/mailbox/{mail_id}")
async def show_mail(mail_id: str, runtime: State) -> Response:
    """Show a mail as text."""
    return render("mail.html", mail=_mail(runtime, mail_id))


@router.get("/dev/mailbox/{mail_id}/html")
async def show_mail_html(mail_id: str, runtime: State) -> Response:
    """Show a mail as mail programs do."""
    mail = _mail(runtime, mail_id)
    headers = HEADERS | {"Content-Security-Policy": _MAIL_CSP}
    return HTMLResponse(mail.html, headers=headers)


def _refuse_if_closed(runtime: Runtime) -> None:
    if not is_open(runtime):
        raise NotFound(hint="mails are sent here, not kept")


def _mail(runtime: Runtime, mail_id: str) -> KeptMail:
    _refuse_if_closed(runtime)
    try:
        mail = runtime.mailbox.by_id(UUID(mail_id))
    except ValueError:
        mail = None
    if mail is None:
        raise NotFound(hint="no such mail in this process")
    return mail
