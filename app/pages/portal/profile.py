"""``/account``: what an account says of its owner."""

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser, typed
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import ACCOUNT, PROFILE
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import NAME, Field, by_field
from app.pages.parts.render import HEADERS, allow_script
from app.pages.parts.script import PICTURE_SCRIPT, PICTURE_SOURCE
from app.pages.portal.section import Here, enter, submit
from app.schemas.user import ProfileChange
from app.services.accounts.account import AccountService
from app.services.accounts.change import existing
from app.services.accounts.picture import PictureService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_FIELDS = (
    NAME,
    Field("given_name", "Given name (optional)", "text", "given-name", required=False),
    Field(
        "family_name", "Family name (optional)", "text", "family-name", required=False
    ),
    Field(
        "locale",
        "Language (optional)",
        "text",
        "language",
        required=False,
        hint="As a language tag, such as en or pt-BR.",
    ),
    Field(
        "zoneinfo",
        "Time zone (optional)",
        "text",
        "off",
        required=False,
        hint="As in Europe/Lisbon.",
    ),
)
_NAMES = tuple(each.name for each in _FIELDS)


@router.get(ACCOUNT)
async def show_profile(browser: AtBrowser, runtime: State, done: str = "") -> Response:
    """Show the profile, ready to be changed."""
    here = await enter(PROFILE, browser, runtime)
    if isinstance(here, Response):
        return here
    return await show_page(here, done=done)


@router.post(ACCOUNT)
async def submit_profile(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Change the profile; a field that is emptied is gone."""
    here = await enter(PROFILE, browser, runtime)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        fields = {name: values.get(name, "") for name in _NAMES}
        form = validated(ProfileChange, fields)
        change = {name: getattr(form, name) for name in _NAMES}
        async with runtime.unit_of_work() as uow:
            accounts = AccountService(uow, runtime)
            await accounts.update(here.account.user_id, change, None)
        return here.stay("saved")

    return await submit(here, values, work, show_page)


async def show_page(
    here: Here,
    error: AppError | None = None,
    values: Values | None = None,
    done: str = "",
) -> Response:
    """Return the page, after a form with what was wrong with it."""
    async with here.runtime.unit_of_work(read_only=True) as uow:
        user = await existing(uow, here.account.user_id)
        stored = {name: getattr(user, name) or "" for name in _NAMES}
        picture = await PictureService(uow, here.runtime).path_of(user.id)
    return here.render(
        "account/profile.html",
        error,
        headers=allow_script(HEADERS, PICTURE_SOURCE),
        picture_script=PICTURE_SCRIPT,
        fields=_FIELDS,
        picture=picture,
        is_linked=bool(user.picture) and not picture,
        values=stored if values is None else typed(values),
        wrong=by_field(error),
        labels={each.name: each.label for each in _FIELDS},
        done=done,
    )
