"""Choosing a new password with the link or the code from a mail."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.parts import texts
from app.pages.parts.dependencies import LinkToken, Posted
from app.pages.parts.flow import Flow
from app.pages.parts.form import Values
from app.pages.parts.form_page import CODE, EMAIL, NEW_PASSWORD, Form, FormPage, Link
from app.pages.parts.link_page import LinkPage
from app.pages.parts.new_password import validated_with_password
from app.pages.parts.request import AtPage
from app.schemas.auth import TypedCode
from app.schemas.base import Input, MailedToken, Password
from app.services.accounts.password import PasswordService
from app.services.accounts.password_reset import PasswordResetService
from app.services.one_time.token import Purpose

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_PAGE = LinkPage(
    FormPage(
        "/reset-password",
        N_("Reset your password"),
        N_("You will be signed out everywhere when the new password is set."),
        (
            Form(N_("Set new password"), (NEW_PASSWORD,)),
            Form(N_("Set new password"), (EMAIL, CODE, NEW_PASSWORD), by_link=False),
        ),
    ),
    Purpose.RESET_PASSWORD,
    "password-reset",
    Link(texts.ANOTHER_LINK, "/forgot-password"),
)


class _ByLink(Input):
    token: MailedToken
    password: Password


class _ByCode(TypedCode):
    password: Password


@router.get("/reset-password")
async def show_reset_password(token: LinkToken, flow: Flow, here: AtPage) -> Response:
    """Ask for the new password; without a link, for address and code too."""
    return await _PAGE.open(token, flow, here)


@router.post("/reset-password")
async def submit_reset_password(values: Posted, here: AtPage) -> Response:
    """Set the new password."""
    runtime = here.runtime
    passwords = PasswordService(runtime)
    service = PasswordResetService(runtime.uow(here.db), runtime, passwords)

    async def work(fields: Values) -> UUID:
        if "token" in fields:
            link = validated_with_password(_ByLink, fields, runtime)
            return await service.with_token(link.token, link.password)
        form = validated_with_password(_ByCode, fields, runtime)
        return await service.with_code(form.email, form.digits, form.password)

    return await _PAGE.submit(values, here, work)
