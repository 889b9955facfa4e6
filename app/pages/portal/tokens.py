"""``/account/tokens``: personal access tokens, made for scripts, listed, revoked.

The page to ``/api/v1/users/me/tokens``, of the same service. Looking and revoking take
a session, making one a sign-in of just now; a token is shown in the answer to the form
that made it, and nowhere else.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.language import N_, gettext
from app.core.language.words import spoken_day
from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser, actor_of
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import NEW_TOKEN, TOKENS, address_of
from app.pages.parts.form import Values, id_of, judged
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.pages.parts.render import HEADERS, allow_script
from app.pages.parts.script import COPY_SCRIPT, COPY_SOURCE
from app.pages.parts.texts import lasting
from app.pages.portal.section import Here, enter
from app.policies.permission import MEANINGS
from app.policies.personal_token import (
    ACCOUNT_READ,
    ACCOUNT_WRITE,
    HOSTS_ENTER,
    offered,
)
from app.schemas.personal_token import PersonalTokenCreate
from app.services.factors.personal_token import (
    PersonalTokenNotFound,
    PersonalTokenService,
    PersonalTokensOff,
)
from app.services.server.runtime import Runtime
from app.services.sessions.authentication import AuthenticationService
from app.services.sign_in.browser_session import Browser
from app.utils.personal_token import PREFIX

router = APIRouter(include_in_schema=False, route_class=LateRoute)
PATH, NEW_PATH = address_of(TOKENS), address_of(NEW_TOKEN)
_PAGE = 20  # tokens
_DAY = 86_400  # seconds
_LIVES = tuple(days * _DAY for days in (1, 7, 30, 90, 180, 365))
_USUAL = 30 * _DAY
_CHOSEN = "may."  # begins the names of the boxes: a field stands in a form once
_OWN = {
    ACCOUNT_READ: N_("Read everything about your account"),
    ACCOUNT_WRITE: N_(
        "Change your profile and picture, sign devices out, and revoke access of "
        "applications"
    ),
    HOSTS_ENTER: N_("Open programs behind our sign-in; only by itself"),
}


@router.get(PATH)
async def show_tokens(
    browser: AtBrowser, runtime: State, after: UUID | None = None, done: str = ""
) -> Response:
    """List tokens, the latest first; expired ones too, while they are kept."""
    here = await enter(TOKENS, browser, runtime)
    if isinstance(here, Response):
        return here
    return await _show(here, after=after, done=done)


@router.post(PATH)
async def revoke_token(values: Posted, browser: AtBrowser, runtime: State) -> Response:
    """Let a token open nothing any more, from the next request on."""
    here = await enter(TOKENS, browser, runtime)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        async with runtime.unit_of_work() as uow:
            tokens = PersonalTokenService(uow, runtime)
            await tokens.revoke(here.account.user_id, id_of(values.get("revoke", "")))
        return here.stay("revoked")

    return await submit(here, values, work, _show)


@router.get(NEW_PATH)
async def show_new_token(browser: AtBrowser, runtime: State) -> Response:
    """Show the form for a token."""
    here = await _enter_new(browser, runtime)
    if isinstance(here, Response):
        return here
    return await _ask(here, None, {})


@router.post(NEW_PATH)
async def make_token(values: Posted, browser: AtBrowser, runtime: State) -> Response:
    """Make a token, and show it this once."""
    here = await _enter_new(browser, runtime)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        form = judged(PersonalTokenCreate, _wanted(here, values))
        async with runtime.unit_of_work() as uow:
            made = await PersonalTokenService(uow, runtime).make(
                actor_of(here.account), form.name, form.scopes, form.expires_at
            )
        return await here.render(
            "account/token_made.html",
            headers=allow_script(HEADERS, COPY_SOURCE),
            copy_script=COPY_SCRIPT,
            made=made,
        )

    return await submit(here, values, work, _ask)


async def _enter_new(browser: Browser, runtime: Runtime) -> Here | Response:
    """Return who may make a token, or the answer that leads them to signing in.

    Raises:
        PersonalTokensOff: Nobody may.
    """
    if not runtime.settings.personal_tokens.enabled:
        raise PersonalTokensOff
    return await enter(NEW_TOKEN, browser, runtime, fresh=True)


def _wanted(here: Here, values: Values) -> Mapping[str, Any]:
    """Return what a form asks for, as the body of the API's request."""
    lasts, now = values.get("expires_at", ""), here.runtime.clock.now()
    given: dict[str, Any] = {"name": values.get("name"), "scopes": _chosen(values)}
    if lasts in [str(each) for each in _lives(here.runtime)]:
        given["expires_at"] = now + timedelta(seconds=int(lasts))
    return {name: value for name, value in given.items() if value}


def _chosen(values: Values) -> list[str]:
    return [name.removeprefix(_CHOSEN) for name in values if name.startswith(_CHOSEN)]


def _lives(runtime: Runtime) -> list[int]:
    """Return how long a token may last, in seconds; the longest is the operator's."""
    most = runtime.settings.personal_tokens.max_ttl
    return [*(each for each in _LIVES if each < most), most]


async def _ask(here: Here, error: AppError | None, values: Values) -> Response:
    rights = await AuthenticationService(here.runtime).rights_of(actor_of(here.account))
    now, lives = here.runtime.clock.now(), _lives(here.runtime)
    hosts = bool(here.runtime.settings.personal_tokens.hosts)
    return await here.render(
        "account/token_new.html",
        error,
        values=values,
        chosen=_chosen(values),
        boxes=[
            (_CHOSEN + name, name, gettext(_OWN.get(name) or MEANINGS[name]))
            for name in offered(rights.actor.permissions, enters_hosts=hosts)
        ],
        lives=[
            (str(each), _lasting(each, now + timedelta(seconds=each))) for each in lives
        ],
        usual=str(min(lives, key=lambda each: abs(each - _USUAL))),
        wrong=by_field(error),
        labels={
            "name": gettext("Name"),
            "scopes": gettext("What it may do"),
            "expires_at": gettext("How long it lasts"),
        },
    )


def _lasting(seconds: int, until: datetime) -> str:
    names = {"time": lasting(seconds), "day": spoken_day(until)}
    return gettext("%(time)s, until %(day)s") % names


async def _show(
    here: Here,
    error: AppError | None = None,
    _values: Values | None = None,
    *,
    after: UUID | None = None,
    done: str = "",
) -> Response:
    if isinstance(error, PersonalTokenNotFound):
        error = None  # over already, which is what was asked for
    async with here.runtime.unit_of_work(read_only=True) as uow:
        rows = await PersonalTokenService(uow, here.runtime).list_page(
            here.account.user_id, after=[after] if after else None, limit=_PAGE + 1
        )
    shown = rows[:_PAGE]
    return await here.render(
        "account/tokens.html",
        error,
        tokens=shown,
        more=f"{PATH}?after={shown[-1].id}" if len(rows) > _PAGE else "",
        now=here.runtime.clock.now(),
        are_taken=here.runtime.settings.personal_tokens.enabled,
        prefix=PREFIX,
        done=done,
    )
