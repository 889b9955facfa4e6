"""Connecting the account that somebody just proved with who they are elsewhere."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from app.core.exceptions import AppError
from app.core.language import N_, gettext
from app.core.late.route import LateRoute
from app.pages.parts.browser import (
    AtBrowser,
    check_form,
    keep_link,
    render_form,
)
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import (
    FLOW,
    LINK_PATH,
    TO,
    Flow,
    Section,
    checked_flow,
    go_back,
    page_headers,
    section_of,
)
from app.pages.parts.form_page import note
from app.pages.sign_in.journey import refused
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser
from app.services.upstreams.errors import UpstreamSignInRefused

if TYPE_CHECKING:
    from app.services.upstreams.link import UpstreamLinkService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_TITLE = N_("Connect %(name)s")


@router.get(LINK_PATH)
async def show_link(
    flow: Flow, section: Section, browser: AtBrowser, runtime: State
) -> Response:
    """Ask whether both are to be one, of whoever proved the account."""
    return await _show(browser, runtime, flow, section)


@router.post(LINK_PATH)
async def submit_link(
    values: Posted, request: Request, browser: AtBrowser, runtime: State
) -> Response:
    """Connect them, or not; either way the person goes on."""
    flow, section = checked_flow(values.get(FLOW, "")), section_of(values.get(TO, ""))
    try:
        check_form(browser, values, runtime)
        if browser.current is not None:
            is_wanted = values.get("connect") == "yes"
            await _links(runtime).answer(browser, browser.current, yes=is_wanted)
    except UpstreamSignInRefused as refusal:
        refusal.flow, refusal.section = flow, section
        answer = refused(refusal, request)
        keep_link(answer, runtime)
        return answer
    except AppError as error:
        note(error)
        return await _show(browser, runtime, flow, section, error)
    answer = go_back(flow, section)
    keep_link(answer, runtime)
    return answer


def _links(runtime: Runtime) -> "UpstreamLinkService":
    # Here: few services have a connection.
    from app.services.upstreams.link import UpstreamLinkService

    return UpstreamLinkService(runtime)


async def _show(
    browser: Browser,
    runtime: Runtime,
    flow: str,
    section: str,
    error: AppError | None = None,
) -> Response:
    waiting = await _links(runtime).look(browser)
    account = browser.current
    if account is None or (waiting is None and error is None):
        answer: Response = go_back(flow, section)
        keep_link(answer, runtime)
        return answer
    name = waiting.display_name if waiting else ""
    return render_form(
        "upstream_link.html",
        browser,
        runtime,
        error=error,
        headers=page_headers(flow),
        title=gettext(_TITLE) % {"name": name},
        name=name,
        who=waiting.who if waiting else "",
        account=account,
        waiting=waiting,
        hidden={FLOW: flow, TO: section},
        path=LINK_PATH,
    )
