"""Moving an account to another address, with the link that went there."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.parts.dependencies import LinkToken, Posted
from app.pages.parts.flow import Flow
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import Form, FormPage
from app.pages.parts.link_page import LinkPage
from app.pages.parts.request import AtPage
from app.schemas.base import Input, MailedToken
from app.services.accounts.email_change import EmailChangeService
from app.services.one_time.token import Purpose

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_PAGE = LinkPage(
    FormPage(
        "/confirm-email",
        N_("Confirm your new email address"),
        N_("With one click your account moves to the address that got the email."),
        (Form(N_("Confirm new email address")),),
        closed=N_(
            "Open the link from the email that was sent to the new address. If it "
            "does not work any more, ask for the change of address again."
        ),
    ),
    Purpose.CHANGE_EMAIL,
    "email-changed",
)


class _ByLink(Input):
    token: MailedToken


@router.get("/confirm-email")
async def show_confirm_email(token: LinkToken, flow: Flow, here: AtPage) -> Response:
    """Ask for the click."""
    return await _PAGE.open(token, flow, here)


@router.post("/confirm-email")
async def submit_confirm_email(values: Posted, here: AtPage) -> Response:
    """Move the account."""
    service = EmailChangeService(here.runtime.uow(here.db), here.runtime)

    async def work(fields: Values) -> UUID:
        return await service.with_token(validated(_ByLink, fields).token)

    return await _PAGE.submit(values, here, work)
