"""The end of a recovery: every second factor is removed, with link and password."""

from fastapi import APIRouter, Response

from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.parts.dependencies import LinkToken, Posted
from app.pages.parts.flow import Flow
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import CURRENT_PASSWORD, Form, FormPage
from app.pages.parts.link_page import LinkPage
from app.pages.parts.request import AtPage
from app.schemas.auth import FinishFactorRecovery
from app.services.factors.recovery import FactorRecoveryService
from app.services.one_time.token import Purpose

router = APIRouter(include_in_schema=False, route_class=LateRoute)
PATH = "/recover-factors"
_PAGE = LinkPage(
    FormPage(
        PATH,
        N_("Remove your second factors"),
        N_(
            "Passkeys, authenticator app and recovery codes are removed, and you are "
            "signed out everywhere. Then your password signs in, and you can set up "
            "new ones."
        ),
        (Form(N_("Remove them"), (CURRENT_PASSWORD,)),),
        closed=N_("Open this page with the link from the email."),
    ),
    Purpose.FACTOR_RECOVERY,
    "factors-recovered",
)


@router.get(PATH)
async def show_recover_factors(token: LinkToken, flow: Flow, here: AtPage) -> Response:
    """Ask for the password."""
    return await _PAGE.open(token, flow, here)


@router.post(PATH)
async def submit_recover_factors(values: Posted, here: AtPage) -> Response:
    """Remove them."""
    service = FactorRecoveryService(here.runtime.uow(here.db), here.runtime)

    async def work(fields: Values) -> None:
        form = validated(FinishFactorRecovery, fields)
        await service.finish(form.token, form.password)

    return await _PAGE.submit(values, here, work)
