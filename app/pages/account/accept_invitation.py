"""Completing an account that an administrator made."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.parts.dependencies import LinkToken, Posted
from app.pages.parts.flow import Flow
from app.pages.parts.form import Values
from app.pages.parts.form_page import CODE, EMAIL, NAME, PASSWORD, Form, FormPage
from app.pages.parts.link_page import LinkPage
from app.pages.parts.new_password import validated_with_password
from app.pages.parts.request import AtPage
from app.schemas.auth import TypedCode
from app.schemas.base import Input, MailedToken, Password, ShownText
from app.services.accounts.invitation import InvitationService
from app.services.accounts.password import PasswordService
from app.services.one_time.token import Purpose

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_PAGE = LinkPage(
    FormPage(
        "/accept-invitation",
        N_("Accept your invitation"),
        N_("Choose a password to finish setting up your account."),
        (
            Form(N_("Accept invitation"), (NAME, PASSWORD)),
            Form(N_("Accept invitation"), (EMAIL, CODE, NAME, PASSWORD), by_link=False),
        ),
    ),
    Purpose.INVITATION,
    "invitation-accepted",
)


class _ByLink(Input):
    token: MailedToken
    name: ShownText | None = None
    password: Password


class _ByCode(TypedCode):
    name: ShownText | None = None
    password: Password


@router.get("/accept-invitation")
async def show_accept_invitation(
    token: LinkToken, flow: Flow, here: AtPage
) -> Response:
    """Ask for a password, and for a name if they like; or for the code too."""
    return await _PAGE.open(token, flow, here)


@router.post("/accept-invitation")
async def submit_accept_invitation(values: Posted, here: AtPage) -> Response:
    """Complete the account."""
    runtime = here.runtime
    passwords = PasswordService(runtime)
    service = InvitationService(runtime.uow(here.db), runtime, passwords)

    async def work(fields: Values) -> UUID:
        if "token" in fields:
            link = validated_with_password(_ByLink, fields, runtime)
            found = await service.find(link.token, None)
            await service.accept_found(found, link.password, link.name)
            return found
        form = validated_with_password(_ByCode, fields, runtime)
        found = await service.find(form.digits, form.email)
        await service.accept_found(found, form.password, form.name, email=form.email)
        return found

    return await _PAGE.submit(values, here, work)
