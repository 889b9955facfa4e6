"""Completing an account that an administrator made."""

from fastapi import APIRouter, Response

from app.pages.dependencies import Db, LinkToken, Posted, State, open_link
from app.pages.form import validated
from app.pages.form_page import CODE, EMAIL, NAME, NEW_PASSWORD, Form, FormPage
from app.schemas.auth import MailedProof
from app.schemas.base import Password, ShownText
from app.services.invitation import InvitationService
from app.services.one_time_token import Purpose
from app.services.password import PasswordService

router = APIRouter(include_in_schema=False)
_PAGE = FormPage(
    "/accept-invitation",
    "Accept the invitation",
    "Choose a password, and the account is yours.",
    (
        Form("Accept invitation", (NAME, NEW_PASSWORD)),
        Form("Accept with code", (EMAIL, CODE, NAME, NEW_PASSWORD), by_link=False),
    ),
    "invitation-accepted",
)


class _AcceptForm(MailedProof):
    name: ShownText | None = None
    password: Password


@router.get("/accept-invitation")
async def show_accept_invitation(token: LinkToken, runtime: State, db: Db) -> Response:
    """Ask for a password, and for a name if they like; or for the code too."""
    if not token:
        return _PAGE.show({})
    return await open_link(_PAGE, Purpose.INVITATION, token, runtime, db)


@router.post("/accept-invitation")
async def submit_accept_invitation(values: Posted, runtime: State, db: Db) -> Response:
    """Complete the account."""

    async def work() -> None:
        form = validated(_AcceptForm, values)
        passwords = PasswordService(runtime)
        service = InvitationService(runtime.uow(db), runtime, passwords)
        proof = form.token or form.code or ""
        await service.accept(proof, form.password, form.name, email=form.email)

    return await _PAGE.submit(db, values, work)
