"""``/admin/start``: what a new installation still needs."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.language import N_, Message
from app.core.late.route import LateRoute
from app.pages.console.client_new import PATH as NEW_CLIENT
from app.pages.console.frame import AtConsole, Here
from app.pages.console.mails import became_of, send_test
from app.pages.console.sections import START
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values
from app.pages.parts.proof import submit
from app.services.server.checklist import ChecklistService

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of an item: messages, and the address where it is done."""

    title: Message
    todo: Message
    link: Message | None = None
    to: str = ""
    code: str = ""


WORDS: Mapping[str, Words] = {
    "public_url": Words(
        N_("Choose the public address"),
        N_(
            "It begins every link and is the name of this service for applications, so "
            "set it before the first one. It has to be https outside of this machine."
        ),
        code="AUTH_SERVE_PUBLIC_URL=https://auth.example.com",
    ),
    "mail": Words(
        N_("Let emails arrive"),
        N_("Name your mail server, then send a test email to yourself."),
        code="AUTH_SERVE_SMTP__URL=smtp://user:password@mail.example.com:587",
    ),
    "client": Words(
        N_("Add the first application"),
        N_("Register it, and copy its settings into any OpenID Connect library."),
        N_("Add an application"),
        NEW_CLIENT,
        "auth-serve client create --name Shop --redirect-uri URL",
    ),
    "second_factor": Words(
        N_("Protect your own account"),
        N_("Add a passkey or an authenticator app: an administrator opens all doors."),
        N_("Add a passkey"),
        "/account/passkeys",
    ),
    "backup": Words(
        N_("Back up"),
        N_(
            "Let a timer run this command, or your database's own backup: in that case "
            "dismiss this item. Keep the secret key elsewhere."
        ),
        code="auth-serve backup /backups/auth-serve.backup",
    ),
    "database": Words(
        N_("Move to PostgreSQL for production"),
        N_(
            "SQLite serves one process well. A backup of it can be restored into "
            "PostgreSQL."
        ),
        code="AUTH_SERVE_DATABASE_URL=postgresql://user:password@db/auth",
    ),
}


@router.get(START.path)
async def show_start(at: AtConsole, tested: str = "") -> Response:
    """Show what is done and what is not."""
    here = await at.enter(START)
    if isinstance(here, Response):
        return here
    return await _show(here, tested=tested)


@router.post(START.path)
async def submit_start(values: Posted, at: AtConsole) -> Response:
    """Dismiss an item or bring it back, or send the test mail."""
    here = await at.enter(START, permission=START.act)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        if not {"dismiss", "restore"} & values.keys():
            return await send_test(here, START.path)
        async with here.runtime.unit_of_work() as uow:
            checklist = ChecklistService(uow, here.runtime)
            if "dismiss" in values:
                await checklist.dismiss(values["dismiss"])
            else:
                await checklist.bring_back(values["restore"])
        return here.go(START.path)

    return await submit(here, values, work, _show)


async def _show(
    here: Here,
    error: AppError | None = None,
    _values: Values | None = None,
    tested: str = "",
) -> Response:
    async with here.runtime.unit_of_work(read_only=True) as uow:
        items = await ChecklistService(uow, here.runtime).items(here.account.user_id)
    return here.render(
        "console/start.html",
        error,
        items=items,
        left=sum(each.is_open for each in items),
        words=WORDS,
        may_change=here.actor.may(START.act),
        keeps_mails=here.runtime.settings.keeps_mails,
        has_demo=here.runtime.settings.serves_demo,
        tested=await became_of(tested, here),
    )
