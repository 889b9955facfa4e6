"""``/account/profile``: what an account says of its owner."""

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.language import N_, gettext, languages
from app.core.late.route import LateRoute
from app.pages.attribute_fields import DO, attribute_form, told_attributes
from app.pages.parts.browser import AtBrowser, typed
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import ACCOUNT, PROFILE
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import NAME, Field, by_field
from app.pages.parts.proof import submit
from app.pages.parts.render import HEADERS, allow_script
from app.pages.parts.script import PICTURE_SCRIPT, PICTURE_SOURCE
from app.pages.portal.section import Here, enter
from app.schemas.user import ProfileChange
from app.services.accounts.account import AccountService
from app.services.accounts.change import existing
from app.services.attributes.values import FIELD, AttributeValues

router = APIRouter(include_in_schema=False, route_class=LateRoute)
PATH = f"{ACCOUNT}/{PROFILE}"
_FIELDS = (
    NAME,
    Field(
        "given_name", N_("Given name (optional)"), "text", "given-name", required=False
    ),
    Field(
        "family_name",
        N_("Family name (optional)"),
        "text",
        "family-name",
        required=False,
    ),
)
_ZONE = Field(
    "zoneinfo",
    N_("Time zone (optional)"),
    "text",
    "off",
    required=False,
    hint=N_("As in Europe/Lisbon."),
)
_LOCALE = "locale"
_NAMES = (*(each.name for each in _FIELDS), _LOCALE, _ZONE.name)


@router.get(PATH)
async def show_profile(browser: AtBrowser, runtime: State, done: str = "") -> Response:
    """Show the profile, ready to be changed."""
    here = await enter(PROFILE, browser, runtime)
    if isinstance(here, Response):
        return here
    return await show_page(here, done=done)


@router.post(PATH)
async def submit_profile(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Change the profile, or attributes; a field that is emptied is gone."""
    here = await enter(PROFILE, browser, runtime)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        if values.get("do") == DO:
            await _change_attributes(here, values)
            return here.stay("saved")
        fields = {name: values.get(name, "") for name in _NAMES}
        form = validated(ProfileChange, fields)
        change = {name: getattr(form, name) for name in _NAMES}
        async with runtime.unit_of_work() as uow:
            accounts = AccountService(uow, runtime)
            await accounts.update(here.account.user_id, change, None)
        return here.stay("saved")

    return await submit(here, values, work, show_page)


async def _change_attributes(here: Here, values: Values) -> None:
    user_id = here.account.user_id
    versions = [values["version"]] if values.get("version") else None
    told = await told_attributes(here.runtime, user_id, values, by_owner=True)
    async with here.runtime.unit_of_work() as uow:
        await AccountService(uow, here.runtime).update(user_id, {FIELD: told}, versions)


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
        held = await AttributeValues(uow).seen_by_owner(here.account.user_id)
    sent = "" if values is None else values.get("do", PROFILE)
    shown = typed(values) if values is not None and sent == PROFILE else stored
    more = attribute_form(held, values if sent == DO else None, by_owner=True)
    return await here.render(
        "account/profile.html",
        error,
        headers=allow_script(HEADERS, PICTURE_SOURCE),
        picture_script=PICTURE_SCRIPT,
        fields=_FIELDS,
        is_linked=bool(user.picture),
        values=shown,
        wrong=by_field(error),
        labels={
            "picture": gettext("Picture"),
            _LOCALE: gettext("Language"),
            **{each.name: gettext(each.label) for each in (*_FIELDS, _ZONE)},
            **more.labels,
        },
        zone=_ZONE,
        more=more,
        version=user.version,
        languages=_languages(shown.get(_LOCALE, "")),
        done=done,
    )


def _languages(chosen: str) -> list[tuple[str, str]]:
    """Return what to choose from; a tag that somebody gave us is among them."""
    known = {tag: each.name for tag, each in languages().items()}
    more = {} if chosen in known or not chosen else {chosen: chosen}
    return [("", gettext("As the browser says")), *known.items(), *more.items()]
