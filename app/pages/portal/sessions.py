"""``/account/sessions``: where somebody is signed in, and what is remembered there."""

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.form import Values, id_of
from app.pages.parts.proof import submit
from app.pages.portal.section import Here, enter
from app.services.sessions.session import SessionNotFound, SessionService
from app.services.sign_in.origin import is_phone, spoken_browser
from app.services.sign_in.remembered_device import DeviceNotFound, DeviceService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_SECTION = "sessions"
PATH = f"/account/{_SECTION}"
_MOST = 100  # live sessions of an account, as the janitor leaves them


@router.get(PATH)
async def show_sessions(browser: AtBrowser, runtime: State, done: str = "") -> Response:
    """List sessions and remembered browsers, the latest first."""
    here = await enter(_SECTION, browser, runtime)
    if isinstance(here, Response):
        return here
    return await _show(here, done=done)


@router.post(PATH)
async def submit_sessions(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """End a session, or all others; forget a browser."""
    here = await enter(_SECTION, browser, runtime)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        user_id, session_id = here.account.user_id, here.account.session_id
        async with runtime.unit_of_work() as uow:
            if values.get("session") == "others":
                sessions = SessionService(uow)
                await sessions.end_all(user_id, "owner", keep=session_id)
            elif "session" in values:
                await SessionService(uow).end(
                    user_id, id_of(values["session"]), "owner"
                )
            else:
                device_id = id_of(values.get("device", ""))
                await DeviceService(uow).forget(user_id, device_id)
        return here.stay("ended")

    return await submit(here, values, work, _show)


async def _show(
    here: Here,
    error: AppError | None = None,
    _values: Values | None = None,
    done: str = "",
) -> Response:
    if isinstance(error, SessionNotFound | DeviceNotFound):
        error = None  # over already, which is what was asked for
    user_id = here.account.user_id
    async with here.runtime.unit_of_work(read_only=True) as uow:
        sessions = await SessionService(uow).list_live(user_id, after=None, limit=_MOST)
        devices = await DeviceService(uow).list_live(user_id, after=None, limit=_MOST)
    return await here.render(
        "account/sessions.html",
        error,
        sessions=sessions,
        devices=devices,
        browser_of=spoken_browser,
        is_phone=is_phone,
        done=done,
    )
