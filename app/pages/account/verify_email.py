"""Confirming an address, with the link or with the code."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.parts import texts
from app.pages.parts.dependencies import LinkToken, Posted
from app.pages.parts.flow import Flow
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import CODE, EMAIL, Form, FormPage, Link
from app.pages.parts.link_page import LinkPage
from app.pages.parts.request import AtPage
from app.schemas.auth import TypedCode
from app.schemas.base import Input, MailedToken
from app.services.accounts.email_verification import EmailVerificationService
from app.services.one_time.token import Purpose

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_PAGE = LinkPage(
    FormPage(
        "/verify-email",
        N_("Confirm your email address"),
        N_(
            "Confirm only if you created this account yourself. If somebody else did, "
            "do not confirm; reset the password instead: that makes the account yours "
            "and ends their access."
        ),
        (
            Form(N_("Confirm email address")),
            Form(N_("Confirm email address"), (EMAIL, CODE), by_link=False),
        ),
    ),
    Purpose.VERIFY_EMAIL,
    "email-verified",
    Link(texts.ANOTHER_MAIL, "/resend-verification"),
)


class _ByLink(Input):
    token: MailedToken


@router.get("/verify-email")
async def show_verify_email(token: LinkToken, flow: Flow, here: AtPage) -> Response:
    """Ask for the click; without a link, for address and code."""
    return await _PAGE.open(token, flow, here)


@router.post("/verify-email")
async def submit_verify_email(values: Posted, here: AtPage) -> Response:
    """Confirm the address."""
    service = EmailVerificationService(here.runtime.uow(here.db), here.runtime)

    async def work(fields: Values) -> UUID:
        if "token" in fields:
            return await service.with_token(validated(_ByLink, fields).token)
        form = validated(TypedCode, fields)
        return await service.with_code(form.email, form.digits)

    return await _PAGE.submit(values, here, work)
