"""Signing in with a password, at a browser."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.core.exceptions import AppError
from app.core.language import Message
from app.core.late.route import LateRoute
from app.oauth.interaction import Step
from app.pages.parts import texts
from app.pages.parts.asked import asking, expected_email, waiting_at
from app.pages.parts.browser import (
    AtBrowser,
    ask_second_step,
    begin_anew,
    check_form,
    end_step,
    go_back_signed_in,
    is_of_before,
    show_page,
    typed,
)
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.developers import developer_links
from app.pages.parts.flow import (
    FLOW,
    TO,
    WAY,
    Flow,
    Section,
    checked_flow,
    go_back,
    section_of,
    with_flow,
)
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import (
    CURRENT_PASSWORD,
    EMAIL,
    Around,
    Form,
    FormPage,
    Link,
    note,
)
from app.pages.parts.way_back import way_back_of_flow
from app.pages.sign_in.journey import go_away, going_for
from app.pages.sign_in.ways import buttons, hinted, leading, waiting_notice
from app.schemas.auth import LoginRequest
from app.services.oauth.outcome import Waiting
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser, BrowserSessionService
from app.services.sign_in.errors import EmailNotVerified, InvalidMfaToken, MfaRequired

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_FORM = Form(texts.SIGN_IN, (EMAIL, CURRENT_PASSWORD), by_link=False)
_PAGE = FormPage("/signin", texts.SIGN_IN, forms=(_FORM,))
# The domain of the address decides what comes next (ADR-0103).
_FIRST = replace(_PAGE, forms=(Form(texts.CONTINUE, (EMAIL,), by_link=False),))
_PASSWORD = "password"  # who signs in here, and by no connection
_OVER = FormPage("/signin", Message(texts.OVER.title), closed=Message(texts.OVER.text))


@router.get("/signin")
async def show_signin(
    flow: Flow, section: Section, browser: AtBrowser, runtime: State, way: str = ""
) -> Response:
    """Ask for address and password; but first say so where nothing waits any more."""
    waiting = await waiting_at(browser, flow, runtime)
    if flow and waiting is None:
        return await _say_over(flow, browser, runtime)
    way = _PASSWORD if way == _PASSWORD else ""
    return await show_form(
        waiting, browser, runtime, {}, flow, section=section, way=way
    )


@router.post("/signin")
async def submit_signin(
    values: Posted, request: Request, browser: AtBrowser, runtime: State
) -> Response:
    """Sign in, under a cookie value that did not exist before."""
    flow = checked_flow(values.get(FLOW, ""))
    fields, section = typed(values), section_of(values.get(TO, ""))
    way = _PASSWORD if values.get(WAY) == _PASSWORD else ""
    waiting = await waiting_at(browser, flow, runtime)
    try:
        if not is_of_before(browser, values, runtime):
            check_form(browser, values, runtime)
        elif _is_signed_in_already(fields, waiting, browser):
            return go_back(flow, section)
        led = await leading(runtime, browser, fields.get("email", ""))
        is_led = led is not None and not led.allows_passwords
        if led is not None and is_led and not way:
            going = await going_for(
                waiting, flow, section, browser, runtime, fields["email"]
            )
            return await go_away(led.name, going, request, browser, runtime)
        if "password" not in fields and await runtime.connections.has_leaders():
            return await show_form(
                waiting, browser, runtime, fields, flow, section=section, way=way
            )
        form = validated(LoginRequest, fields)
        service = BrowserSessionService(runtime)
        joined = await service.sign_in(
            browser, form.email, form.password, only_administrators=is_led
        )
    except MfaRequired as required:
        return ask_second_step(flow, required, runtime, section)
    except AppError as error:
        note(error)
        return await show_form(
            waiting, browser, runtime, fields, flow, error, section=section, way=way
        )
    return go_back_signed_in(flow, joined, runtime, section)


def _is_signed_in_already(
    fields: Values, waiting: Waiting | None, browser: Browser
) -> bool:
    """Tell whether this person signed in in another tab, and that is good enough."""
    is_due = waiting is not None and waiting.step is Step.LOGIN
    email = fields.get("email", "").strip().casefold()
    account = browser.current
    return account is not None and account.email.casefold() == email and not is_due


async def show_form(
    waiting: Waiting | None,
    browser: Browser,
    runtime: Runtime,
    values: Values,
    flow: str,
    error: AppError | None = None,
    notice: str = "",
    first: Link | None = None,
    section: str = "",
    way: str = "",
) -> HTMLResponse:
    """Return the page for what waits, perhaps with what was wrong."""
    flow = flow if waiting else ""
    expected = expected_email(waiting)
    if section and browser.current is not None:
        expected, notice = browser.current.email, texts.SIGN_IN_AGAIN
    notice, address = (notice, "") if notice else await waiting_notice(browser, runtime)
    kept = {"email": values.get("email", expected or address)}
    before = _before(flow, error)
    if browser.current is not None and (waiting is None or waiting.step != Step.LOGIN):
        notice = notice or texts.signed_in_as(browser.current.email)
        before.insert(0, _onward(waiting, flow))
    if first is not None:
        before.insert(0, first)
    around = Around(
        flow=flow,
        section=section,
        notice=notice,
        first=before,
        links=_links(runtime, flow),
        developers=developer_links(runtime),
        application=asking(waiting),
        passkey=runtime.settings.public_url,
        forgot=Link(texts.FORGOT, with_flow("/forgot-password", flow)),
        ways=_ways(runtime, flow),
        buttons=await buttons(
            runtime, await _meant(waiting, kept["email"], browser, runtime)
        ),
        way=way,
    )
    page = _PAGE if way else await _page(kept["email"], browser, runtime)
    return show_page(page, browser, runtime, kept, error, around)


async def _page(email: str, browser: Browser, runtime: Runtime) -> FormPage:
    """Return the page that asks for what is missing: where domains lead, one by one."""
    if not await runtime.connections.has_leaders():
        return _PAGE
    led = await leading(runtime, browser, email)
    is_known = bool(email) and (led is None or led.allows_passwords)
    return _PAGE if is_known else _FIRST


async def _meant(
    waiting: Waiting | None, email: str, browser: Browser, runtime: Runtime
) -> str:
    """Return the name of the connection that somebody is to take first, if any."""
    way = await hinted(waiting, runtime) or await leading(runtime, browser, email)
    return way.name if way else ""


async def show_anew(
    error: InvalidMfaToken, browser: Browser, runtime: Runtime, flow: str, section: str
) -> Response:
    """Begin at the first step again, and say why to whoever stood at the second.

    Args:
        error: The second step is over, or never was.
        browser: Whose.
        runtime: The parts of the process.
        flow: What waits for the end of it.
        section: The page of the account that it is for.
    """
    note(error)
    waiting = await waiting_at(browser, flow, runtime)
    if not browser.step or (flow and waiting is None):
        return begin_anew(flow, runtime, section)
    answer = await show_form(
        waiting, browser, runtime, {}, flow, error, section="" if flow else section
    )
    end_step(answer, runtime)
    return answer


async def _say_over(flow: str, browser: Browser, runtime: Runtime) -> Response:
    """Say that what somebody would sign in for is over, and where they go on.

    Whoever is signed in is asked for nothing. Others may sign in all the same, but not
    before they know that it leads to no application.
    """
    way = await way_back_of_flow(flow, runtime)
    back = way.link if way else None
    if browser.current is None:
        return await show_form(
            None, browser, runtime, {}, "", notice=texts.OVER_NOTICE, first=back
        )
    links = [back] if back else []
    links += [Link(texts.HOME, "/"), Link(texts.OTHER_ACCOUNT, "/signin")]
    notice = texts.signed_in_as(browser.current.email)
    around = Around(links=links, notice=notice)
    return show_page(_OVER, browser, runtime, {}, around=around)


def _onward(waiting: Waiting | None, flow: str) -> Link:
    """Return where somebody goes on with the account that is in use."""
    application = asking(waiting)
    if application is None:
        return Link(texts.HOME, "/")
    text = texts.continue_to(application.full_name)
    return Link(text, with_flow("/oauth2/resume", flow))


def _before(flow: str, error: AppError | None) -> list[Link]:
    if isinstance(error, EmailNotVerified):
        return [Link(texts.ANOTHER_MAIL, with_flow("/resend-verification", flow))]
    return []


def _links(runtime: Runtime, flow: str) -> list[Link]:
    if runtime.settings.registration_mode in ("open", "verified"):
        return [Link(texts.SIGN_UP, with_flow("/signup", flow))]
    return []


def _ways(runtime: Runtime, flow: str) -> list[Link]:
    if not runtime.settings.email_code.enabled:
        return []
    return [Link(texts.EMAIL_CODE, with_flow("/signin/code", flow))]
