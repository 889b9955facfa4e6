"""``/account/email``: moving one's account to another address."""

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser, typed
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.pages.portal.section import Here, enter
from app.schemas.base import Code, Input
from app.schemas.user import EmailChange
from app.services.accounts.email_change import EmailChangeService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_SECTION = "email"
PATH = f"/account/{_SECTION}"


class _TypedCode(Input):
    code: Code


@router.get(PATH)
async def show_email(browser: AtBrowser, runtime: State, done: str = "") -> Response:
    """Ask for the new address, and for the code from its mail."""
    here = await enter(_SECTION, browser, runtime, fresh=True)
    if isinstance(here, Response):
        return here
    return await _show(here, done=done)


@router.post(PATH)
async def submit_email(values: Posted, browser: AtBrowser, runtime: State) -> Response:
    """Send a mail to the new address, or confirm it with the code from there."""
    here = await enter(_SECTION, browser, runtime, fresh=True)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        if "code" in values:
            return await _confirm(here, values)
        form = validated(EmailChange, {"email": values.get("email", "")})
        async with runtime.unit_of_work() as uow:
            await EmailChangeService(uow, runtime).request(
                here.account.user_id, here.account.session_id, form.email
            )
        return here.stay("sent")

    return await submit(here, values, work, _show)


async def _confirm(here: Here, values: Values) -> Response:
    code = validated(_TypedCode, {"code": values["code"]}).code
    async with here.runtime.unit_of_work() as uow:
        changes = EmailChangeService(uow, here.runtime)
        await changes.with_code(here.account.user_id, code)
    return here.stay("changed")


async def _show(
    here: Here,
    error: AppError | None = None,
    values: Values | None = None,
    done: str = "",
) -> Response:
    async with here.runtime.unit_of_work(read_only=True) as uow:
        changes = EmailChangeService(uow, here.runtime)
        waiting = await changes.waiting(here.account.user_id)
    return await here.render(
        "account/email.html",
        error,
        waiting=waiting,
        values=typed(values or {}),
        wrong=by_field(error),
        labels={"email": N_("New email address"), "code": N_("Code")},
        done=done,
    )
