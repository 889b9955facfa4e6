"""Putting another account of a browser into use, at the front door.

It is no choice for an application: which account each one gets is chosen where it asks,
and remembered with what was granted there (``services/oauth/signed_in.py``).
"""

from fastapi import APIRouter, Response

from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser, choosing, keep_accounts, refusal_of
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import go_on
from app.pages.sign_in.home import render_home

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.post("/switch-account")
async def submit_switch(values: Posted, browser: AtBrowser, runtime: State) -> Response:
    """Use the account that the button names; if it is gone, the rest is shown."""
    if refusal := refusal_of(browser, values, runtime):
        return await render_home(browser, runtime, refusal)
    answer = go_on("/")
    if chosen := choosing(browser, values):
        keep_accounts(answer, chosen, runtime)
    return answer
