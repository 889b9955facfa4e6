"""``/account/passkeys``: one's own passkeys, made, named and removed."""

import json

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.form import Values, id_of, validated
from app.pages.parts.form_page import by_field
from app.pages.parts.passkey import RENEW, RESPONSE, answer_of, renewed
from app.pages.parts.proof import submit
from app.pages.parts.render import HEADERS, allow_script
from app.pages.parts.script import PASSKEY_SOURCE
from app.pages.portal.last_factor import is_last
from app.pages.portal.section import Here, enter
from app.schemas.factor import PasskeyChange
from app.services.accounts.change import existing
from app.services.factors.authenticator_name import product_of
from app.services.factors.factor import FactorService
from app.services.factors.passkey import PasskeyService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_SECTION = "passkeys"
PATH = f"/account/{_SECTION}"
_ADDED = "added"


@router.get(PATH)
async def show_passkeys(browser: AtBrowser, runtime: State, done: str = "") -> Response:
    """List passkeys, and offer to make another one."""
    here = await enter(_SECTION, browser, runtime, fresh=True)
    if isinstance(here, Response):
        return here
    return await _show(here, done=done)


@router.post(PATH)
async def submit_passkeys(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Store a passkey that the browser made, name one, or remove one."""
    here = await enter(_SECTION, browser, runtime, fresh=True)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        if RENEW in values:
            async with runtime.unit_of_work() as uow:
                service = PasskeyService(uow, runtime)
                owner, session = here.account.user_id, here.account.session_id
                return renewed(await service.options(owner, session))
        if "remove" in values and await is_last(here, values):
            return await here.render(
                "account/remove_last.html", field="remove", value=values["remove"]
            )
        async with runtime.unit_of_work() as uow:
            done = await _change(PasskeyService(uow, runtime), here, values)
        return here.stay_stronger(done) if done == _ADDED else here.stay(done)

    return await submit(here, values, work, _show)


async def _change(passkeys: PasskeyService, here: Here, values: Values) -> str:
    """Do what was posted; return what became of it."""
    owner, session = here.account.user_id, here.account.session_id
    if "remove" in values:
        await passkeys.remove(owner, session, id_of(values["remove"]))
        return "removed"
    if "rename" in values:
        form = validated(PasskeyChange, {"name": values.get("name", "")})
        await passkeys.rename(owner, session, id_of(values["rename"]), form.name)
        return "renamed"
    answer = answer_of({RESPONSE: values.get(RESPONSE, "")})
    await passkeys.add(owner, session, answer, counter=here.account.counter)
    return _ADDED


async def _show(
    here: Here,
    error: AppError | None = None,
    _values: Values | None = None,
    done: str = "",
) -> Response:
    owner = here.account.user_id
    async with here.runtime.unit_of_work(read_only=True) as uow:
        factors = FactorService(uow, here.runtime)
        user, found = await existing(uow, owner), await factors.list_all(owner)
        passkeys = PasskeyService(uow, here.runtime)
        offer = await passkeys.offer(user, found.passkeys, here.account.session_id)
    return await here.render(
        "account/passkeys.html",
        error,
        headers=allow_script(HEADERS, PASSKEY_SOURCE),
        passkeys=found.passkeys,
        product_of=product_of,
        has_factor=bool(found.passkeys or found.totp),
        closed=factors.closed(user),
        signals=json.dumps(offer.signals),
        site=here.runtime.settings.public_url,
        options=json.dumps(offer.options) if offer.options else "",
        wrong=by_field(error),
        labels={},
        done=done,
    )
