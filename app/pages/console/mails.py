"""``/admin/mails``: how each kind of mail looks, in each language."""

from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from app.core.exceptions import AppError, NotFound
from app.core.language import known_language, language, languages
from app.core.late.route import LateRoute
from app.models.outbox import OutboxMessage
from app.pages.console.frame import AtConsole, Here
from app.pages.console.sections import MAILS
from app.pages.parts.dependencies import Posted
from app.pages.parts.flow import go_on
from app.pages.parts.form import Values
from app.pages.parts.proof import submit
from app.pages.parts.render import HEADERS, MAIL_CSP
from app.services.mails.kind import KINDS
from app.services.mails.preview import MailPreviewService
from app.services.server.checklist import ChecklistService
from app.services.server.mail_test import MailTestService

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.get(MAILS.path)
async def list_mails(at: AtConsole, language: str = "", tested: str = "") -> Response:
    """List every kind by its subject, and say what became of a test."""
    here = await at.enter(MAILS)
    if isinstance(here, Response):
        return here
    return await _list(here, wanted=language, tested=tested)


@router.post(MAILS.path)
async def send_test_mail(values: Posted, at: AtConsole) -> Response:
    """Send a mail to whoever asks, on the way of all mails."""
    here = await at.enter(MAILS, permission=MAILS.act)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        return await send_test(here, MAILS.path)

    return await submit(here, values, work, _list)


async def send_test(here: Here, path: str) -> Response:
    """Send a test mail, and lead to the page that says what became of it.

    Raises:
        TooManyRequests: They asked too often.
    """
    async with here.runtime.unit_of_work() as uow:
        checklist = ChecklistService(uow, here.runtime)
        sent = await checklist.test_mail(here.account.user_id, here.account.email)
    return go_on(f"{path}?tested={sent}")


async def became_of(tested: str, here: Here) -> OutboxMessage | None:
    """Return the test mail of an address, if it is the visitor's own."""
    try:
        message_id = UUID(tested)
    except ValueError:
        return None
    async with here.runtime.unit_of_work(read_only=True) as uow:
        return await MailTestService(uow).of(message_id, here.account.email)


@router.get(f"{MAILS.path}/{{name}}")
async def show_mail(name: str, at: AtConsole, language: str = "") -> Response:
    """Show a kind of mail as text, and the way to its HTML."""
    here = await at.enter(MAILS, shown=_checked(name))
    if isinstance(here, Response):
        return here
    spoken = _spoken(language)
    mail = MailPreviewService.of(here.runtime).show(name, spoken)
    return here.render(
        "console/mail.html", mail=mail, name=name, spoken=languages()[spoken]
    )


@router.get(f"{MAILS.path}/{{name}}/html")
async def show_html(name: str, at: AtConsole, language: str = "") -> Response:
    """Show a kind of mail as mail programs do, in a page that may do nothing."""
    here = await at.enter(MAILS, shown=_checked(name))
    if isinstance(here, Response):
        return here
    mail = MailPreviewService.of(here.runtime).show(name, _spoken(language))
    return HTMLResponse(
        mail.page, headers=HEADERS | {"Content-Security-Policy": MAIL_CSP}
    )


async def _list(
    here: Here,
    error: AppError | None = None,
    _values: Values | None = None,
    wanted: str = "",
    tested: str = "",
) -> Response:
    spoken, mails = _spoken(wanted), MailPreviewService.of(here.runtime)
    return here.render(
        "console/mails.html",
        error,
        subjects=[(name, mails.subject(name, spoken)) for name in mails.names()],
        spoken=languages()[spoken],
        choices=[(each.tag, each.name) for each in languages().values()],
        may_send=here.actor.may(MAILS.act),
        tested=await became_of(tested, here),
        keeps_mails=here.runtime.settings.keeps_mails,
    )


def _spoken(wanted: str) -> str:
    """Return the language that was asked for, or else that of the page."""
    return known_language(wanted) or language()


def _checked(name: str) -> str:
    if name not in KINDS:
        raise NotFound(hint="no such mail")
    return name
