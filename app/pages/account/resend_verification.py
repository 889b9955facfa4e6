"""Asking again for the mail that confirms an address."""

from fastapi import APIRouter, Response

from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.parts.dependencies import Posted
from app.pages.parts.flow import Flow
from app.pages.parts.form_page import EMAIL, Form, FormPage
from app.pages.parts.mail_page import MailPage
from app.pages.parts.request import AtPage
from app.services.accounts.email_verification import EmailVerificationService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_PAGE = MailPage(
    FormPage(
        "/resend-verification",
        N_("Confirm your email address"),
        N_(
            "If this address has an account that is not confirmed yet, we will send "
            "the confirmation email again."
        ),
        (Form(N_("Send email"), (EMAIL,), by_link=False),),
    ),
    "verification-sent",
)


@router.get("/resend-verification")
async def show_resend_verification(flow: Flow, here: AtPage) -> Response:
    """Ask for the address."""
    return await _PAGE.show({}, flow, here)


@router.post("/resend-verification")
async def submit_resend_verification(values: Posted, here: AtPage) -> Response:
    """Send the mail, if the account waits for it; the answer never says so."""
    service = EmailVerificationService(here.runtime.uow(here.db), here.runtime)
    return await _PAGE.submit(values, here, service.resend)
