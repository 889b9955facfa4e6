"""Saying that every second factor is lost, in a sign-in that waits for one."""

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.pages.parts import texts
from app.pages.parts.browser import (
    LOST,
    SECOND_STEP,
    AtBrowser,
    begin_anew,
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
)
from app.pages.parts.form_page import Around, Form, FormPage, Link, note
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser
from app.services.sign_in.errors import InvalidMfaToken
from app.services.sign_in.lost_factors import LostFactorsService
from app.services.sign_in.second_step import SecondStepService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_PAGE = FormPage(
    LOST,
    "Have you lost all of these?",
    "Then we send you an email now, and after a waiting time of hours or days another "
    "one. Its link removes your passkeys, authenticator app and recovery codes, "
    "together with your password. Until then whoever reads your mail can stop it, and "
    "so does signing in with one of them.",
    (Form("Send the email", by_link=False),),
)


@router.get(LOST)
async def show_lost_factors(
    flow: Flow, section: Section, browser: AtBrowser, runtime: State
) -> Response:
    """Say what follows."""
    try:
        await SecondStepService(runtime).waiting(browser.step)
    except InvalidMfaToken:
        return begin_anew(flow, runtime, section)
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
        note(error)
        return begin_anew(flow, runtime, section)
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
    around = Around(flow=flow, section=section, links=[_back(flow, section)])
    return show_page(_PAGE, browser, runtime, {}, error, around)


def _back(flow: str, section: str) -> Link:
    return Link(texts.NOT_LOST, onward(SECOND_STEP, flow, section))
