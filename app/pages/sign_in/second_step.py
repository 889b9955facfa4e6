"""The second step of a sign-in, at a browser."""

import json
from dataclasses import dataclass

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.oauth.interaction import Step
from app.pages.parts import texts
from app.pages.parts.asked import asking, waiting_at
from app.pages.parts.browser import (
    LOST,
    SECOND_STEP,
    AtBrowser,
    ask_second_step,
    check_form,
    end_step,
    go_back_signed_in,
    keep_remembered,
    render_form,
)
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import (
    ACCOUNT,
    FLOW,
    TO,
    Flow,
    Section,
    checked_flow,
    go_back,
    go_on,
    onward,
    page_headers,
    section_of,
    with_flow,
)
from app.pages.parts.form import Values
from app.pages.parts.form_page import Link, note
from app.pages.parts.passkey import answer_of
from app.pages.parts.render import allow_script
from app.pages.parts.script import PASSKEY_SOURCE
from app.pages.sign_in.signin import show_anew
from app.policies.second_factor import PASSKEY, TOTP
from app.services.factors.errors import AddressNotConfirmed
from app.services.factors.totp import TotpSetup
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser, BrowserSessionService
from app.services.sign_in.errors import InvalidMfaToken
from app.services.sign_in.second_step import FactorAnswer, SecondStepService
from app.services.sign_in.step_up import StepUpService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
STEP_UP = "/signin/step-up"
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class _Step:
    """What waits at a browser: by which factors it may go on, and the one shown.

    Attributes:
        is_first: There is none yet; this one is set up with it.
        may_be_remembered: Whether the browser may be excused the next time.
    """

    factors: tuple[str, ...]
    shown: str
    is_first: bool = False
    may_be_remembered: bool = False


@router.get(SECOND_STEP)
async def show_second_step(
    flow: Flow,
    section: Section,
    browser: AtBrowser,
    runtime: State,
    factor: str = "",
) -> Response:
    """Ask for a second factor; without a first one, for that."""
    try:
        step = await _step(browser, runtime, factor)
        return await _show(step, browser, runtime, flow, section, wanted=factor)
    except InvalidMfaToken as error:
        return await show_anew(error, browser, runtime, flow, section)


@router.get(STEP_UP)
async def step_up(flow: Flow, browser: AtBrowser, runtime: State) -> Response:
    """Begin a second step in the session that somebody has, where one is due."""
    waiting = await waiting_at(browser, flow, runtime)
    if waiting is None or waiting.account is None or waiting.step is not Step.STEP_UP:
        return go_back(flow)
    required = await StepUpService(runtime).demand(waiting.account)
    if required is None:
        return go_on("/signin", flow)
    return ask_second_step(flow, required, runtime)


@router.post(SECOND_STEP)
async def submit_second_step(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Finish the sign-in, under a cookie value that did not exist before."""
    flow, section = checked_flow(values.get(FLOW, "")), section_of(values.get(TO, ""))
    try:
        return await _answer(values, browser, runtime, flow, section)
    except InvalidMfaToken as error:  # the last of its tries, too
        return await show_anew(error, browser, runtime, flow, section)


async def _answer(
    values: Values, browser: Browser, runtime: Runtime, flow: str, section: str
) -> Response:
    step = await _step(browser, runtime, values.get("factor", ""))
    try:
        check_form(browser, values, runtime)
        joined = await _finish(step, browser, values, runtime)
    except InvalidMfaToken:
        raise
    except AppError as error:
        note(error)
        return await _show(step, browser, runtime, flow, section, error)
    answer = go_back_signed_in(flow, joined, runtime, section)
    end_step(answer, runtime)
    if joined.remembered != browser.remembered:
        keep_remembered(answer, joined, runtime)
    return answer


async def _finish(
    step: _Step, browser: Browser, values: Values, runtime: Runtime
) -> Browser:
    is_passkey = step.shown == PASSKEY
    value = answer_of(values) if is_passkey else values.get("code", "")
    answer = FactorAnswer(step.shown, value)
    service = BrowserSessionService(runtime)
    remember = values.get("remember") == "on"
    return await service.second_step(browser, answer, remember=remember)


async def _step(browser: Browser, runtime: Runtime, wanted: str) -> _Step:
    """Return what waits here.

    Raises:
        InvalidMfaToken: Nothing does.
    """
    offer = await SecondStepService(runtime).offer(browser.step)
    known = tuple(each for each in offer.factors if each in texts.FACTORS)
    if not known:
        return _Step((TOTP,), TOTP, is_first=True)
    shown = wanted if wanted in known else known[0]
    return _Step(known, shown, may_be_remembered=offer.may_be_remembered)


async def _show(
    step: _Step,
    browser: Browser,
    runtime: Runtime,
    flow: str,
    section: str,
    error: AppError | None = None,
    wanted: str = "",
) -> Response:
    waiting = await waiting_at(browser, flow, runtime)
    flow = flow if waiting else ""
    links = _links(step, runtime, flow, section)
    is_step_up = bool(section and not flow and browser.current)
    is_kept = step.may_be_remembered and not is_step_up
    if is_step_up:
        links.append(Link(texts.BACK_TO_ACCOUNT, ACCOUNT))
    headers = page_headers(flow) | (error.headers if error else {})
    options = ""
    if step.shown == PASSKEY:
        asked = await SecondStepService(runtime).passkey_options(browser.step)
        options, headers = json.dumps(asked), allow_script(headers, PASSKEY_SOURCE)
    setup = None
    if step.is_first:
        setup = await _first(browser, runtime, flow)
    return render_form(
        "second_step.html",
        browser,
        runtime,
        error=error,
        headers=headers,
        options=options,
        site=runtime.settings.public_url,
        said_of=texts.FIRST_FACTOR if setup else texts.FACTORS[step.shown],
        setup=setup,
        factor=step.shown,
        # For a browser without script, which cannot be asked for a passkey.
        elsewhere=(
            links[0].to if options and len(step.factors) > 1 and not wanted else ""
        ),
        flow=flow,
        section=section,
        days=runtime.settings.mfa.remember_ttl // _DAY if is_kept else 0,
        why=texts.PROTECTED if is_step_up else "",
        application=asking(waiting),
        links=links,
    )


def _links(step: _Step, runtime: Runtime, flow: str, section: str) -> list[Link]:
    """Return other ways on, the other factors first."""
    links = [
        Link(texts.OTHER_WAY[each], _address(each, flow, section))
        for each in step.factors
        if each != step.shown
    ]
    if not step.is_first and runtime.settings.mfa.has_recovery:
        links.append(Link(texts.LOST_FACTORS, onward(LOST, flow, section)))
    elif not step.is_first:
        links.append(Link(texts.NO_WAY_BACK))
    links.append(Link(texts.START_OVER, onward("/signin", flow, section)))
    return links


async def _first(browser: Browser, runtime: Runtime, flow: str) -> TotpSetup:
    try:
        return await SecondStepService(runtime).first_totp(browser.step)
    except AddressNotConfirmed as error:
        again = with_flow("/resend-verification", flow)
        error.steps = ((texts.ANOTHER_MAIL, again),)
        raise


def _address(factor: str, flow: str, section: str) -> str:
    address = onward(SECOND_STEP, flow, section)
    return f"{address}{'&' if '?' in address else '?'}factor={factor}"
