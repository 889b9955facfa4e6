"""``/not-me``: saying that a sign-in or a change was somebody else's."""

from fastapi import APIRouter, Response

from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.parts import texts
from app.pages.parts.dependencies import LinkToken, Posted
from app.pages.parts.flow import Flow
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import Form, FormPage, Link
from app.pages.parts.link_page import LinkPage
from app.pages.parts.request import AtPage
from app.schemas.auth import NotMeRequest
from app.services.accounts.password import PasswordService
from app.services.one_time.token import Purpose
from app.services.sign_in.not_me import NotMeService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_PAGE = LinkPage(
    FormPage(
        "/not-me",
        N_("Wasn't this you?"),
        N_(
            "With one click every device and application is signed out of your "
            "account, ways to sign in that were added since are removed, and the "
            "password stops working. We mail you a link to choose a new one."
        ),
        (Form(N_("This wasn't me: secure my account")),),
        closed=N_(
            "Open the link from the email that told you of it. If it does not work "
            "any more, choose another password."
        ),
    ),
    Purpose.NOT_ME,
    "not-me",
    Link(texts.CHANGE_PASSWORD, "/forgot-password"),
)


@router.get("/not-me")
async def show_not_me(token: LinkToken, flow: Flow, here: AtPage) -> Response:
    """Ask for the click: mail programs open links before people do."""
    return await _PAGE.open(token, flow, here)


@router.post("/not-me")
async def submit_not_me(values: Posted, here: AtPage) -> Response:
    """Stop the account."""
    runtime = here.runtime
    passwords = PasswordService(runtime)
    service = NotMeService(runtime.uow(here.db), runtime, passwords)

    async def work(fields: Values) -> None:
        await service.with_token(validated(NotMeRequest, fields).token)

    return await _PAGE.submit(values, here, work)
