"""What somebody goes elsewhere for, and how they are led there."""

from typing import TYPE_CHECKING

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from app.oauth.interaction import wished_acr
from app.pages.parts import texts
from app.pages.parts.asked import hinted_email
from app.pages.parts.flow import go_on, onward
from app.pages.parts.form_page import note
from app.pages.parts.refusal import render_error
from app.pages.parts.render import OPENER
from app.services.oauth.begun_at import BegunAtService
from app.services.oauth.outcome import Waiting
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser
from app.services.upstreams.errors import UpstreamSignInRefused
from app.typed_text import MAX_EMAIL, trimmed

if TYPE_CHECKING:
    from app.services.upstreams.journey import Going
    from app.services.upstreams.sign_in import UpstreamSignInService


async def going_for(
    waiting: Waiting | None,
    flow: str,
    section: str,
    browser: Browser,
    runtime: Runtime,
    login_hint: str = "",
) -> "Going":
    """Return what somebody goes elsewhere for, who signs in or up.

    Who is signed in here already, or waits to prove an account, signs in anew.

    Args:
        waiting: The request of an application, if one waits.
        flow: Its name; empty if none does.
        section: The page of the account that they sign in for.
        browser: Whose.
        runtime: The parts of the process.
        login_hint: What they typed; else it is the hint of the application.
    """
    from app.services.upstreams.journey import Going

    request = waiting.request if waiting else None
    is_demanded = request is not None and (
        "login" in request.prompt or request.max_age == 0
    )
    is_here = bool(section or browser.link) or browser.current is not None
    return Going(
        flow=flow,
        section=section,
        login_hint=trimmed(login_hint)[:MAX_EMAIL] or hinted_email(waiting) or None,
        domain_hint=request.domain_hint if request else None,
        again=is_demanded or is_here,
        is_demanded=is_demanded,
        max_age=request.max_age if request else None,
        acr_values=wished_acr(request) if request else (),
        begun_at=await BegunAtService(runtime).waiting(flow, browser),
    )


async def go_away(
    name: str, going: "Going", request: Request, browser: Browser, runtime: Runtime
) -> Response:
    """Lead away, or to a form of ours; what for is remembered.

    Whoever typed their address gets that form at once: no address stands in a URL.
    """
    if await asks_password(name, runtime):
        if request.method == "POST" and going.user_id is None:
            from app.pages.sign_in.directory import show_directory_form

            return await show_directory_form(name, {}, going, browser, runtime)
        return to_form(name, going)
    try:
        url = await service(runtime).begin(name, browser, going)
    except UpstreamSignInRefused as refusal:
        return refused(refusal, request)
    return RedirectResponse(url, 303, headers=OPENER if going.flow else {})


async def asks_password(name: str, runtime: Runtime) -> bool:
    """Tell whether a connection asks for a password, and leads nobody away."""
    way = await runtime.connections.find(name)
    if way is None:
        return False
    from app.services.upstreams.directory import is_directory

    return is_directory(way)


def to_form(name: str, going: "Going") -> Response:
    """Lead to the form."""
    from app.pages.sign_in.directory import CONNECT

    path = onward(f"/upstreams/{name}", going.flow, going.section)
    if going.user_id is not None:
        path = f"/upstreams/{name}?{CONNECT}=yes"
    return go_on(path)


def service(runtime: Runtime) -> "UpstreamSignInService":
    """Return what leads people away and takes them back."""
    # Here: few services have a connection.
    from app.services.upstreams.sign_in import UpstreamSignInService

    return UpstreamSignInService(runtime, runtime.connections)


def refused(refusal: UpstreamSignInRefused, request: Request) -> Response:
    """Say so, with a reference, and where to go on."""
    note(refusal)
    refusal.steps = [(texts.AGAIN, onward("/signin", refusal.flow, refusal.section))]
    answer = render_error(request, refusal)
    answer.headers.update(OPENER if refusal.flow else {})
    return answer
