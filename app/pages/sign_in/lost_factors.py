"""Saying that every second factor is lost, in a sign-in that waits for one."""

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.language import N_, Message, gettext
from app.core.late.route import LateRoute
from app.pages.parts import texts
from app.pages.parts.browser import (
    LOST,
    SECOND_STEP,
    AtBrowser,
    check_form,
    show_page,
)
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.done import show_message
from app.pages.parts.flow import (
    FLOW,
    TO,
    Flow,
    Section,
    checked_flow,
    onward,
    section_of,
    with_flow,
)
from app.pages.parts.form_page import Around, Form, FormPage, Link, note
from app.pages.sign_in.signin import show_anew
from app.services.factors.errors import (
    FactorRecoveryUnavailable,
    FactorsFrozen,
    MailboxNotProven,
    PasswordNotProven,
)
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser
from app.services.sign_in.errors import InvalidMfaToken
from app.services.sign_in.lost_factors import LostFactorsService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_TITLE = N_("Can't use any of these?")
_REFUSED = FormPage(LOST, _TITLE)


@router.get(LOST)
async def show_lost_factors(
    flow: Flow, section: Section, browser: AtBrowser, runtime: State
) -> Response:
    """Say what follows."""
    try:
        await LostFactorsService(runtime).check(browser.step)
    except InvalidMfaToken as error:
        return await show_anew(error, browser, runtime, flow, section)
    except AppError as error:
        note(error)
        return _show(browser, runtime, flow, section, error)
    return _show(browser, runtime, flow, section)


@router.post(LOST)
async def submit_lost_factors(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Begin the recovery; the sign-in waits on, for whoever finds a factor."""
    flow, section = checked_flow(values.get(FLOW, "")), section_of(values.get(TO, ""))
    try:
        check_form(browser, values, runtime)
        due_at = await LostFactorsService(runtime).ask(browser.step)
    except InvalidMfaToken as error:
        return await show_anew(error, browser, runtime, flow, section)
    except AppError as error:
        note(error)
        return _show(browser, runtime, flow, section, error)
    links = [_back(flow, section)]
    return show_message(texts.recovery_pending(due_at), links, flow)


def _show(
    browser: Browser,
    runtime: Runtime,
    flow: str,
    section: str,
    error: AppError | None = None,
) -> Response:
    links = [_back(flow, section)]
    page = _page(runtime)
    if isinstance(error, FactorRecoveryUnavailable | FactorsFrozen):
        page = _REFUSED
        if isinstance(error, PasswordNotProven):
            links.insert(0, Link(texts.START_OVER, onward("/signin", flow, section)))
        if isinstance(error, MailboxNotProven):
            again = with_flow("/resend-verification", flow)
            links.insert(0, Link(texts.ANOTHER_MAIL, again))
    around = Around(flow=flow, section=section, links=links)
    return show_page(page, browser, runtime, {}, error, around)


def _page(runtime: Runtime) -> FormPage:
    delay = texts.lasting(runtime.settings.mfa.recovery_delay)
    intro = gettext(
        "In %(delay)s we email you a link. Opening it and entering your password "
        "removes your passkeys, authenticator app and recovery codes. We tell you "
        "by email now, too: until then whoever reads your mail can stop it, and so "
        "does signing in with one of them."
    )
    return FormPage(
        LOST,
        _TITLE,
        Message(intro % {"delay": delay}),
        (Form(N_("Send the email"), by_link=False),),
    )


def _back(flow: str, section: str) -> Link:
    return Link(texts.NOT_LOST, onward(SECOND_STEP, flow, section))
