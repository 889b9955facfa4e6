"""Asking again for the mail that confirms an address."""

from fastapi import APIRouter, Response

from app.pages.browser import typed
from app.pages.dependencies import Db, Posted, State
from app.pages.flow import FLOW, Flow, checked_flow
from app.pages.form import validated
from app.pages.form_page import EMAIL, Form, FormPage
from app.schemas.auth import EmailRequest
from app.services.email_verification import EmailVerificationService

router = APIRouter(include_in_schema=False)
_PAGE = FormPage(
    "/resend-verification",
    "Confirm your email address",
    "If the address has an account that waits for it, it gets the mail again.",
    (Form("Send mail", (EMAIL,), by_link=False),),
    "verification-sent",
)


@router.get("/resend-verification")
async def show_resend_verification(flow: Flow) -> Response:
    """Ask for the address."""
    return _PAGE.show({}, flow=flow)


@router.post("/resend-verification")
async def submit_resend_verification(
    values: Posted, runtime: State, db: Db
) -> Response:
    """Send the mail, if the account waits for it; the answer never says so."""
    flow = checked_flow(values.get(FLOW, ""))
    fields = typed(values)

    async def work() -> None:
        form = validated(EmailRequest, fields)
        service = EmailVerificationService(runtime.uow(db), runtime)
        await service.resend(form.email)

    return await _PAGE.submit(db, fields, work, flow=flow)
