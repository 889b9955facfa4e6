"""What comes after a form: it worked, and one way on."""

from fastapi import APIRouter, Request, Response

from app.core.exceptions import NotFound
from app.core.late.route import LateRoute
from app.oauth.interaction import Step
from app.pages.parts import texts
from app.pages.parts.asked import application_of, waiting_at
from app.pages.parts.browser import AtBrowser
from app.pages.parts.dependencies import State
from app.pages.parts.flow import Flow, page_headers, with_flow
from app.pages.parts.form_page import Link
from app.pages.parts.render import render
from app.pages.parts.way_back import (
    AFTER,
    WayBack,
    links_back,
    way_back_after,
    way_back_of_flow,
)
from app.services.oauth.outcome import Waiting
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser

router = APIRouter(include_in_schema=False, route_class=LateRoute)
# Where the code from the mail is typed by whoever cannot open its link.
_CODES = {
    "registered": "/verify-email",
    "verification-sent": "/verify-email",
    "mail-sent": "/reset-password",
}
_MAILED = frozenset({*_CODES, "not-me"})


@router.get("/done/{what}")
async def show_done(
    what: str, flow: Flow, request: Request, browser: AtBrowser, runtime: State
) -> Response:
    """Say that it worked."""
    if what not in texts.DONE:
        raise NotFound(hint="no such result")
    waiting = await waiting_at(browser, flow, runtime)
    if waiting is not None:
        links = _onward(waiting, flow)
    else:
        way = await _way_back(flow, request, browser, runtime)
        links = links_back(way, browser)
    if what in _CODES:
        links.insert(0, Link(texts.TYPE_CODE, with_flow(_CODES[what], flow)))
    if what == "recovery-stopped":
        links.insert(0, Link(texts.CHANGE_PASSWORD, "/forgot-password"))
    picture = "mail" if what in _MAILED else "done"
    return show_message(texts.DONE[what], links, flow, picture)


def show_message(
    said: texts.Said, links: list[Link], flow: str = "", picture: str = "done"
) -> Response:
    """Return a page that says something and leads on, below one of our drawings."""
    return render(
        "message.html",
        headers=page_headers(flow),
        message=said,
        links=links,
        picture=picture,
    )


def _onward(waiting: Waiting, flow: str) -> list[Link]:
    """Return the way to an application whose request waits in this browser."""
    if waiting.step in (Step.LOGIN, Step.CREATE_ACCOUNT):
        text = texts.sign_in_to(application_of(waiting).full_name)
        return [Link(text, with_flow("/signin", flow))]
    text = texts.continue_to(application_of(waiting).full_name)
    return [Link(text, with_flow("/oauth2/resume", flow))]


async def _way_back(
    flow: str, request: Request, browser: Browser, runtime: Runtime
) -> WayBack | None:
    if flow:
        return await way_back_of_flow(flow, runtime)
    after = request.query_params.get(AFTER, "")
    return await way_back_after(after, browser, runtime)
