"""``/device``: the code of a device, typed or come with a link (RFC 8628 §3.3).

Who comes signs in first: tries at codes count for somebody. A link fills the code in
and does no more; its person still says that it is the one on the device (§5.4, §5.5).
"""

from fastapi import APIRouter, Request, Response

from app.core.exceptions import AppError
from app.core.language import gettext
from app.core.late.route import LateRoute
from app.oauth.device.user_code import read_user_code, shown_user_code
from app.pages.oauth.authorize import lead
from app.pages.parts import texts
from app.pages.parts.browser import AtBrowser, refusal_of, show_page
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import USER_CODE, device_section, go_on, with_section
from app.pages.parts.form import Values
from app.pages.parts.form_page import Around, Field, Form, FormPage, note
from app.services.oauth.authorization import AuthorizationService
from app.services.oauth.device.device_answer import accounts_at
from app.services.oauth.device.device_code import (
    PAGE,
    DeviceAuthorizationService,
    demand_device_authorization,
)
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_CODE = Field(USER_CODE, texts.DEVICE_CODE, "text", "off", hint=texts.DEVICE_CODE_HINT)
_FORM = Form(texts.CONTINUE, (_CODE,), by_link=False)
_PAGE = FormPage(PAGE, texts.CONNECT_DEVICE, texts.TYPE_DEVICE_CODE, (_FORM,))
_LINKED = FormPage(PAGE, texts.CONNECT_DEVICE, forms=(_FORM,))


@router.get(PAGE)
async def show_device(request: Request, browser: AtBrowser, runtime: State) -> Response:
    """Ask for the code; nothing is looked up before the form is sent."""
    demand_device_authorization(runtime)
    named = request.query_params.getlist(USER_CODE)
    code = read_user_code(named[0]) if len(named) == 1 else None
    if browser.current is None:
        return _sign_in_first(code)
    if code is None:
        return _show(_PAGE, browser, runtime, {})
    notice = gettext(texts.SAME_DEVICE_CODE)
    linked = {USER_CODE: shown_user_code(code)}
    return _show(_LINKED, browser, runtime, linked, notice=notice)


@router.post(PAGE)
async def submit_device(values: Posted, browser: AtBrowser, runtime: State) -> Response:
    """Begin to answer the device that shows the code."""
    demand_device_authorization(runtime)
    typed = values.get(USER_CODE, "")
    if browser.current is None:
        return _sign_in_first(read_user_code(typed))
    if refusal := refusal_of(browser, values, runtime):
        return _show(_PAGE, browser, runtime, values, refusal)
    try:
        here, user_id = accounts_at(browser), browser.current.user_id
        asked = await DeviceAuthorizationService(runtime).find(typed, user_id, here)
        outcome = await AuthorizationService(runtime).begin_at_device(asked, browser)
    except AppError as error:
        note(error)
        return _show(_PAGE, browser, runtime, values, error)
    return lead(outcome)


def _sign_in_first(code: str | None) -> Response:
    return go_on(with_section("/signin", device_section(code)))


def _show(
    page: FormPage,
    browser: Browser,
    runtime: Runtime,
    values: Values,
    error: AppError | None = None,
    notice: str = "",
) -> Response:
    kept = {USER_CODE: values.get(USER_CODE, "")[:64]}
    return show_page(page, browser, runtime, kept, error, Around(notice=notice))
