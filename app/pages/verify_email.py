"""Confirming an address, with the link or with the code."""

from fastapi import APIRouter, Response

from app.pages.dependencies import Db, LinkToken, Posted, State, open_link
from app.pages.form import validated
from app.pages.form_page import CODE, EMAIL, Form, FormPage
from app.schemas.auth import VerifyEmailRequest
from app.services.email_verification import EmailVerificationService
from app.services.one_time_token import Purpose

router = APIRouter(include_in_schema=False)
_PAGE = FormPage(
    "/verify-email",
    "Confirm your email address",
    "One click, or the code from the mail, shows that you read mail there. Do it only "
    "for an account that you made. If somebody else made it, ask for a new password "
    "at /forgot-password instead: that makes the account yours and ends their access.",
    (
        Form("Confirm address"),
        Form("Confirm with code", (EMAIL, CODE), by_link=False),
    ),
    "email-verified",
)


@router.get("/verify-email")
async def show_verify_email(token: LinkToken, runtime: State, db: Db) -> Response:
    """Ask for the click; without a link, for address and code."""
    if not token:
        return _PAGE.show({})
    return await open_link(_PAGE, Purpose.VERIFY_EMAIL, token, runtime, db)


@router.post("/verify-email")
async def submit_verify_email(values: Posted, runtime: State, db: Db) -> Response:
    """Confirm the address."""

    async def work() -> None:
        form = validated(VerifyEmailRequest, values)
        await _verify(EmailVerificationService(runtime.uow(db), runtime), form)

    return await _PAGE.submit(db, values, work)


async def _verify(service: EmailVerificationService, form: VerifyEmailRequest) -> None:
    """Take the way that the schema found to be the only one."""
    if form.token is not None:
        await service.with_token(form.token)
    else:
        await service.with_code(form.email or "", (form.code or "").strip())
