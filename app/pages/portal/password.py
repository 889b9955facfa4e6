"""``/account/password``: another password, for whoever knows the present one."""

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import NEW_PASSWORD, Field, by_field
from app.pages.parts.proof import submit
from app.pages.parts.render import HEADERS, allow_script
from app.pages.parts.script import PASSWORD_SOURCE
from app.pages.portal.section import Here, enter
from app.schemas.auth import ChangePasswordRequest
from app.services.accounts.change import existing
from app.services.accounts.password import PasswordChangeService, PasswordService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_SECTION = "password"
PATH = f"/account/{_SECTION}"
_CURRENT = Field(
    "current_password", N_("Current password"), "password", "current-password"
)
_FIELDS = (_CURRENT, NEW_PASSWORD)


@router.get(PATH)
async def show_password(browser: AtBrowser, runtime: State, done: str = "") -> Response:
    """Ask for both passwords."""
    here = await enter(_SECTION, browser, runtime, fresh=True)
    if isinstance(here, Response):
        return here
    return await _show(here, done=done)


@router.post(PATH)
async def submit_password(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Set the new password; everywhere else its owner is signed out."""
    here = await enter(_SECTION, browser, runtime, fresh=True)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        fields = {
            "current_password": values.get("current_password", ""),
            "new_password": values.get("password", ""),
        }
        form = validated(ChangePasswordRequest, fields)
        async with runtime.unit_of_work() as uow:
            owner = await existing(uow, here.account.user_id)
            uow.db.expunge(owner)
            await uow.db.rollback()  # no connection is held while hashing
            changes = PasswordChangeService(uow, runtime, PasswordService(runtime))
            await changes.change(
                owner,
                here.account.session_id,
                form.current_password,
                form.new_password,
            )
        return here.stay("changed")

    return await submit(here, values, work, _show)


async def _show(
    here: Here,
    error: AppError | None = None,
    _values: Values | None = None,
    done: str = "",
) -> Response:
    async with here.runtime.unit_of_work(read_only=True) as uow:
        owner = await existing(uow, here.account.user_id)
    return await here.render(
        "account/password.html",
        error,
        has_password=owner.password_hash is not None,
        headers=allow_script(HEADERS, PASSWORD_SOURCE),
        fields=_FIELDS,
        wrong=by_field(error),
        labels={each.name: each.label for each in _FIELDS},
        minimum=here.runtime.settings.password.min_length,
        done=done,
    )
