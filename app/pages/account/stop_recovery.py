"""Stopping a recovery of lost factors, with the link of its mails."""

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
from app.schemas.auth import StopFactorRecovery
from app.services.factors.recovery import FactorRecoveryService
from app.services.one_time.token import Purpose

router = APIRouter(include_in_schema=False, route_class=LateRoute)
PATH = "/stop-recovery"
_PAGE = LinkPage(
    FormPage(
        PATH,
        N_("Keep your second factors"),
        N_(
            "Somebody who knows your password asked to remove the second factors of "
            "your account. If it was not you, stop it."
        ),
        (Form(N_("Stop it")),),
        closed=N_("Open this page with the link from the email."),
    ),
    Purpose.FACTOR_RECOVERY_STOP,
    "recovery-stopped",
    Link(texts.CHANGE_PASSWORD, "/forgot-password"),
)


@router.get(PATH)
async def show_stop_recovery(token: LinkToken, flow: Flow, here: AtPage) -> Response:
    """Ask for the click."""
    return await _PAGE.open(token, flow, here)


@router.post(PATH)
async def submit_stop_recovery(values: Posted, here: AtPage) -> Response:
    """Stop it."""
    service = FactorRecoveryService(here.runtime.uow(here.db), here.runtime)

    async def work(fields: Values) -> None:
        await service.stop(validated(StopFactorRecovery, fields).token)

    return await _PAGE.submit(values, here, work)
