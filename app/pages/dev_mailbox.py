"""Mails in development: what would have been sent, and how each kind looks."""

import ipaddress
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from app.core.context import current
from app.core.exceptions import NotFound
from app.core.forwarded import came_through_proxy
from app.core.language import ENGLISH, known_language, languages
from app.core.late.route import LateRoute
from app.core.mailbox import KeptMail
from app.pages.parts.dependencies import State
from app.pages.parts.render import HEADERS, MAIL_CSP, render_for_developers
from app.services.mails.mail import Mail
from app.services.mails.preview import MailPreviewService
from app.services.server.runtime import Runtime


async def _refuse_strangers(request: Request, runtime: State) -> None:
    """Show mails to whoever sits at this machine, and to nobody else.

    The address keeps the network out where the server listens on all of them, the name
    keeps out web pages whose name somebody led to this machine (DNS rebinding). A proxy
    on this machine (a tunnel, a web server) has both: what it passes on is refused.
    """
    if not runtime.settings.keeps_mails:
        raise NotFound(hint="mails are sent here, not kept")
    if came_through_proxy(request.headers):
        raise NotFound(hint="the mailbox is not shown through a proxy")
    if not _is_loopback(current().ip):
        raise NotFound(hint="the mailbox is shown to this machine only")
    hosts = request.headers.getlist("host")
    name = _host_name(hosts[0]) if len(hosts) == 1 else None
    ours = runtime.settings.public_host
    if name is None or not (name in (ours, "localhost") or _is_loopback(name)):
        raise NotFound(hint="the mailbox is shown under the public URL or localhost")


router = APIRouter(
    include_in_schema=False,
    dependencies=[Depends(_refuse_strangers)],
    route_class=LateRoute,
)


@router.get("/dev/mailbox")
async def show_mailbox(runtime: State) -> Response:
    """List the mails, the newest first."""
    return render_for_developers("mailbox.html", mails=runtime.mailbox.list())


@router.get("/dev/mailbox/{mail_id}")
async def show_mail(mail_id: str, runtime: State) -> Response:
    """Show a mail as text."""
    return render_for_developers("mail.html", mail=_mail(runtime, mail_id))


@router.get("/dev/mailbox/{mail_id}/html")
async def show_mail_html(mail_id: str, runtime: State) -> Response:
    """Show a mail as mail programs do."""
    mail = _mail(runtime, mail_id)
    headers = HEADERS | {"Content-Security-Policy": MAIL_CSP}
    return HTMLResponse(mail.html, headers=headers)


@router.get("/dev/mails")
async def show_kinds(runtime: State, language: str = ENGLISH) -> Response:
    """List every kind of mail, in a language."""
    spoken = known_language(language) or ENGLISH
    mails = MailPreviewService.of(runtime)
    return render_for_developers(
        "mails.html",
        spoken=spoken,
        languages=languages().values(),
        mails={name: mails.show(name, spoken) for name in mails.names()},
    )


@router.get("/dev/mails/{name}")
async def show_kind(name: str, runtime: State, language: str = ENGLISH) -> Response:
    """Show a kind of mail as mail programs do."""
    html = _preview(runtime, name, language).page
    headers = HEADERS | {"Content-Security-Policy": MAIL_CSP}
    return HTMLResponse(html, headers=headers)


@router.get("/dev/mails/{name}/text")
async def show_kind_text(
    name: str, runtime: State, language: str = ENGLISH
) -> Response:
    """Show a kind of mail as text."""
    text = _preview(runtime, name, language).text
    return PlainTextResponse(text, headers=HEADERS)


def _preview(runtime: Runtime, name: str, language: str) -> Mail:
    try:
        return MailPreviewService.of(runtime).show(name, language)
    except KeyError:
        raise NotFound(hint="no such mail or language") from None


def _host_name(host: str) -> str | None:
    """Return the name in a ``Host`` field, without the port; None if there is none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _mail(runtime: Runtime, mail_id: str) -> KeptMail:
    try:
        mail = runtime.mailbox.by_id(UUID(mail_id))
    except ValueError:
        mail = None
    if mail is None:
        raise NotFound(hint="no such mail in this process")
    return mail
