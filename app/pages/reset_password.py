"""Choosing a new password with the link from a mail."""

from fastapi import APIRouter, Response

from app.pages.dependencies import Db, LinkToken, Posted, State, open_link
from app.pages.form import validated
from app.pages.form_page import CODE, EMAIL, NEW_PASSWORD, Form, FormPage
from app.schemas.auth import MailedProof
from app.schemas.base import Password
from app.services.one_time_token import Purpose
from app.services.password import PasswordService
from app.services.password_reset import PasswordResetService

router = APIRouter(include_in_schema=False)
_PAGE = FormPage(
    "/reset-password",
    "Choose a new password",
    "Every session of the account ends when the new password is set.",
    (
        Form("Set password", (NEW_PASSWORD,)),
        Form("Set password with code", (EMAIL, CODE, NEW_PASSWORD), by_link=False),
    ),
    "password-reset",
)


class _ResetForm(MailedProof):
    password: Password


@router.get("/reset-password")
async def show_reset_password(token: LinkToken, runtime: State, db: Db) -> Response:
    """Ask for the new password; without a link, for address and code too."""
    if not token:
        return _PAGE.show({})
    return await open_link(_PAGE, Purpose.RESET_PASSWORD, token, runtime, db)


@router.post("/reset-password")
async def submit_reset_password(values: Posted, runtime: State, db: Db) -> Response:
    """Set the new password."""

    async def work() -> None:
        form = validated(_ResetForm, values)
        passwords = PasswordService(runtime)
        service = PasswordResetService(runtime.uow(db), runtime, passwords)
        if form.token is not None:
            await service.with_token(form.token, form.password)
        else:
            await service.with_code(form.email or "", form.code or "", form.password)

    return await _PAGE.submit(db, values, work)
