"""Moving an account to another address, with the link that went there."""

from fastapi import APIRouter, Response

from app.pages.dependencies import Db, LinkToken, Posted, State, open_link
from app.pages.form import validated
from app.pages.form_page import Form, FormPage
from app.schemas.base import Input, Token
from app.services.email_change import EmailChangeService
from app.services.one_time_token import Purpose

router = APIRouter(include_in_schema=False)
_PAGE = FormPage(
    "/confirm-email",
    "Confirm your new email address",
    "One click, and your account moves to the address that got the mail.",
    (Form("Confirm new address"),),
    "email-changed",
    closed="Open the link from the mail to the new address. If it does not work any "
    "more, ask for the change of address again where you did so before.",
)


class _ConfirmForm(Input):
    token: Token


@router.get("/confirm-email")
async def show_confirm_email(token: LinkToken, runtime: State, db: Db) -> Response:
    """Ask for the click."""
    if not token:
        return _PAGE.show({})
    return await open_link(_PAGE, Purpose.CHANGE_EMAIL, token, runtime, db)


@router.post("/confirm-email")
async def submit_confirm_email(values: Posted, runtime: State, db: Db) -> Response:
    """Move the account."""

    async def work() -> None:
        form = validated(_ConfirmForm, values)
        await EmailChangeService(runtime.uow(db), runtime).with_token(form.token)

    return await _PAGE.submit(db, values, work)
