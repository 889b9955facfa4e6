"""Asking for the mail that lets one choose a new password."""

from fastapi import APIRouter, Response

from app.pages.browser import typed
from app.pages.dependencies import Db, Posted, State
from app.pages.flow import FLOW, Flow, checked_flow
from app.pages.form import validated
from app.pages.form_page import EMAIL, Form, FormPage
from app.schemas.auth import EmailRequest
from app.services.password import PasswordService
from app.services.password_reset import PasswordResetService

router = APIRouter(include_in_schema=False)
_PAGE = FormPage(
    "/forgot-password",
    "Forgot your password?",
    "We send you a mail that lets you choose a new one.",
    (Form("Send mail", (EMAIL,), by_link=False),),
    "mail-sent",
)


@router.get("/forgot-password")
async def show_forgot_password(flow: Flow) -> Response:
    """Ask for the address."""
    return _PAGE.show({}, flow=flow)


@router.post("/forgot-password")
async def submit_forgot_password(values: Posted, runtime: State, db: Db) -> Response:
    """Send the mail, if the address has an account; the page never says so."""
    flow = checked_flow(values.get(FLOW, ""))
    fields = typed(values)

    async def work() -> None:
        form = validated(EmailRequest, fields)
        passwords = PasswordService(runtime)
        service = PasswordResetService(runtime.uow(db), runtime, passwords)
        await service.request(form.email)

    return await _PAGE.submit(db, fields, work, flow=flow)
