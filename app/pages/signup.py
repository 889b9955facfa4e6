"""Making an account for oneself, at a browser."""

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from app.core.exceptions import AppError
from app.pages.asked import asking, hinted_email, waiting_at
from app.pages.browser import AtBrowser, check_form, go_back_signed_in, show_page, typed
from app.pages.dependencies import Db, Posted, State
from app.pages.flow import FLOW, Flow, checked_flow, go_on, with_flow
from app.pages.form import Values, validated
from app.pages.form_page import (
    EMAIL,
    NAME,
    NEW_PASSWORD,
    Form,
    FormPage,
    Link,
    note,
)
from app.schemas.base import Email, Input, Password, ShownText
from app.services.browser_session import Browser, BrowserSessionService
from app.services.password import PasswordService
from app.services.registration import RegistrationService
from app.services.runtime import Runtime

router = APIRouter(include_in_schema=False)
_PATH, _TITLE = "/signup", "Make an account"
_OPEN = FormPage(
    _PATH,
    _TITLE,
    "One account for every application that signs people in here.",
    (Form("Make account", (EMAIL, NAME, NEW_PASSWORD), by_link=False),),
)
_PAGES = {
    "open": _OPEN,
    "verified": _OPEN,
    "invite": FormPage(
        _PATH,
        _TITLE,
        "",
        (),
        closed="An account here needs an invitation. Open the link from the mail with "
        "yours, or ask whoever runs this service to invite you.",
    ),
    "closed": FormPage(
        _PATH,
        _TITLE,
        "",
        (),
        closed="Nobody can make an account here for themselves. Ask whoever runs this "
        "service for one.",
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
    values: Posted, browser: AtBrowser, runtime: State, db: Db
) -> Response:
    """Make the account; who may use it at once is signed in."""
    flow = checked_flow(values.get(FLOW, ""))
    fields = typed(values)
    uow = runtime.uow(db)
    service = RegistrationService(uow, runtime, PasswordService(runtime))
    try:
        check_form(browser, values, runtime)
        form = validated(_SignUpForm, fields)
        user = await service.register(form.email, form.password, form.name, None)
        if user is None:  # nobody is told whether the address had an account
            return go_on("/done/registered", flow)
        await uow.commit()  # the session begins in a statement of its own
        joined = await BrowserSessionService(runtime).registered(browser, user)
    except AppError as error:
        await db.rollback()
        note(error)
        return await _show(browser, runtime, fields, flow, error)
    return go_back_signed_in(flow, joined, runtime)


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
    links = [Link("Sign in instead", with_flow("/signin", flow))]
    return show_page(
        _PAGES[runtime.settings.registration_mode],
        browser,
        runtime,
        kept,
        error,
        flow=flow,
        links=links,
        application=asking(waiting),
    )
