"""``/account/factors``: how somebody signs in, besides with a password."""

import re

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from app.core.exceptions import AppError
from app.core.language import N_, gettext
from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.form import UnknownAction, Values, validated
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.pages.parts.render import HEADERS, allow_script
from app.pages.parts.script import PRINT_SCRIPT, PRINT_SOURCE
from app.pages.portal.last_factor import is_last
from app.pages.portal.section import Here, enter
from app.schemas.factor import TotpConfirm
from app.services.accounts.change import existing
from app.services.factors.factor import FactorService
from app.services.factors.recovery_code import RecoveryCodeService
from app.services.factors.totp import TotpService, TotpSetup

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_SECTION = "factors"
PATH = f"/account/{_SECTION}"
_FILE = {"Content-Disposition": 'attachment; filename="recovery-codes.txt"'}
_CODE = re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){5}")


@router.get(PATH)
async def show_factors(browser: AtBrowser, runtime: State, done: str = "") -> Response:
    """List what the account can prove, with what can be done about each."""
    here = await enter(_SECTION, browser, runtime, fresh=True)
    if isinstance(here, Response):
        return here
    return await _show(here, done=done)


@router.post(PATH)
async def submit_factors(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Set up an app, confirm or remove it; make recovery codes."""
    here = await enter(_SECTION, browser, runtime, fresh=True)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        match values.get("action", ""):
            case "begin":
                return await _begin(here)
            case "confirm":
                return await _confirm(here, values)
            case "remove":
                return await _remove(here, values)
            case "codes":
                return await _make_codes(here)
            case "download":
                return _codes_file(here, values.get("codes", ""))
        raise UnknownAction

    is_confirming = values.get("action") == "confirm"
    return await submit(here, values, work, _ask_again if is_confirming else _show)


async def _begin(here: Here) -> Response:
    account = here.account
    async with here.runtime.unit_of_work() as uow:
        service = TotpService(uow, here.runtime)
        setup = await service.begin(account.user_id, account.session_id)
    return await _ask(here, setup)


async def _confirm(here: Here, values: Values) -> Response:
    form = validated(TotpConfirm, {"code": values.get("code", "")})
    account = here.account
    async with here.runtime.unit_of_work() as uow:
        service = TotpService(uow, here.runtime)
        await service.confirm(
            account.user_id, account.session_id, form.code, account.counter
        )
    return here.stay_stronger("added")


async def _remove(here: Here, values: Values) -> Response:
    account = here.account
    if await is_last(here, values):
        return await here.render(
            "account/remove_last.html", field="action", value="remove"
        )
    async with here.runtime.unit_of_work() as uow:
        service = TotpService(uow, here.runtime)
        await service.remove(account.user_id, account.session_id)
    return here.stay("removed")


async def _make_codes(here: Here) -> Response:
    """Show the codes, this once: the answer to the form is the only place."""
    account = here.account
    async with here.runtime.unit_of_work() as uow:
        service = RecoveryCodeService(uow, here.runtime)
        codes = await service.make(account.user_id, account.session_id)
    return await here.render(
        "account/recovery_codes.html",
        headers=allow_script(HEADERS, PRINT_SOURCE),
        print_script=PRINT_SCRIPT,
        codes=codes,
    )


def _codes_file(here: Here, text: str) -> Response:
    """Return what the page shows as a file: we do not have it any more.

    Only what looks like codes: a form must not make a file of anybody's words.
    """
    codes = text.split()
    if not codes or not all(_CODE.fullmatch(each) for each in codes):
        raise UnknownAction(hint="not codes")
    head = gettext("Recovery codes of %(email)s at %(name)s") % {
        "email": here.account.email,
        "name": here.runtime.settings.theme.name,
    }
    content = "\n".join([head, "", *codes, ""])
    return PlainTextResponse(content, headers=HEADERS | _FILE)


async def _ask(
    here: Here, setup: TotpSetup | None, error: AppError | None = None
) -> Response:
    return await here.render(
        "account/totp.html",
        error,
        setup=setup,
        wrong=by_field(error),
        labels={"code": N_("Code")},
    )


async def _ask_again(
    here: Here, error: AppError | None = None, _values: Values | None = None
) -> Response:
    """Ask for another code of the set-up that waits, and show that once more."""
    account = here.account
    async with here.runtime.unit_of_work(read_only=True) as uow:
        service = TotpService(uow, here.runtime)
        setup = await service.waiting(account.user_id, account.session_id)
    return await _ask(here, setup, error)


async def _show(
    here: Here,
    error: AppError | None = None,
    _values: Values | None = None,
    done: str = "",
) -> Response:
    async with here.runtime.unit_of_work(read_only=True) as uow:
        service = FactorService(uow, here.runtime)
        factors = await service.list_all(here.account.user_id)
        closed = service.closed(await existing(uow, here.account.user_id))
    return await here.render(
        "account/factors.html", error, factors=factors, closed=closed, done=done
    )
