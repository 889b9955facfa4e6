"""The first administrator, with the link that the log prints."""

from fastapi import APIRouter, Response

from app.core.late.route import LateRoute
from app.pages.parts.dependencies import LinkToken, Posted
from app.pages.parts.flow import Flow
from app.pages.parts.form import Values
from app.pages.parts.form_page import EMAIL, PASSWORD, Form, FormPage
from app.pages.parts.link_page import LinkPage
from app.pages.parts.new_password import validated_with_password
from app.pages.parts.request import AtPage
from app.schemas.base import Email, Input, MailedToken, Password
from app.services.accounts.password import PasswordService
from app.services.one_time.token import Purpose
from app.services.server.setup import SetupService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_PAGE = LinkPage(
    FormPage(
        "/setup",
        "Set up Auth Serve",
        "Choose how the first administrator signs in.",
        (Form("Create administrator", (EMAIL, PASSWORD)),),
        # The same before and after: whether there is an administrator is not told here.
        closed="The first administrator is created with a one-time link. The service "
        "prints it when it starts without an administrator. Where it runs, the command "
        "auth-serve setup link prints it again or says that set-up is finished.",
    ),
    Purpose.SETUP,
    "setup",
)


class _ByLink(Input):
    token: MailedToken
    email: Email
    password: Password


@router.get("/setup")
async def show_setup(token: LinkToken, flow: Flow, here: AtPage) -> Response:
    """Show the form to whoever holds the link, and an explanation to others."""
    return await _PAGE.open(token, flow, here)


@router.post("/setup")
async def submit_setup(values: Posted, here: AtPage) -> Response:
    """Make the administrator."""
    runtime = here.runtime
    passwords = PasswordService(runtime)
    service = SetupService(runtime.uow(here.db), runtime, passwords)

    async def work(fields: Values) -> None:
        form = validated_with_password(_ByLink, fields, runtime)
        await service.complete(form.token, form.email, form.password)

    return await _PAGE.submit(values, here, work)
