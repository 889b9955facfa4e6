"""Name and password of a directory, at a page of ours (ADR-0102)."""

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.core.exceptions import AppError, MethodNotAllowed
from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser, actor_of
from app.pages.parts.dependencies import State
from app.pages.parts.flow import Flow, Section, address_of, go_on
from app.pages.parts.form import Values
from app.pages.parts.form_page import note
from app.pages.sign_in.directory import (
    CHANGE,
    CONNECT,
    CONNECTIONS,
    LOGIN,
    NEW,
    show_directory_form,
)
from app.pages.sign_in.journey import asks_password, to_form
from app.services.server.runtime import Runtime
from app.services.sessions.authentication import AuthenticationService
from app.services.sessions.errors import ReauthenticationRequired
from app.services.sign_in.browser_session import Browser
from app.services.upstreams.errors import UpstreamSignInRefused

if TYPE_CHECKING:
    from app.services.upstreams.journey import Going
    from app.services.upstreams.password import UpstreamPasswordService
    from app.services.upstreams.sign_in import Arrival

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.get("/upstreams/{name}")
async def show_directory(
    name: str,
    request: Request,
    flow: Flow,
    section: Section,
    browser: AtBrowser,
    runtime: State,
) -> Response:
    """Ask for name and password."""
    from app.services.upstreams.journey import Going

    if not await asks_password(name, runtime):
        raise MethodNotAllowed(hint="it leads away, by a form")
    going = Going(flow=flow, section=section)
    if request.query_params.get(CONNECT) == "yes":
        owner = await _owner(browser, runtime)
        if owner is None:
            return go_on(address_of(CONNECTIONS))
        going = Going(section=CONNECTIONS, user_id=owner)
    is_change = request.query_params.get(CHANGE) == "yes"
    values = {NEW.name: ""} if is_change else {}
    return await show_directory_form(name, values, going, browser, runtime)


async def take(
    name: str, values: Values, going: "Going", browser: Browser, runtime: Runtime
) -> "Arrival | Response":
    """Take what was typed; return what becomes of it, or the form again.

    Raises:
        UpstreamSignInRefused: Nobody is signed in by this.
    """
    from app.services.upstreams.password import Typed

    if LOGIN.name not in values:
        return to_form(name, going)
    if values.get(CONNECT) == "yes":
        owner = await _owner(browser, runtime)
        if owner is None:
            return go_on(address_of(CONNECTIONS))
        going = replace(going, flow="", section=CONNECTIONS, user_id=owner)
    login, password = values.get(LOGIN.name, ""), values.get("password", "")
    typed = Typed(login.strip(), password, values.get(NEW.name))
    try:
        return await _service(runtime).sign_in(name, typed, browser, going)
    except UpstreamSignInRefused:
        raise
    except AppError as error:
        note(error)
        return await show_directory_form(name, values, going, browser, runtime, error)


async def _owner(browser: Browser, runtime: Runtime) -> UUID | None:
    """Return who may connect their account: whoever just proved that it is theirs."""
    account = browser.current
    if account is None:
        return None
    try:
        await AuthenticationService(runtime).demand_presence(actor_of(account))
    except ReauthenticationRequired as error:
        note(error)
        return None
    return account.user_id


def _service(runtime: Runtime) -> "UpstreamPasswordService":
    # Here: few services have a directory.
    from app.services.upstreams.password import UpstreamPasswordService

    return UpstreamPasswordService(runtime, runtime.connections)
