"""Signing in with a passkey, at a browser."""

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.pages.parts.asked import waiting_at
from app.pages.parts.browser import (
    AtBrowser,
    check_form,
    go_back_signed_in,
    is_of_before,
)
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import FLOW, TO, checked_flow, section_of
from app.pages.parts.form_page import note
from app.pages.parts.passkey import answer_of
from app.pages.sign_in.signin import show_form
from app.services.sign_in.browser_session import BrowserSessionService, held_by
from app.services.sign_in.passkey import PasskeySignInService

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.post("/signin/passkey")
async def submit_passkey(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Sign in with what a passkey answered, under a new cookie value."""
    flow, section = checked_flow(values.get(FLOW, "")), section_of(values.get(TO, ""))
    try:
        if not is_of_before(browser, values, runtime):
            check_form(browser, values, runtime)
        sign_ins = PasskeySignInService(runtime)
        begun = await sign_ins.browser_verify(answer_of(values), held_by(browser))
        joined = await BrowserSessionService(runtime).joined(browser, begun)
    except AppError as error:
        note(error)
        waiting = await waiting_at(browser, flow, runtime)
        return await show_form(
            waiting, browser, runtime, {}, flow, error, section=section
        )
    return go_back_signed_in(flow, joined, runtime, section)
