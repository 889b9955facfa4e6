"""Asking for the mail that lets one choose a new password."""

from fastapi import APIRouter, Response

from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.parts import texts
from app.pages.parts.dependencies import Posted
from app.pages.parts.flow import Flow
from app.pages.parts.form_page import EMAIL, Form, FormPage
from app.pages.parts.mail_page import MailPage
from app.pages.parts.request import AtPage
from app.services.accounts.password import PasswordService
from app.services.accounts.password_reset import PasswordResetService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_PAGE = MailPage(
    FormPage(
        "/forgot-password",
        texts.FORGOT,
        N_("Enter your email address, and we will send you a link to reset it."),
        (Form(N_("Send reset link"), (EMAIL,), by_link=False),),
    ),
    "mail-sent",
)


@router.get("/forgot-password")
async def show_forgot_password(flow: Flow, here: AtPage) -> Response:
    """Ask for the address."""
    return await _PAGE.show({}, flow, here)


@router.post("/forgot-password")
async def submit_forgot_password(values: Posted, here: AtPage) -> Response:
    """Send the mail, if the address has an account; the page never says so."""
    runtime = here.runtime
    passwords = PasswordService(runtime)
    service = PasswordResetService(runtime.uow(here.db), runtime, passwords)
    return await _PAGE.submit(values, here, service.request)
