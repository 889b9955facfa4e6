"""Making an account for oneself, at a browser."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.core.exceptions import AppError
from app.core.language import N_
from app.core.late.route import LateRoute
from app.models.user import User
from app.pages.parts import texts
from app.pages.parts.asked import asking, hinted_email, waiting_at
from app.pages.parts.browser import (
    AtBrowser,
    check_form,
    go_back_signed_in,
    is_of_before,
    show_page,
    typed,
)
from app.pages.parts.dependencies import Db, Posted, State
from app.pages.parts.flow import FLOW, Flow, checked_flow, go_on, with_flow
from app.pages.parts.form import Values
from app.pages.parts.form_page import (
    EMAIL,
    NAME,
    PASSWORD,
    Around,
    Form,
    FormPage,
    Link,
    note,
)
from app.pages.parts.new_password import validated_with_password
from app.pages.parts.way_back import links_if_over
from app.pages.sign_in.journey import go_away, going_for
from app.pages.sign_in.ways import buttons, hinted, leads_newcomer, waiting_notice
from app.schemas.base import Email, Input, Password, ShownText
from app.services.accounts.errors import EmailTaken
from app.services.accounts.password import PasswordService
from app.services.accounts.registration import RegistrationService
from app.services.oauth.begun_at import BegunAtService
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser, BrowserSessionService
from app.services.sign_in.password import SignInService
from app.services.sign_in.start import StartedSession

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_PATH, _TITLE = "/signup", texts.SIGN_UP
_OPEN = FormPage(
    _PATH,
    _TITLE,
    N_("One account for all applications that you sign in to here."),
    (Form(texts.SIGN_UP, (EMAIL, NAME, PASSWORD), by_link=False),),
)
_PAGES = {
    "open": _OPEN,
    "verified": _OPEN,
    "invite": FormPage(
        _PATH,
        _TITLE,
        closed=N_(
            "You need an invitation to create an account. Open the link in your "
            "invitation email, or ask an administrator to invite you."
        ),
    ),
    "closed": FormPage(
        _PATH,
        _TITLE,
        closed=N_("Accounts are created by an administrator. Ask one to create yours."),
    ),
}


class _SignUpForm(Input):
    email: Email
    name: ShownText | None = None
    password: Password


@router.get("/signup")
async def show_signup(flow: Flow, browser: AtBrowser, runtime: State) -> Response:
    """Ask for what an account needs, or say why there is no asking."""
    return await _show(browser, runtime, {}, flow)


@router.post("/signup")
async def submit_signup(
    values: Posted, request: Request, browser: AtBrowser, runtime: State, db: Db
) -> Response:
    """Make the account; who may use it at once is signed in.

    Where nobody is told whether the address had an account, and where a second factor
    is demanded, the mail comes first.
    """
    flow = checked_flow(values.get(FLOW, ""))
    fields = typed(values)
    uow = runtime.uow(db)
    service = RegistrationService(uow, runtime, PasswordService(runtime))
    try:
        if not is_of_before(browser, values, runtime):
            check_form(browser, values, runtime)
        if led := await leads_newcomer(runtime, browser, values.get("email", "")):
            waiting = await waiting_at(browser, flow, runtime)
            going = await going_for(
                waiting, flow if waiting else "", "", browser, runtime, values["email"]
            )
            return await go_away(led.name, going, request, browser, runtime)
        begun_at = await BegunAtService(runtime).waiting(flow, browser)
        form = validated_with_password(_SignUpForm, fields, runtime)
        user = await service.register(
            form.email, form.password, form.name, None, begun_at
        )
        await uow.commit()  # the session begins in a statement of its own
        started = await _begun(user, runtime)
        if started is None:
            return go_on("/done/registered", flow)
        joined = await BrowserSessionService(runtime).joined(browser, started)
    except AppError as error:
        await db.rollback()
        note(error)
        return await _show(browser, runtime, fields, flow, error)
    return go_back_signed_in(flow, joined, runtime)


async def _begun(user: User | None, runtime: Runtime) -> StartedSession | None:
    if user is None:
        return None
    return await SignInService(runtime).browser_registered(user)


async def _show(
    browser: Browser,
    runtime: Runtime,
    values: Values,
    flow: str,
    error: AppError | None = None,
) -> HTMLResponse:
    waiting = await waiting_at(browser, flow, runtime)
    email = values.get("email", hinted_email(waiting))
    kept = {"email": email, "name": values.get("name", "")}
    asked_flow, flow = flow, flow if waiting else ""
    back = await links_if_over(asked_flow, waiting, runtime)
    links = [*(back or ()), Link(texts.SIGN_IN_INSTEAD, with_flow("/signin", flow))]
    if isinstance(error, EmailTaken):
        links.append(Link(texts.FORGOT, with_flow("/forgot-password", flow)))
    notice = "" if back is None else texts.OVER_NOTICE
    if not notice:
        notice, address = await waiting_notice(browser, runtime)
        kept["email"] = email or address
    way = await hinted(waiting, runtime)
    page = _PAGES[runtime.settings.registration_mode]
    around = Around(
        flow=flow,
        notice=notice,
        links=links,
        application=asking(waiting),
        buttons=await buttons(runtime, way.name if way else ""),
    )
    return show_page(page, browser, runtime, kept, error, around)
