"""The first administrator, with the link that the log prints."""

from fastapi import APIRouter, Response

from app.pages.dependencies import Db, LinkToken, Posted, State, open_link
from app.pages.form import validated
from app.pages.form_page import EMAIL, NEW_PASSWORD, Form, FormPage
from app.schemas.base import Email, Input, Password, Token
from app.services.one_time_token import Purpose
from app.services.password import PasswordService
from app.services.setup import SetupService

router = APIRouter(include_in_schema=False)
_PAGE = FormPage(
    "/setup",
    "Set-up",
    "Choose how the first administrator signs in.",
    (Form("Create administrator", (EMAIL, NEW_PASSWORD)),),
    "setup",
    # The same before and after: whether there is an administrator is not told here.
    closed="The first administrator is made with a one-time link, which the service "
    "prints when it starts without one. Where it runs, the command python -m app.cli "
    "setup link prints it again, or says that set-up is finished.",
)


class _SetupForm(Input):
    token: Token
    email: Email
    password: Password


@router.get("/setup")
async def show_setup(token: LinkToken, runtime: State, db: Db) -> Response:
    """Show the form to whoever holds the link, and an explanation to others."""
    if not token:
        return _PAGE.show({})
    return await open_link(_PAGE, Purpose.SETUP, token, runtime, db)


@router.post("/setup")
async def submit_setup(values: Posted, runtime: State, db: Db) -> Response:
    """Make the administrator."""

    async def work() -> None:
        form = validated(_SetupForm, values)
        service = SetupService(runtime.uow(db), runtime, PasswordService(runtime))
        await service.complete(form.token, form.email, form.password)

    return await _PAGE.submit(db, values, work)
