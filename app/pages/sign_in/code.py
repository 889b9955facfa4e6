"""Signing in with a code from a mail, at the browser that asked for it."""

from fastapi import APIRouter, Request, Response

from app.core.exceptions import AppError
from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.parts import texts
from app.pages.parts.asked import asking, expected_email, waiting_at
from app.pages.parts.browser import (
    ask_second_step,
    check_form,
    go_back_signed_in,
    is_of_before,
    show_page,
    typed,
)
from app.pages.parts.dependencies import Posted
from app.pages.parts.flow import FLOW, Flow, checked_flow, with_flow
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import CODE, EMAIL, Around, Form, FormPage, Link, note
from app.pages.parts.request import AtPage, Here
from app.pages.sign_in.journey import go_away, going_for
from app.pages.sign_in.ways import sole_leading
from app.schemas.auth import EmailRequest, TypedCode
from app.services.sign_in.browser_session import BrowserSessionService, held_by
from app.services.sign_in.email_code import EmailCodeService
from app.services.sign_in.errors import MfaRequired

router = APIRouter(include_in_schema=False, route_class=LateRoute)
PATH = "/signin/code"
_ASK = FormPage(
    PATH,
    texts.EMAIL_CODE,
    N_("Enter your email address, and we will send you a code."),
    (Form(N_("Send code"), (EMAIL,), by_link=False),),
)
_TYPE = FormPage(
    PATH, texts.EMAIL_CODE, forms=(Form(texts.SIGN_IN, (EMAIL, CODE), by_link=False),)
)
_OFF = FormPage(
    PATH, texts.EMAIL_CODE, closed=N_("Codes by email are switched off here.")
)


@router.get(PATH)
async def show_code(flow: Flow, here: AtPage) -> Response:
    """Ask for the address."""
    return await _show({}, flow, here)


@router.post(PATH)
async def submit_code(values: Posted, request: Request, here: AtPage) -> Response:
    """Send a code, or sign in with it."""
    flow, fields = checked_flow(values.get(FLOW, "")), typed(values)
    service = EmailCodeService(here.runtime.uow(here.db), here.runtime)
    try:
        if not is_of_before(here.browser, values, here.runtime):
            check_form(here.browser, values, here.runtime)
        email = fields.get("email", "")
        if led := await sole_leading(here.runtime, here.browser, email):
            waiting = await waiting_at(here.browser, flow, here.runtime)
            flow = flow if waiting else ""
            going = await going_for(
                waiting, flow, "", here.browser, here.runtime, email
            )
            return await go_away(led.name, going, request, here.browser, here.runtime)
        if "code" not in fields:
            await service.request(validated(EmailRequest, fields).email)
            return await _show(fields, flow, here, is_sent=True)
        return await _sign_in(validated(TypedCode, fields), flow, service, here)
    except MfaRequired as required:
        return ask_second_step(flow, required, here.runtime)
    except AppError as error:
        await here.db.rollback()
        note(error)
        return await _show(fields, flow, here, error, is_sent="code" in fields)


async def _sign_in(
    form: TypedCode, flow: str, service: EmailCodeService, here: Here
) -> Response:
    browser = here.browser
    begun = await service.browser_verify(
        form.email, form.digits, held_by(browser), browser.remembered
    )
    joined = await BrowserSessionService(here.runtime).joined(browser, begun)
    return go_back_signed_in(flow, joined, here.runtime)


async def _show(
    values: Values,
    flow: str,
    here: Here,
    error: AppError | None = None,
    *,
    is_sent: bool = False,
) -> Response:
    """Ask for the address, or once a code was sent, which is never certain, for it."""
    waiting = await waiting_at(here.browser, flow, here.runtime)
    flow = flow if waiting else ""
    links = [Link(texts.WITH_PASSWORD, with_flow("/signin", flow))]
    if is_sent:
        links.insert(0, Link(texts.ANOTHER_CODE, with_flow(PATH, flow)))
    around = Around(
        flow=flow,
        notice=texts.CODE_SENT if is_sent and error is None else "",
        links=links,
        application=asking(waiting),
        leaves=await here.runtime.connections.has_leaders(),
    )
    page = _TYPE if is_sent else _ASK
    if not here.runtime.settings.email_code.enabled:
        page = _OFF
    kept = {"email": values.get("email", expected_email(waiting))}
    return show_page(page, here.browser, here.runtime, kept, error, around)
